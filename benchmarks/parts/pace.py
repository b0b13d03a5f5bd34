"""Whether the provider's limit is used up and kept: one worker process alone, and two lanes that share it."""

from collections.abc import Iterator

from benchmarks.app import make_app
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.sending import Run, send_with
from benchmarks.services import purge
from benchmarks.settings import HAS_LANES
from benchmarks.workers import running_workers
from benchmarks.world import World


DATABASES = ("postgresql",)
NEEDS_BROKER = True
REQUESTS_PER_SECOND, RECIPIENTS = 500, 50
REACHES = 0.98
# A bucket that is full at the start may hold what one worker has in flight.
FIRST_BUCKET = 64
LARGEST = 300_000


def run(world: World) -> Iterator[Figure]:
    yield from _with_lanes(world, 1, note="one worker process")
    note = "two worker processes" if HAS_LANES else "two worker processes, of which one sends: there is one lane"
    yield from _with_lanes(world, 2, note=note)


def _with_lanes(world: World, lanes: int, *, note: str) -> Iterator[Figure]:
    broker = next(iter(world.brokers.values()))
    make_app(broker)
    purge(broker)
    environment = {"BENCH_PACE": str(REQUESTS_PER_SECOND), "BENCH_LANES": str(lanes)}
    with running_workers(broker, folder=world.folder, size=lanes, **environment) as workers:
        sent = send_with(workers, world.site(LARGEST), world.gateway, latency_ms=50)
    label, reaches = f"pace.{lanes}", REQUESTS_PER_SECOND * RECIPIENTS * REACHES
    yield at_least(f"{label}.rate", steady_rate(sent), "recipients/s", reaches, note=note)
    yield at_most(f"{label}.ahead", ahead(sent.times, REQUESTS_PER_SECOND), "requests", FIRST_BUCKET, note=note)


def steady_rate(sent: Run) -> float:
    """Recipients per second from the first request to the last."""
    many = len(sent.times)
    return sent.recipients * (many - 1) / many / (sent.times[-1] - sent.times[0])


def ahead(times: list[float], per_second: float) -> float:
    """By how many requests, at worst, more were made than the limit allows since any earlier moment."""
    furthest, lowest = 0.0, 0.0
    for place, moment in enumerate(times):
        due = place - per_second * (moment - times[0])
        lowest = min(lowest, due)
        furthest = max(furthest, due - lowest + 1)
    return furthest
