"""The click on Send: with a million recipients against a thousand."""

from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure
from benchmarks.sending import draft, drop
from benchmarks.timing import seconds
from benchmarks.world import World
from wagtail_sms.campaigns.audience import count_by_country
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import launch


DATABASES = ("postgresql", "sqlite")
ROUNDS = 7


def run(world: World) -> Iterator[Figure]:
    """The click itself, its transaction included, by `launch()`; the page around it costs the same at any size."""
    large, small, queries = [], [], []
    _click(world.largest)
    for _ in range(ROUNDS):
        small.append(_click(world.site(1000)))
        large.append(_click(world.largest))
        queries.append(_grouped_query(world.largest))
    click, baseline, query = median(large) * 1000, median(small) * 1000, median(queries) * 1000
    limit = baseline + 2 * query
    yield Figure(
        f"launch.{world.vendor}",
        click,
        "ms",
        baseline=baseline,
        ratio=baseline / click,
        needs=f"<= {limit:.1f} ms",
        ok=click <= limit,
        note=f"1,000 recipients; the estimate's query takes {query:.1f} ms",
    )


def _click(site) -> float:
    campaign = draft(site)
    quote = estimate(site, body=campaign.body)
    taken = seconds(lambda: launch(campaign, quote=quote))
    drop(campaign)
    return taken


def _grouped_query(site) -> float:
    return seconds(lambda: count_by_country(site, through=None))
