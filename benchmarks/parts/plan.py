"""Cutting the audience into batches, against a row per recipient by `bulk_create`."""

from collections.abc import Iterator
from statistics import median

from django.db.models import Sum

from benchmarks.baselines import rows
from benchmarks.figures import Figure, faster
from benchmarks.sending import WrongFigure, draft, drop, launched
from benchmarks.timing import seconds
from benchmarks.world import World
from wagtail_sms.campaigns import plan
from wagtail_sms.delivery.models import Batch


DATABASES = ("postgresql", "sqlite")
SAMPLE, ROUNDS = 15_000, 3
AT_LEAST = {"postgresql": 40, "sqlite": 30}


def run(world: World) -> Iterator[Figure]:
    """Both per recipient; the rows come from an iterator, a thousand at a time, as no list of a million fits."""
    ours, theirs = [], []
    _cut(world.largest)
    for _ in range(ROUNDS):
        ours.append(_cut(world.largest))
        theirs.append(_rows(world.largest))
    yield faster(
        f"plan.{world.vendor}",
        median(ours),
        median(theirs),
        "recipients/s",
        at_least=AT_LEAST[world.vendor],
        note="bulk_create of a row per recipient",
    )


def _cut(site) -> float:
    campaign = launched(site)
    taken = seconds(lambda: plan.plan(campaign.pk))
    cut = Batch.objects.filter(campaign=campaign).aggregate(people=Sum("recipients"), credits=Sum("credits"))
    if cut != {"people": campaign.recipients, "credits": campaign.credits}:
        raise WrongFigure(f"Planned {cut}, but {campaign.recipients} people for {campaign.credits} were confirmed.")
    drop(campaign)
    return campaign.recipients / taken


def _rows(site) -> float:
    campaign, people = draft(site), rows.reachable(site, SAMPLE)
    made = 0

    def make() -> None:
        nonlocal made
        made = rows.make_texts(campaign, people)

    taken = seconds(make)
    rows.clear()
    return made / taken
