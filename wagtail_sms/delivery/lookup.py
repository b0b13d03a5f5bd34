"""Finding out what became of an uncertain request, by asking the provider. Nothing is ever resent here."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from wagtail_sms.delivery.claim import deliveries_of
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.reports import append
from wagtail_sms.delivery.settle import settle_batches
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.states import BatchStatus, DeliveryStatus, NoticeStatus
from wagtail_sms.subscribers.models import Subscriber


logger = logging.getLogger("wagtail_sms")

# Pauses after the outcome was lost; after the last one it is a person's turn to decide.
SCHEDULE = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=6),
    timedelta(hours=24),
)
REQUESTS_AT_ONCE = 50
IN_DOUBT = (DeliveryStatus.HANDED, DeliveryStatus.UNCERTAIN)


def look_up_uncertain(*, now: datetime | None = None, budget: int = REQUESTS_AT_ONCE) -> int:
    """Ask for the uncertain recipients whose turn it is, at most `budget` requests. Returns the answers found.

    What is found is appended as a report, so that it is folded by rank like any other.
    """
    now = now or timezone.now()
    found = 0
    for batch in _due_batches(now):
        numbers = _numbers_in_doubt(batch)
        if len(numbers) > budget:
            return found
        answers = _ask(batch.reference, numbers, batch.campaign.provider, since=batch.campaign.launched_at)
        if answers is None:
            return found
        found, budget = found + answers, budget - len(numbers)
        _next_turn(Batch, batch, now)
    for notice in _due_notices(now)[:budget]:
        answers = _ask(notice.reference, [notice.number], "default", since=notice.created_at)
        if answers is None:
            return found
        found += answers
        _next_turn(Notice, notice, now)
    return found


def write_off_the_erased() -> int:
    """Give the credits back that are held for people who were deleted while uncertain: nobody can find out any more.

    They stay uncertain in the figures; only somebody's credits may not be held for ever. Returns how many people.
    """
    written_off = 0
    for batch in Batch.objects.filter(status=BatchStatus.UNCERTAIN).select_related("campaign").order_by("pk"):
        doubtful = deliveries_of(batch).filter(status__in=IN_DOUBT, credits__gt=0)
        ids = set(doubtful.values_list("subscriber_id", flat=True))
        gone = ids - set(Subscriber.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if gone:
            with transaction.atomic():
                doubtful.filter(subscriber_id__in=gone).update(status=DeliveryStatus.UNCERTAIN, credits=0)
                settle_batches(batch.campaign, [batch.pk])
            written_off += len(gone)
    return written_off


def _due_batches(now: datetime):
    return list(
        Batch.objects.filter(next_attempt_at__lte=now, lookups__lt=len(SCHEDULE))
        .filter(status=BatchStatus.UNCERTAIN)
        .select_related("campaign")
        .order_by("next_attempt_at")[:REQUESTS_AT_ONCE]
    )


def _due_notices(now: datetime):
    return list(
        Notice.objects.filter(
            status=NoticeStatus.UNCERTAIN, next_attempt_at__lte=now, lookups__lt=len(SCHEDULE)
        ).order_by("next_attempt_at")[:REQUESTS_AT_ONCE]
    )


def _numbers_in_doubt(batch: Batch) -> list[str]:
    doubtful = deliveries_of(batch).filter(status__in=IN_DOUBT).values("subscriber_id")
    return list(Subscriber.objects.filter(pk__in=doubtful).values_list("number", flat=True))


def _ask(reference: str, numbers: list[str], alias: str, *, since: datetime) -> int | None:
    """How many answers the provider had; None when it can't be asked now, which costs nobody a turn."""
    provider = get_provider(alias)
    if not provider.supports_lookup:
        return 0
    reports = []
    for number in numbers:
        try:
            report = provider.lookup(reference, number, since - timedelta(minutes=5))
        except (ProviderError, ProviderConfigurationError) as error:
            logger.warning("An uncertain text can't be looked up now: %s", error)
            return None
        if report is not None:
            reports.append(report)
    append(reports, provider=alias)
    return len(reports)


def _next_turn(model, row, now: datetime) -> None:
    pause = SCHEDULE[min(row.lookups + 1, len(SCHEDULE) - 1)]
    model.objects.filter(pk=row.pk).update(lookups=F("lookups") + 1, next_attempt_at=now + pause)
