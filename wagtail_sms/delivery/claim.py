"""Claiming batches: in one transaction, before any request, the rows say who may be about to be texted.

However many batches are claimed, it takes the same few statements for each campaign they belong to.
"""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from django.apps import apps
from django.db import connection, transaction

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.handing import Handed, count_handed, hand_over_first, handed_people, write_claim
from wagtail_sms.delivery.keys import lifetime_of, save_keys
from wagtail_sms.delivery.many import fetch
from wagtail_sms.delivery.models import Batch, Delivery, new_reference
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SkipReason, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


# Written as SQL because it is asked some twenty times a second. Those whose worker died come last: whatever killed it,
# the others' messages don't wait for it.
RUNNING = """
    SELECT c.id FROM wagtail_sms_campaign c WHERE c.status = %s AND EXISTS (
        SELECT 1 FROM wagtail_sms_batch b
        WHERE b.campaign_id = c.id AND b.status = %s AND b.provider = %s AND b.next_attempt_at <= %s)
    ORDER BY c.id
"""
WAITING = """
    SELECT {columns} FROM wagtail_sms_batch b JOIN wagtail_sms_campaign c ON c.id = b.campaign_id
    WHERE b.campaign_id = %s AND c.status = %s AND b.status = %s AND b.provider = %s AND b.next_attempt_at <= %s
    ORDER BY b.crashes, b.id LIMIT %s {lock}
"""
# What sending does not need of a batch, and what is read when it is asked for.
LEFT_OUT = {"lease_until", "next_attempt_at", "finished_at", "provider_id", "error_code", "error_text"}
LEFT_OUT |= {"charged_credits", "released_credits", "refunded_credits"}
# In the order of the model, as `from_db` takes them.
FIELDS = tuple(name for field in Batch._meta.concrete_fields if (name := field.attname) not in LEFT_OUT)
# Campaigns that take turns within one claim; with more of them, others come next time.
CAMPAIGNS_AT_ONCE = 8
# Which campaigns those are is asked for so often, in seconds, while they have something waiting.
ASKED_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch of ours until `lease_until`, with the E.164 numbers it goes to, by subscriber."""

    batch: Batch
    numbers: dict[int, str]


@dataclass(slots=True)
class Known:
    """What a task has read of the campaigns it sends, and does not read again.

    What a message says never changes once it is launched. `running` are the campaigns that take turns, as they were
    when they were last asked for; another one waits for its first turn until `good_until` (monotonic) at most.
    """

    campaigns: dict[int, object] = field(default_factory=dict)
    running: list[int] = field(default_factory=list)
    good_until: float = 0.0


def claim(
    count: int,
    *,
    provider: str,
    now: datetime,
    token: str = "",
    alone: bool = True,
    known: Known | None = None,
) -> list[Claimed]:
    """Claim up to `count` batches of running campaigns, in fair turns, and write their deliveries.

    `alone` says that the caller has nothing else in hand: only then comes a batch whose worker died, and it comes by
    itself. Runs in its own transaction.
    """
    with transaction.atomic():
        batches = _pick(count, provider=provider, now=now, alone=alone, known=known or Known())
        claimed = []
        for _campaign, together in groupby(batches, key=attrgetter("campaign_id")):
            claimed += _hand_over(list(together), now=now, token=token or new_reference())
        if lifetime := lifetime_of(provider):
            save_keys([(one.batch, one.numbers.values()) for one in claimed], lifetime=lifetime, now=now)
    return claimed


def _pick(count: int, *, provider: str, now: datetime, alone: bool, known: Known) -> list[Batch]:
    """The next batches, the campaigns one after another, locked."""
    if known.running and time.monotonic() < known.good_until:
        found = _take(count, provider=provider, now=now, known=known)
        if batches := [batch for batch in found if not batch.crashes]:
            return batches
    known.running, known.good_until = _running(provider, now), time.monotonic() + ASKED_EVERY
    found = _take(count, provider=provider, now=now, known=known)
    return [batch for batch in found if not batch.crashes] or (found[:1] if alone else [])


def _take(count: int, *, provider: str, now: datetime, known: Known) -> list[Batch]:
    """Equal shares of the campaigns whose turn it is, locked; those whose worker died too."""
    if not known.running:
        return []
    turn = int(now.timestamp()) % len(known.running)
    campaigns = (known.running[turn:] + known.running[:turn])[:CAMPAIGNS_AT_ONCE]
    share, found = -(-count // len(campaigns)), []
    for campaign_id in campaigns:
        waiting = _waiting(campaign_id, provider, now, at_most=min(share, count - len(found)))
        if waiting and campaign_id not in known.campaigns:
            known.campaigns[campaign_id] = _read(campaign_id)
        for batch in waiting:
            batch.campaign = known.campaigns[campaign_id]
        found += waiting
    return found


def _running(provider: str, now: datetime) -> list[int]:
    """Campaigns that are being sent and have something waiting for this provider."""
    parameters = [CampaignStatus.SENDING.value, *_due(provider, now)]
    return [pk for (pk,) in fetch(RUNNING, parameters)]


def _waiting(campaign_id: int, provider: str, now: datetime, *, at_most: int) -> list[Batch]:
    lock = "FOR UPDATE OF b SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    parameters = [campaign_id, CampaignStatus.SENDING.value, *_due(provider, now), at_most]
    rows = fetch(WAITING.format(columns=", ".join(f"b.{name}" for name in FIELDS), lock=lock), parameters)
    batches = [Batch.from_db(connection.alias, FIELDS, row) for row in rows]
    if connection.vendor == "sqlite":
        for batch in batches:
            batch.keyed_at = connection.ops.convert_datetimefield_value(batch.keyed_at, None, connection)
    return batches


def _due(provider: str, now: datetime) -> list:
    return [BatchStatus.QUEUED.value, provider, connection.ops.adapt_datetimefield_value(now)]


def _read(campaign_id: int):
    campaigns = apps.get_model("wagtail_sms", "Campaign").objects.select_related("site", "reservation")
    return campaigns.get(pk=campaign_id)


def _hand_over(batches: list[Batch], *, now: datetime, token: str) -> list[Claimed]:
    """Write (or, after a batch that was surely not sent, renew) the deliveries of one campaign's batches."""
    lease = {"token": token, "lease_until": now + timedelta(seconds=app_settings.LEASE_SECONDS)}
    handed: dict[int, Handed] = {}
    if first := [batch for batch in batches if not batch.attempts]:
        handed |= hand_over_first(first, **lease)
    if again := [batch for batch in batches if batch.pk not in handed]:
        for batch in again:
            _skip_those_who_left(batch)
        write_claim(again, **lease)
        handed |= handed_people(again)
    return [Claimed(batch, _within_what_was_confirmed(batch, handed[batch.pk])) for batch in batches]


