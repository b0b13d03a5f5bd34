"""Finding out what became of an uncertain request, by asking the provider. Nothing is ever resent here."""

import logging
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from wagtail_sms.delivery import notice_queue
from wagtail_sms.delivery.claim import deliveries_of
from wagtail_sms.delivery.keys import is_alive
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.reports import append
from wagtail_sms.delivery.settle import settle_batches
from wagtail_sms.exceptions import ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import StatusReport
from wagtail_sms.states import BatchStatus, DeliveryStatus, NoticeStatus, SkipReason
from wagtail_sms.subscribers.models import Subscriber


logger = logging.getLogger("wagtail_sms")

# So long after the outcome was lost; after the last one it is a person's turn to decide.
SCHEDULE = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=6),
    timedelta(hours=24),
)
# A sweep comes every half minute, and a provider allows some fifty such questions a second.
REQUESTS_AT_ONCE = 200
# Theirs and ours may differ.
CLOCKS = timedelta(minutes=5)
IN_DOUBT = (DeliveryStatus.HANDED, DeliveryStatus.UNCERTAIN)


def look_up_uncertain(*, now: datetime | None = None, budget: int = REQUESTS_AT_ONCE) -> int:
    """Ask for the uncertain recipients whose turn it is, at most `budget` requests to each provider.

    What is found is appended as a report, so that it is folded by rank like any other; what the provider surely never
    had is given up, and never sent again. Returns how many recipients were found. A provider that can't be asked now
    keeps nobody from the others' answers.
    """
    now = now or timezone.now()
    in_doubt = {*providers_of(due_batches(now)), *providers_of(due_notices(now))}
    return sum(_look_up(alias, now=now, budget=budget) for alias in sorted(in_doubt))


def _look_up(alias: str, *, now: datetime, budget: int) -> int:
    found = 0
    for model, due in ((Notice, due_notices(now)), (Batch, due_batches(now))):
        for row in due.filter(provider=alias).order_by("next_attempt_at", "pk")[:budget]:
            answer = _ask(row, alias, at_most=budget, now=now)
            if answer is None or budget <= 0:
                return found
            reports, missing, asked = answer
            append(reports, provider=alias)
            found, budget = found + len(reports), budget - asked
            if model is Batch:
                _give_up_batch(row, missing)
            elif missing:
                notice_queue.give_up(row, now=now)
            next_turn(model, row, now)
    return found


def _ask(row, alias: str, *, at_most: int, now: datetime) -> tuple[list[StatusReport], list[str], int] | None:
    """(what the provider had, whom it surely never had, requests made); None when it can't be asked now.

    Being unable to ask costs nobody a turn.
    """
    numbers = _numbers_in_doubt(row)
    try:
        provider = get_provider(alias)
        if not provider.supports_lookup or not numbers:
            return [], [], 0
        answers, asked = provider.lookup_together(row.reference, numbers, _began(row) - CLOCKS, at_most=at_most)
    except (ProviderError, ImproperlyConfigured) as error:
        logger.warning("An uncertain text can't be looked up now: %s", error)
        return None
    if len(answers) < len(numbers):
        # The rest is asked about next time; nobody loses a turn.
        append([report for report in answers.values() if report], provider=alias)
        return None
    final = provider.lookup_is_final_after
    # What can still be repeated is not given up for lost.
    is_final = final is not None and SCHEDULE[row.lookups] >= final and not is_alive(row, now=now)
    missing = [number for number, report in answers.items() if report is None] if is_final else []
    return [report for report in answers.values() if report], missing, asked


def _began(row) -> datetime:
    return row.campaign.launched_at if isinstance(row, Batch) else row.created_at


def _give_up_batch(batch: Batch, numbers: list[str]) -> None:
    """These people's texts never reached the provider: their credits come back. They are not sent again."""
    if not numbers:
        return
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        people = Subscriber.objects.filter(site=batch.campaign.site_id, number__in=numbers).values("pk")
        doubtful = deliveries_of(batch).filter(status__in=IN_DOUBT, subscriber_id__in=people)
        lost = doubtful.update(status=DeliveryStatus.SKIPPED, credits=0, reason=SkipReason.LOST)
        Batch.objects.filter(pk=batch.pk).update(handed=F("handed") - lost)
        settle_batches(batch.campaign, [batch.pk])


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
                Batch.objects.select_for_update().get(pk=batch.pk)
                doubtful.filter(subscriber_id__in=gone).update(status=DeliveryStatus.UNCERTAIN, credits=0)
                settle_batches(batch.campaign, [batch.pk])
            written_off += len(gone)
    return written_off


def due_batches(now: datetime) -> QuerySet[Batch]:
    due = Batch.objects.filter(status=BatchStatus.UNCERTAIN, next_attempt_at__lte=now, lookups__lt=len(SCHEDULE))
    return due.select_related("campaign")


def due_notices(now: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(status=NoticeStatus.UNCERTAIN, next_attempt_at__lte=now, lookups__lt=len(SCHEDULE))


def providers_of(rows: QuerySet) -> list[str]:
    return list(rows.order_by().values_list("provider", flat=True).distinct())


def _numbers_in_doubt(row) -> list[str]:
    if isinstance(row, Notice):
        return [row.number]
    doubtful = deliveries_of(row).filter(status__in=IN_DOUBT).values("subscriber_id")
    return list(Subscriber.objects.filter(pk__in=doubtful).order_by("pk").values_list("number", flat=True))


def next_turn(model, row, now: datetime) -> None:
    lost_at = row.finished_at or now
    following = lost_at + SCHEDULE[min(row.lookups + 1, len(SCHEDULE) - 1)]
    model.objects.filter(pk=row.pk).update(lookups=F("lookups") + 1, next_attempt_at=following)
