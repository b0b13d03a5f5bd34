"""Sending with a task per recipient: rows made before, workers ready, and every text counted at the gateway."""

import contextlib
import time
from collections.abc import Callable, Iterator
from types import ModuleType

from benchmarks.baselines import rows
from benchmarks.models import Text
from benchmarks.sending import WrongFigure, draft
from benchmarks.services import purge
from benchmarks.workers import Worker, running_workers
from benchmarks.world import World


@contextlib.contextmanager
def task_each(world: World, broker: str, baseline: ModuleType, **options) -> Iterator[Callable[..., float]]:
    """Yields `send(many, latency_ms=...)`, which returns recipients per second; `options` are the workers'."""
    purge(broker)
    with running_workers(broker, folder=world.folder, **options) as workers:
        # Imports and first connections are not what is compared.
        _send(world, baseline, workers, many=20, latency_ms=0)
        yield lambda many, *, latency_ms: _send(world, baseline, workers, many=many, latency_ms=latency_ms)


def _send(world: World, baseline: ModuleType, workers: list[Worker], *, many: int, latency_ms: int) -> float:
    campaign = draft(world.largest)
    many = rows.make_texts(campaign, rows.reachable(world.largest, many))
    texts = list(Text.objects.filter(campaign=campaign).order_by("pk"))
    world.gateway.reset(latency_ms=latency_ms)
    start = time.monotonic()
    baseline.enqueue(texts)
    _await(many, workers, seconds=60 + many / 5)
    taken = time.monotonic() - start
    stats = world.gateway.stats()
    if (stats["recipients"], stats["duplicates"]) != (many, 0):
        raise WrongFigure(f"A baseline sent {stats}, not {many}.")
    rows.clear()
    return many / taken


def _await(many: int, workers: list[Worker], *, seconds: float) -> None:
    end, waiting = time.monotonic() + seconds, Text.objects.filter(status="queued")
    while waiting.exists():
        for worker in workers:
            worker.check()
        if time.monotonic() > end:
            words = "\n".join(worker.words() for worker in workers)
            raise WrongFigure(f"{waiting.count()} of {many} texts of a baseline are still waiting:\n{words}")
        time.sleep(0.05)
