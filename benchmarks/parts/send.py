"""From the click to the last message through real Celery workers, against one task per recipient, naive and tuned."""

from collections.abc import Iterator

from benchmarks.app import make_app
from benchmarks.baselines import naive, tuned
from benchmarks.each import task_each
from benchmarks.figures import Figure, at_least, faster
from benchmarks.sending import Run, send_with
from benchmarks.services import purge
from benchmarks.workers import running_workers
from benchmarks.world import World


DATABASES = ("postgresql",)
NEEDS_BROKER = True
LATENCIES = (50, 0)
NAIVE_AT_LEAST = {50: 300, 0: 150}
TUNED_AT_LEAST = 30
# Recipients of the baselines: enough for some seconds each.
NAIVE_SAMPLE, TUNED_SAMPLE = {50: 200, 0: 400}, {50: 1500, 0: 1500}
OFTEN = 300_000  # the whole million once, and so many where it is sent again
HEADROOM = 5
# With waiting to do, threads are the fastest way; without, two processes with nothing beside their task are.
TUNED_POOLS = {50: {"pool": "threads", "size": 20, "processes": 2}, 0: {"pool": "prefork", "size": 2}}
# What other parts of the same round compare with: `{latency: recipients per second}`.
measured: dict[int, float] = {}


def run(world: World) -> Iterator[Figure]:
    for place, (name, broker) in enumerate(world.brokers.items()):
        make_app(broker)
        ours = our_runs(world, broker, whole=place == 0)
        naively = _naive_rates(world, broker)
        for latency in LATENCIES:
            tuned_rate = _tuned_rate(world, broker, latency)
            yield from _compare(f"send.{name}.{latency}ms", ours[latency], naively[latency], tuned_rate, latency)


def our_rate(world: World, latency: int) -> float:
    """Of this round's own sending, or of a short one if there was none."""
    if latency not in measured:
        broker = next(iter(world.brokers.values()))
        make_app(broker)
        our_runs(world, broker, whole=False, latencies=(latency,))
    return measured[latency]


def our_runs(world: World, broker: str, *, whole: bool, latencies=LATENCIES) -> dict[int, Run]:
    """Two worker processes, warm; the first campaign may be the largest site's."""
    runs = {}
    purge(broker)
    with running_workers(broker, folder=world.folder) as workers:
        send_with(workers, world.site(1000), world.gateway, latency_ms=0)
        for latency in latencies:
            site = world.largest if whole and latency == latencies[0] else world.site(OFTEN)
            runs[latency] = send_with(workers, site, world.gateway, latency_ms=latency)
            measured.setdefault(latency, runs[latency].rate)
    return runs


def _compare(label: str, ours: Run, naively: float, at_best: float, latency: int) -> Iterator[Figure]:
    unit = "recipients/s"
    note = f"one task, request and save each; ours: {ours.recipients:,} in {ours.seconds:.1f} s"
    yield faster(f"{label}.naive", ours.rate, naively, unit, at_least=NAIVE_AT_LEAST[latency], note=note)
    note = f"one task each, {'2 x 20 threads' if latency else '2 processes'}, everything kept open"
    yield faster(f"{label}.tuned", ours.rate, at_best, unit, at_least=TUNED_AT_LEAST, note=note)
    note = "the gateway could have been so much faster"
    yield at_least(f"{label}.headroom", ours.headroom, "x", HEADROOM, note=note)


def _naive_rates(world: World, broker: str) -> dict[int, float]:
    with task_each(world, broker, naive, prefetch=4) as send:
        return {latency: send(NAIVE_SAMPLE[latency], latency_ms=latency) for latency in LATENCIES}


def _tuned_rate(world: World, broker: str, latency: int) -> float:
    options = {"prefetch": 16, "BENCH_KEEP_CONNECTIONS": "1", **TUNED_POOLS[latency]}
    with task_each(world, broker, tuned, **options) as send:
        return send(TUNED_SAMPLE[latency], latency_ms=latency)
