"""The sending task: claim batches, hand them to the provider, record what it said; then the next ones."""

import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.claim import Claimed, claim, recheck
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.record import Refusals, record
from wagtail_sms.delivery.settle import finish_if_over, settle_batches
from wagtail_sms.delivery.webhook_urls import report_url
from wagtail_sms.delivery.wire import Pace, Parcel, deadline, send
from wagtail_sms.providers.base import OutboundBatch
from wagtail_sms.states import BatchStatus, CampaignStatus
from wagtail_sms.wake import wake


# One task works this long and then hands on to a fresh one: short tasks survive deploys and broker time-outs.
TURN_SECONDS = 60
RECORD_EVERY = 10


def dispatch(*, provider: str = "default", turn_seconds: float = TURN_SECONDS) -> int:
    """Send what waits in this provider's campaign lane. Returns the number of batches that were handled.

    Nothing is done while another task holds the lane. Every step is a transaction of its own.
    """
    lane = f"campaigns:{provider}"
    holder = lanes.acquire(lane, now=timezone.now())
    if holder is None:
        return 0
    handled, pace, end = 0, Pace(app_settings.MAX_REQUESTS_PER_SECOND), time.monotonic() + turn_seconds
    try:
        while time.monotonic() < end and lanes.renew(lane, holder, now=timezone.now()):
            # No more than can be in flight at once: what waits in a worker's hands can't be stopped any more.
            claimed = claim(app_settings.CONCURRENT_REQUESTS, provider=provider, now=timezone.now())
            if not claimed:
                break
            handled += len(claimed)
            if not _work_off(claimed, provider=provider, lane=lane, pace=pace):
                break
    finally:
        lanes.leave(lane, holder)
    if time.monotonic() >= end and waiting(provider, now=timezone.now()):
        wake("wagtail_sms.dispatch")
    return handled


def waiting(provider: str, *, now: datetime) -> bool:
    """Whether a batch could be claimed now."""
    return Batch.objects.filter(
        status=BatchStatus.QUEUED,
        next_attempt_at__lte=now,
        campaign__status=CampaignStatus.SENDING,
        campaign__provider=provider,
    ).exists()


def _work_off(claimed: list[Claimed], *, provider: str, lane: str, pace: Pace) -> bool:
    """Send and record these batches; False when the provider refused, so the lane rests."""
    claimed = recheck(claimed)
    by_key = {one.batch.pk: one for one in claimed}
    parcels = [_parcel(one, provider) for one in claimed if one.numbers]
    refusals = Refusals(lane)
    record([(one, []) for one in claimed if not one.numbers], now=timezone.now())
    finished = []
    for answer in send(parcels, provider=provider, pace=pace):
        if answer.refused is not None:
            refusals.add(by_key[answer.key].batch, answer.refused)
            continue
        finished.append((by_key[answer.key], answer.results))
        if len(finished) >= RECORD_EVERY:
            record(finished, now=timezone.now())
            finished = []
    record(finished, now=timezone.now())
    went_well = refusals.settle(now=timezone.now())
    for campaign in {one.batch.campaign for one in claimed}:
        finish_if_over(campaign, now=timezone.now())
    return went_well


def _parcel(one: Claimed, provider: str) -> Parcel:
    campaign = one.batch.campaign
    outbound = OutboundBatch(
        reference=one.batch.reference,
        sender=campaign.sender,
        body=campaign.body,
        encoding=campaign.encoding,
        recipients=tuple(one.numbers.values()),
        report_url=report_url(provider),
    )
    return Parcel(one.batch.pk, outbound, deadline())


def expire_leases(*, now: datetime) -> int:
    """Batches whose worker is gone become UNCERTAIN: what it may have sent is not sent again. Returns how many."""
    late = Batch.objects.filter(status=BatchStatus.SENDING, lease_until__lt=now - timedelta(seconds=5))
    by_campaign = defaultdict(list)
    for batch in late.select_related("campaign").order_by("pk"):
        by_campaign[batch.campaign].append(batch.pk)
    for campaign, batch_ids in by_campaign.items():
        with transaction.atomic():
            late.filter(pk__in=batch_ids).update(status=BatchStatus.UNCERTAIN, next_attempt_at=now)
            settle_batches(campaign, batch_ids)
    return sum(map(len, by_campaign.values()))