def _within_what_was_confirmed(batch: Batch, handed: Handed) -> dict[int, str]:
    """Whom to text, `{subscriber: number}`.

    Somebody whose sign-up was committed after the launch counted them can't be paid from what was confirmed. Such a
    row looks as old as the launch, so whoever changed last goes until people and credits fit the batch again.
    """
    if len(handed.people) <= batch.recipients and handed.credits <= batch.credits:
        return handed.people
    late = _latecomers(batch, handed)
    _skip(batch, late, SkipReason.LATE)
    count_handed(batch)
    return {person: number for person, number in handed.people.items() if person not in late}


def _latecomers(batch: Batch, handed: Handed) -> list[int]:
    costs = dict(_waiting_people(batch).values_list("subscriber_id", "credits"))
    newest = Subscriber.objects.filter(pk__in=handed.people).order_by("-status_changed_at", "-pk")
    credits, late = handed.credits, []
    for person in newest.values_list("pk", flat=True):
        if len(handed.people) - len(late) <= batch.recipients and credits <= batch.credits:
            break
        late.append(person)
        credits -= costs[person]
    return late


def deliveries_of(batch: Batch):
    """The batch's deliveries, found by the range of the primary key: the hot table has no other index."""
    return Delivery.objects.filter(
        campaign=batch.campaign_id,
        subscriber_id__gte=batch.first_id,
        subscriber_id__lte=batch.last_id,
        batch=batch.pk,
    )


def _skip_those_who_left(batch: Batch) -> None:
    """Before another try: whoever stopped, was suspended or deleted meanwhile is not texted any more."""
    handed = _waiting_people(batch)
    statuses = dict(Subscriber.objects.filter(pk__in=handed.values("subscriber_id")).values_list("pk", "status"))
    leaving = defaultdict(list)
    for person in handed.values_list("subscriber_id", flat=True):
        reason = _reason(statuses.get(person))
        if reason:
            leaving[reason].append(person)
    for reason, people in leaving.items():
        _skip(batch, people, reason)


def _skip(batch: Batch, people: list[int], reason: str) -> None:
    handed = _waiting_people(batch).filter(subscriber_id__in=people)
    handed.update(status=DeliveryStatus.SKIPPED, credits=0, reason=reason)


def _waiting_people(batch: Batch):
    return deliveries_of(batch).filter(status=DeliveryStatus.HANDED)


def _reason(status: str | None) -> str:
    if status is None:
        return SkipReason.ERASED
    reasons = {
        SubscriberStatus.STOPPED: SkipReason.STOPPED,
        SubscriberStatus.SUSPENDED: SkipReason.SUSPENDED,
        SubscriberStatus.UNREACHABLE: SkipReason.UNREACHABLE,
    }
    return reasons.get(status, "")
