"""What claims, leases, lanes and the ledger cost: the same loop without them, in turns in this process."""

from collections.abc import Iterator
from statistics import median

from benchmarks.baselines.unsafe import send_unsafely
from benchmarks.figures import Figure
from benchmarks.sending import WrongFigure, drop, planned, send_here
from benchmarks.timing import seconds
from benchmarks.world import World
from wagtail_sms.delivery.models import Delivery


DATABASES = ("postgresql",)
LARGEST, ROUNDS, AT_LEAST = 100_000, 2, 0.7


def run(world: World) -> Iterator[Figure]:
    """Planning is in neither. With 0 ms the processor is the limit, with 50 ms how much is in flight."""
    for latency in (50, 0):
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(_unsafe_rate(world, latency))
            ours.append(send_here(planned(world.site(LARGEST)), world.gateway, latency_ms=latency).rate)
        safe, unsafe = median(ours), median(theirs)
        yield Figure(
            f"safety.{latency}ms",
            safe,
            "recipients/s",
            baseline=unsafe,
            ratio=safe / unsafe,
            needs=f">= {AT_LEAST:g} x",
            ok=safe / unsafe >= AT_LEAST,
            note="the same loop without claims, leases and ledger",
        )


def _unsafe_rate(world: World, latency: int) -> float:
    campaign = planned(world.site(LARGEST))
    world.gateway.reset(latency_ms=latency)
    taken = seconds(lambda: send_unsafely(campaign))
    sent, rows = world.gateway.stats()["recipients"], Delivery.objects.filter(campaign=campaign).count()
    if not sent == rows == campaign.recipients:
        raise WrongFigure(f"The unsafe loop sent {sent} and wrote {rows} of {campaign.recipients}.")
    drop(campaign)
    return campaign.recipients / taken
