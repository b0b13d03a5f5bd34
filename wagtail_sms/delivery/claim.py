"""Claiming batches: in one transaction, before any request, the rows say who may be about to be texted."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, F, Sum

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.models import Batch, Delivery, new_reference
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SkipReason, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch of ours until `lease_until`, with the E.164 numbers it goes to, by subscriber."""

    batch: Batch
    numbers: dict[int, str]


def claim(count: int, *, provider: str, now: datetime) -> list[Claimed]:
    """Claim up to `count` batches of running campaigns and write their deliveries. Runs in its own transaction."""
    token = new_reference()
    with transaction.atomic():
        waiting = Batch.objects.filter(
            status=BatchStatus.QUEUED,
            next_attempt_at__lte=now,
            campaign__status=CampaignStatus.SENDING,
            campaign__provider=provider,
        ).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        ids = list(waiting.values_list("pk", flat=True)[:count])
        lease_until = now + timedelta(seconds=app_settings.LEASE_SECONDS)
        Batch.objects.filter(pk__in=ids, status=BatchStatus.QUEUED).update(
            status=BatchStatus.SENDING, claim=token, lease_until=lease_until, attempts=F("attempts") + 1
        )
        batches = list(Batch.objects.filter(claim=token).select_related("campaign", "campaign__site").order_by("pk"))
        return [Claimed(batch, _hand_over(batch)) for batch in batches]


def _hand_over(batch: Batch) -> dict[int, str]:
    """Write (or, after a batch that was surely not sent, renew) the deliveries; returns whom to text."""
    if batch.attempts == 1:
        _insert_deliveries(batch)
        _skip_latecomers(batch)
    else:
        _skip_those_who_left(batch)
    return _numbers(batch)


def _numbers(batch: Batch) -> dict[int, str]:
    """Whom to text, by subscriber; notes on the batch how many of its people have a delivery that is not SKIPPED."""
    handed = deliveries_of(batch).filter(status=DeliveryStatus.HANDED)
    numbers = dict(
        Subscriber.objects.filter(pk__in=handed.values("subscriber_id")).order_by("pk").values_list("pk", "number")
    )
    batch.handed = deliveries_of(batch).exclude(status=DeliveryStatus.SKIPPED).count()
    Batch.objects.filter(pk=batch.pk).update(handed=batch.handed)
    return numbers


def recheck(claimed: list[Claimed]) -> list[Claimed]:
    """Just before the requests: without those who stopped or were suspended or deleted since the claim."""
    everybody = [subscriber_id for one in claimed for subscriber_id in one.numbers]
    present = set(Subscriber.objects.reachable().filter(pk__in=everybody).values_list("pk", flat=True))
    if len(present) == len(everybody):
        return claimed
    with transaction.atomic():
        checked = []
        for one in claimed:
            if not present.issuperset(one.numbers):
                _skip_those_who_left(one.batch)
                one = Claimed(one.batch, _numbers(one.batch))
            checked.append(one)
    return checked


def deliveries_of(batch: Batch):
    """The batch's deliveries, found by the range of the primary key: the hot table has no other index."""
    return Delivery.objects.filter(
        campaign=batch.campaign_id,
        subscriber_id__gte=batch.first_id,
        subscriber_id__lte=batch.last_id,
        batch=batch.pk,
    )


def _insert_deliveries(batch: Batch) -> None:
    """INSERT .. SELECT by range: HANDED who is reachable and unchanged since the launch, SKIPPED who is not any more.

    One statement, the same on PostgreSQL and SQLite. The primary key refuses a second delivery.
    """
    campaign = batch.campaign
    active, stopped = SubscriberStatus.ACTIVE.value, SubscriberStatus.STOPPED.value
    launched = connection.ops.adapt_datetimefield_value(campaign.launched_at)
    query = """
        INSERT INTO wagtail_sms_delivery (campaign_id, subscriber_id, batch_id, status, credits, reason)
        SELECT %s, s.id, %s,
               CASE WHEN s.status = %s AND s.status_changed_at <= %s THEN %s ELSE %s END,
               CASE WHEN s.status = %s AND s.status_changed_at <= %s THEN r.credits * %s ELSE 0 END,
               CASE WHEN s.status = %s AND s.status_changed_at <= %s THEN ''
                    WHEN s.status = %s THEN %s WHEN s.status = %s THEN %s ELSE %s END
        FROM wagtail_sms_subscriber s
        JOIN wagtail_sms_countryrate r ON r.card_id = %s AND r.country = s.country
        WHERE s.site_id = %s AND s.id BETWEEN %s AND %s
          AND (s.status = %s OR s.status_changed_at > %s)
    """
    unchanged = [active, launched]
    parameters = [campaign.pk, batch.pk]
    parameters += [*unchanged, DeliveryStatus.HANDED.value, DeliveryStatus.SKIPPED.value]
    parameters += [*unchanged, campaign.segments, *unchanged]
    parameters += [
        stopped,
        SkipReason.STOPPED.value,
        active,
        SkipReason.CHANGED.value,
        SkipReason.SUSPENDED.value,
    ]
    parameters += [campaign.card_id, campaign.site_id, batch.first_id, batch.last_id, active, launched]
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


def _skip_latecomers(batch: Batch) -> None:
    """Somebody whose sign-up was committed after the launch counted them can't be paid from what was confirmed.

    Such a row looks as old as the launch, so whoever changed last goes until people and credits fit the batch again.
    """
    handed = deliveries_of(batch).filter(status=DeliveryStatus.HANDED)
    figures = handed.aggregate(people=Count("subscriber_id"), credits=Sum("credits"))
    people, credits, late = figures["people"], figures["credits"] or 0, []
    if people <= batch.recipients and credits <= batch.credits:
        return
    newest = handed.order_by("-subscriber__status_changed_at", "-subscriber_id").values_list("subscriber_id", "credits")
    for subscriber_id, cost in newest:
        if people <= batch.recipients and credits <= batch.credits:
            break
        late.append(subscriber_id)
        people, credits = people - 1, credits - cost
    handed.filter(subscriber_id__in=late).update(status=DeliveryStatus.SKIPPED, credits=0, reason=SkipReason.LATE)


def _skip_those_who_left(batch: Batch) -> None:
    """Before another try: whoever stopped, was suspended or deleted meanwhile is not texted any more."""
    handed = deliveries_of(batch).filter(status=DeliveryStatus.HANDED)
    statuses = dict(Subscriber.objects.filter(pk__in=handed.values("subscriber_id")).values_list("pk", "status"))
    leaving = defaultdict(list)
    for pk in handed.values_list("subscriber_id", flat=True):
        reason = _reason(statuses.get(pk))
        if reason:
            leaving[reason].append(pk)
    for reason, ids in leaving.items():
        handed.filter(subscriber_id__in=ids).update(status=DeliveryStatus.SKIPPED, credits=0, reason=reason)


def _reason(status: str | None) -> str:
    if status is None:
        return SkipReason.ERASED
    reasons = {SubscriberStatus.STOPPED: SkipReason.STOPPED, SubscriberStatus.SUSPENDED: SkipReason.SUSPENDED}
    return reasons.get(status, "")
