"""Our sending against five other products' designs in miniature, each with its own default number of workers.

In Python and on a sample: what is compared is the design, not the product. The gateway answers after 50 ms.
"""

from collections.abc import Callable, Iterator

from benchmarks.baselines import rows
from benchmarks.baselines.birdsong import send_like_birdsong
from benchmarks.baselines.courier import send_like_courier
from benchmarks.baselines.listmonk import send_like_listmonk
from benchmarks.baselines.mautic import send_like_mautic
from benchmarks.baselines.odoo import send_like_odoo
from benchmarks.figures import Figure, faster
from benchmarks.parts.send import our_rate
from benchmarks.sending import WrongFigure, draft
from benchmarks.timing import seconds
from benchmarks.world import World


DATABASES = ("postgresql",)
NEEDS_BROKER = True
LATENCY = 50
# Name, design, recipients of the sample, the bound, in words.
PEERS: tuple[tuple[str, Callable, int, int, str], ...] = (
    ("odoo", send_like_odoo, 2000, 20, "commit per 500, one process"),
    ("courier", send_like_courier, 1500, 35, "queue per message, 32 threads"),
    ("listmonk", send_like_listmonk, 1000, 100, "keyset of 1,000, 10 senders"),
    ("mautic", send_like_mautic, 60, 500, "a loop over rows, one process"),
    ("birdsong", send_like_birdsong, 60, 500, "all in memory, one thread"),
)


def run(world: World) -> Iterator[Figure]:
    ours = our_rate(world, LATENCY)
    for name, send, sample, bound, note in PEERS:
        if name == "courier" and "redis" not in world.brokers:
            continue
        theirs = _rate(world, send, sample)
        yield faster(f"peers.{name}", ours, theirs, "recipients/s", at_least=bound, note=note)


def _rate(world: World, send: Callable, sample: int) -> float:
    site, campaign = world.largest, draft(world.largest)
    people, sent = list(rows.reachable(site, sample)), 0
    world.gateway.reset(latency_ms=LATENCY)

    def send_all() -> None:
        nonlocal sent
        sent = send(campaign, people)

    taken, stats = seconds(send_all), world.gateway.stats()
    if (sent, stats["recipients"], stats["duplicates"]) != (len(people), len(people), 0):
        raise WrongFigure(f"{send.__name__} says {sent}, the gateway {stats}, of {len(people)}.")
    rows.clear()
    return len(people) / taken
