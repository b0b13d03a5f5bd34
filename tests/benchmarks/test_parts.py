"""The parts of a round that need no services, on 300 subscribers: they run, and what they say is true."""

from collections import Counter

import pytest
from django.db import connection

from benchmarks.parts import cost, estimate, fold, launch
from benchmarks.sending import planned, send_here
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.skipif(
    connection.vendor == "postgresql",
    reason="between its parts the benchmark empties tables, which PostgreSQL refuses inside a test's transaction",
)


def figures(part, world) -> dict[str, object]:
    return {figure.name.removesuffix(f".{world.vendor}"): figure for figure in part.run(world)}


def test_people_live_in_many_countries_and_most_can_be_texted(world):
    people = Subscriber.objects.of(world.largest)
    assert people.count() == people.values("number").distinct().count() == 300
    (first, most), *_others = Counter(people.values_list("country", flat=True)).most_common()
    assert (first, people.values("country").distinct().count() > 20) == ("US", True)
    assert 45 < most < 100
    assert 275 < people.reachable().count() < 300


def test_a_campaign_is_sent_and_accounted_for(world):
    sent = send_here(planned(world.largest), world.gateway, latency_ms=0)
    assert sent.recipients == Subscriber.objects.of(world.largest).reachable().count()
    assert sent.stats["requests"] == 6


def test_the_parts_yield_their_figures(world):
    assert figures(estimate, world)["estimate"].value > 0
    assert figures(launch, world)["launch"].value > 0
    assert figures(fold, world)["fold"].value > 0


def test_requests_are_counted_per_recipient(world):
    assert 0.02 <= figures(cost, world)["cost.requests"].value <= 0.022
