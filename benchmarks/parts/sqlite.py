"""SQLite with a broker made of files: one worker against one task, request and save per recipient there."""

from collections.abc import Iterator

from benchmarks.app import make_app
from benchmarks.baselines import naive
from benchmarks.each import task_each
from benchmarks.figures import Figure, faster
from benchmarks.sending import send_with
from benchmarks.workers import running_workers
from benchmarks.world import World


DATABASES = ("sqlite",)
LATENCY, SAMPLE, AT_LEAST = 50, 120, 100


def run(world: World) -> Iterator[Figure]:
    ours_at, theirs_at = str(world.folder / "broker"), str(world.folder / "naive-broker")
    make_app(ours_at)
    with running_workers(ours_at, folder=world.folder, size=1) as workers:
        sent = send_with(workers, world.largest, world.gateway, latency_ms=LATENCY)
    make_app(theirs_at)
    with task_each(world, theirs_at, naive, size=1, prefetch=4) as send:
        naively = send(SAMPLE, latency_ms=LATENCY)
    note = f"one task, request and save each; ours: {sent.recipients:,} in {sent.seconds:.1f} s"
    yield faster("sqlite.send.50ms", sent.rate, naively, "recipients/s", at_least=AT_LEAST, note=note)
