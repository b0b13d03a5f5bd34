"""Finding out what became of an uncertain request by making it again, at providers that recognise a repeat.

It is the same request under the same key, within the key's life: either the provider took it the first time and says
so again, or it never had it and takes it now. Whoever was taken by it gets one text. Nothing else is ever repeated.
"""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import lookup, notice_queue, pace
from wagtail_sms.delivery.claim import Claimed, deliveries_of
from wagtail_sms.delivery.keys import good_until, lifetime_of
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.record import record
from wagtail_sms.delivery.requests import batch_request, notice_request
from wagtail_sms.delivery.wire import Answer, Parcel, send
from wagtail_sms.providers.base import OutboundBatch, Outcome
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


logger = logging.getLogger("wagtail_sms")

# A sweep comes every half minute. What it doesn't begin within this time is the next one's.
REPEATS_AT_ONCE, SWEEP_SECONDS = 200, 20.0
# A message that an editor stopped is not sent by finding out whether it was.
GOES_ON = (CampaignStatus.SENDING, CampaignStatus.DONE)
# Of a batch that is uncertain: not part of the request, or no longer.
NOT_IN_IT = (DeliveryStatus.SKIPPED, DeliveryStatus.CANCELLED, DeliveryStatus.REJECTED)
_Row = Batch | Notice


def repeat_uncertain(*, now: datetime | None = None, at_most: int = REPEATS_AT_ONCE) -> int:
    """Repeat the uncertain requests whose turn it is. Returns how many rows an answer settled.

    Where the provider can't be reached, nobody loses a turn. Every step is a transaction of its own.
    """
    now = now or timezone.now()
    in_doubt = {*lookup.providers_of(lookup.due_batches(now)), *lookup.providers_of(lookup.due_notices(now))}
    return sum(
        _repeat(alias, lifetime=lifetime, now=now, at_most=at_most)
        for alias in sorted(in_doubt)
        if (lifetime := lifetime_of(alias))
    )


def _repeat(alias: str, *, lifetime: timedelta, now: datetime, at_most: int) -> int:
    """A few at a time, so that whoever stops, or cancels, meanwhile is heard before the next ones leave."""
    settled, seen, end = 0, set(), time.monotonic() + SWEEP_SECONDS
    while len(seen) < at_most and time.monotonic() < end:
        rows = _due(alias, now, seen)
        if not rows:
            break
        seen |= {(type(row), row.pk) for row in rows}
        requests = [(row, request) for row in rows if (request := _same_request(row, lifetime, now))]
        for answer in send(_parcels(requests, alias, lifetime, now), provider=alias, renew=lambda: None):
            row, request = requests[answer.key]
            if answer.refused is not None:
                logger.warning("An uncertain request can't be repeated now: %s", answer.refused)
                end = 0.0
            else:
                settled += _record(row, request, answer, now=now)
    return settled


def _due(alias: str, now: datetime, seen: set) -> list[_Row]:
    """The next few that were not looked at yet. Texts to one person first: they are few, and somebody waits."""
    notices = lookup.due_notices(now).select_related("site", "subscriber")
    batches = lookup.due_batches(now).filter(campaign__status__in=GOES_ON)
    found: list[_Row] = []
    for due, model in ((notices, Notice), (batches, Batch)):
        known = [pk for kind, pk in seen if kind is model]
        keyed = due.filter(provider=alias).exclude(idempotency_key="").exclude(pk__in=known)
        found += keyed.order_by("pk")[: app_settings.CONCURRENT_REQUESTS - len(found)]
    return found


def _same_request(row: _Row, lifetime: timedelta, now: datetime) -> OutboundBatch | None:
    """The request as it was made; None if it may not be repeated, or can't be put together again."""
    until = good_until(row, lifetime=lifetime)
    if until is None or now >= until:
        return None
    if isinstance(row, Notice):
        requests = [] if notice_queue.must_not_go(row) else [notice_request(row)]
    else:
        # Who was refused by an earlier request is not in this one; whom a repeat of it refused still is.
        people = (deliveries_of(row).exclude(status__in=left) for left in (NOT_IN_IT, NOT_IN_IT[:-1]))
        requests = [batch_request(row, numbers) for one in people if (numbers := _numbers(one))]
    return next((request for request in requests if request.idempotency_key == row.idempotency_key), None)


def _numbers(deliveries) -> list[str]:
    """In the order of a request. Nobody at all if one of them left: the repeat might be what texts them."""
    ids = set(deliveries.values_list("subscriber_id", flat=True))
    active = Subscriber.objects.filter(pk__in=ids, status=SubscriberStatus.ACTIVE).order_by("pk")
    numbers = list(active.values_list("number", flat=True))
    return numbers if len(numbers) == len(ids) else []


def _parcels(rows: list[tuple[_Row, OutboundBatch]], alias: str, lifetime: timedelta, now: datetime) -> list[Parcel]:
    """In the turns that the account's rate leaves, each before its key ends."""
    parcels: list[Parcel] = []
    end = time.monotonic() + SWEEP_SECONDS
    while len(parcels) < len(rows):
        taken_at = time.monotonic()
        turns = pace.take(alias, len(rows) - len(parcels), now=timezone.now())
        for start in turns.starts():
            row, request = rows[len(parcels)]
            # `now` is when the sweep began; a process may have stood still since, while the key grew old.
            moment = time.monotonic()
            left = (good_until(row, lifetime=lifetime) - max(now, timezone.now())).total_seconds()
            until = min(end, moment + left)
            parcels.append(Parcel(len(parcels), request, until, start=taken_at + start))
    return parcels


def _record(row: _Row, request: OutboundBatch, answer: Answer, *, now: datetime) -> bool:
    """Write down what it came to; whether nothing is in doubt any more.

    After a request that may have been taken, "not sent" tells about this one only: it stays uncertain.
    """
    unsure = [Outcome.NOT_SENT, Outcome.UNCERTAIN]
    results = [
        result._replace(outcome=Outcome.UNCERTAIN) if result.outcome in unsure else result for result in answer.results
    ]
    if isinstance(row, Notice):
        notice_queue.record(row, replace(answer, results=results), now=now)
    else:
        _record_batch(row, request, results, now=now)
    if any(result.outcome == Outcome.UNCERTAIN for result in results):
        lookup.next_turn(type(row), row, now)
        return False
    return True


def _record_batch(batch: Batch, request: OutboundBatch, results: list, *, now: datetime) -> None:
    people = Subscriber.objects.filter(site=batch.campaign.site_id, number__in=request.recipients)
    numbers = dict(people.filter(pk__in=deliveries_of(batch).values("subscriber_id")).values_list("pk", "number"))
    with transaction.atomic():
        doubted = Batch.objects.filter(pk=batch.pk, claim=batch.claim, status=BatchStatus.UNCERTAIN)
        if doubted.select_for_update().first() is None:
            return
        doubtful = deliveries_of(batch).filter(status=DeliveryStatus.UNCERTAIN, subscriber_id__in=numbers)
        doubtful.update(status=DeliveryStatus.HANDED)
        record([(Claimed(batch, numbers), results)], now=now)
