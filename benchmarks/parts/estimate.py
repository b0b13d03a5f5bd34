"""The estimate against adding up the people one by one, and how many queries it takes."""

from collections.abc import Iterator

from benchmarks.figures import Figure, at_most, faster
from benchmarks.sending import next_body
from benchmarks.timing import counted_statements, in_turns
from benchmarks.world import World
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.subscribers.models import Subscriber


DATABASES = ("postgresql", "sqlite")
SAMPLE, AT_LEAST = 100_000, 100


def run(world: World) -> Iterator[Figure]:
    """The loop reads at most SAMPLE people, two thousand at a time, so that it is not slow for lack of memory."""
    site, body = world.largest, next_body()
    yield _against_loop(f"estimate.{world.vendor}", site, world.rows, at_least=AT_LEAST)
    if older := [size for size in world.sites if size < world.rows]:
        # One that others have joined since, which a query by the newest key must not have to step over.
        yield _against_loop(f"estimate.older_site.{world.vendor}", world.sites[max(older)], max(older))
    with counted_statements() as statements:
        quote = estimate(site, body=body)
    expected = Subscriber.objects.of(site).reachable().count()
    if quote.recipients != expected:
        raise AssertionError(f"The estimate counts {quote.recipients} people, not {expected}.")
    people = sum("wagtail_sms_subscriber" in statement for statement in statements)
    note = f"{people} of them on the subscribers"
    yield at_most(f"estimate.queries.{world.vendor}", len(statements), "queries", 2, note=note)


def _against_loop(name: str, site, size: int, *, at_least: float | None = None) -> Figure:
    body, sample = next_body(), min(size, SAMPLE)
    ours, loop = in_turns(lambda: estimate(site, body=body), lambda: add_up(site, sample))
    note = f"a loop over {size:,} rows"
    return faster(name, ours * 1000, loop * 1000 * size / sample, "ms", at_least=at_least, note=note)


def add_up(site, many: int) -> int:
    """Credits of the first people by key, each priced in Python."""
    rates, total = credits_by_country(current_card()), 0
    for person in Subscriber.objects.of(site).order_by("pk")[:many].iterator(2000):
        if person.status == "active":
            total += rates.get(person.country, 0)
    return total
