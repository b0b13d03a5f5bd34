"""Folding reports into states: events per second, and how many of the updates touch no index (HOT)."""

import random
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from benchmarks.figures import Figure, at_least
from benchmarks.sending import WrongFigure, clear, dispatch_all, planned
from benchmarks.world import World
from wagtail_sms.delivery import reports
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.states import DeliveryStatus
from wagtail_sms.subscribers.models import Subscriber


DATABASES = ("postgresql", "sqlite")
LARGEST, AT_LEAST, HOT_AT_LEAST = 100_000, 30_000, 95.0
# Reports of so many recipients come in any order.
SHUFFLED, AT_ONCE = 10_000, 2_000


def run(world: World) -> Iterator[Figure]:
    """Two reports for each recipient of a campaign that was sent, "sent" and "delivered", shuffled among 10,000."""
    if world.vendor != "postgresql":
        rate, note = _folded(world)
        yield Figure(f"fold.{world.vendor}", rate, "events/s", note=note)
        return
    before = _updates()
    rate, note = _folded(world, "received_at")
    yield at_least(
        "fold.postgresql", rate, "events/s", AT_LEAST, note=f"{note}; waited longer than calls can come again"
    )
    updates, hot = (now - then for now, then in zip(_updates(), before, strict=True))
    yield at_least(
        "fold.hot", 100 * hot / max(updates, 1), "%", HOT_AT_LEAST, note=f"of {updates:,} updates of deliveries"
    )
    rate, note = _folded(world, "received_at + interval '1 hour'")
    yield Figure("fold.fresh", rate, "events/s", note=f"{note}; their calls are noted against replays")


def _folded(world: World, calls_until: str = "") -> tuple[float, str]:
    """Events per second, and how many in which time."""
    campaign, events = _sent(world), 0
    for chunk in _shuffled(campaign, random.Random(world.seed)):
        reports.append(chunk, provider="default")
        events += len(chunk)
    if calls_until:
        _as_from_calls_of_their_own(calls_until)
    start = time.perf_counter()
    while reports.fold():
        pass
    taken = time.perf_counter() - start
    _check(campaign)
    clear()
    return events / taken, f"{events:,} events in {taken:.1f} s"


def _sent(world: World):
    campaign = planned(world.site(LARGEST))
    world.gateway.reset()
    dispatch_all(campaign)
    return campaign


def _as_from_calls_of_their_own(until: str) -> None:
    """As the webhook keeps them there: each with the call that brought it."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE wagtail_sms_reportevent SET call = md5(event_key)::uuid, call_until = {until}")
        cursor.execute("VACUUM FULL ANALYZE wagtail_sms_reportevent")


def _shuffled(campaign, dice: random.Random) -> Iterator[list[StatusReport]]:
    """In chunks as webhooks and look-ups append them, a chunk never of one batch alone."""
    now, window = timezone.now(), []
    for batch in Batch.objects.filter(campaign=campaign).order_by("pk").iterator():
        people = Subscriber.objects.of(campaign.site).reachable().filter(pk__range=(batch.first_id, batch.last_id))
        for number in people.values_list("number", flat=True):
            for place, status in enumerate((ReportStatus.SENT, ReportStatus.DELIVERED)):
                at, key = now + timedelta(seconds=place), f"{batch.pk}.{number}.{place}"
                window.append(StatusReport(batch.reference, batch.provider_id, number, status, at, key))
        if len(window) >= 2 * SHUFFLED:
            yield from _chunks(window, dice)
            window = []
    yield from _chunks(window, dice)


def _chunks(window: list[StatusReport], dice: random.Random) -> Iterator[list[StatusReport]]:
    dice.shuffle(window)
    for start in range(0, len(window), AT_ONCE):
        yield window[start : start + AT_ONCE]


def _updates() -> tuple[int, int]:
    """Updates of deliveries so far, and those of them that were HOT; PostgreSQL only."""
    if connection.vendor != "postgresql":
        return 0, 0
    # What a session did is counted when it ends.
    connection.close()
    time.sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'wagtail_sms_delivery'"
        )
        return cursor.fetchone()


def _check(campaign) -> None:
    delivered = Delivery.objects.filter(campaign=campaign, status=DeliveryStatus.DELIVERED).count()
    if delivered != campaign.recipients:
        raise WrongFigure(f"{delivered} deliveries are delivered, not {campaign.recipients}.")
