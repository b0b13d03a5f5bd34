"""That memory doesn't grow with the audience: a fresh worker each, and a fresh web process that presses Send."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.app import make_app
from benchmarks.figures import Figure, at_most
from benchmarks.names import ROOT
from benchmarks.sending import Run, drop, send_with
from benchmarks.services import purge
from benchmarks.workers import running_workers
from benchmarks.world import World
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.states import CampaignStatus


DATABASES = ("postgresql",)
NEEDS_BROKER = True
SMALL, WORKER_MB, WEB_MB = 30_000, 8, 10


def run(world: World) -> Iterator[Figure]:
    few, before = _worker(world, world.site(SMALL))
    many, after = _worker(world, world.largest)
    note = f"{before:.0f} MB for {few.recipients:,}, {after:.0f} MB for {many.recipients:,} recipients"
    yield at_most("memory.worker", max(after - before, 0.0), "MB", WORKER_MB, note=note)
    yield Figure("send.one_process.50ms", many.rate, "recipients/s", note="a worker with --pool=solo")
    before, after = _web(world)
    note = f"{before:.0f} MB after a click for {world.site(1000)}, {after:.0f} MB after one for {world.largest}"
    yield at_most("memory.web", max(after - before, 0.0), "MB", WEB_MB, note=note)


def _worker(world: World, site) -> tuple[Run, float]:
    """The peak (VmHWM) of a worker whose task runs in its main process."""
    broker = next(iter(world.brokers.values()))
    make_app(broker)
    purge(broker)
    with running_workers(broker, folder=world.folder, pool="solo", size=1) as workers:
        sent = send_with(workers, site, world.gateway, latency_ms=50)
        return sent, workers[0].peak_memory()


def _web(world: World) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.click", str(world.site(1000).pk), str(world.largest.pk)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"The click failed:\n{done.stderr[-3000:]}")
    for campaign in Campaign.objects.filter(status=CampaignStatus.QUEUED):
        drop(campaign)
    before, after = json.loads(done.stdout.splitlines()[-1])
    return before, after
