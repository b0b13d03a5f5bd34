"""The sending task: claim batches, hand them to the provider, record what it said, all at the same time."""

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.journal import begun
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.delivery.settle import settle_batches
from wagtail_sms.delivery.turn import Turn
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus
from wagtail_sms.wake import wake


logger = logging.getLogger("wagtail_sms")

# One task works this long and then hands on to a fresh one: short tasks survive deploys and broker time-outs.
TURN_SECONDS = 60
# After the end of its lease a batch is left alone for a moment longer: clocks differ.
GRACE = timedelta(seconds=5)
# A batch whose worker died so often while it had nothing else in hand is not tried again.
CRASHES_ALONE = 3


def dispatch(*, provider: str = "default", turn_seconds: float = TURN_SECONDS) -> int:
    """Send what waits in a free campaign lane of this provider. Returns the number of batches that were handled.

    Nothing is done while other tasks hold all lanes, and nothing here waits for another provider. Every step is a
    transaction of its own.
    """
    lease = lanes.acquire(lanes.CAMPAIGNS % provider, now=timezone.now())
    if lease is None:
        return 0
    try:
        handled = Turn(provider, lease, end=time.monotonic() + turn_seconds).run()
    finally:
        lease.leave()
    # Also for whoever was woken while this task held the lane.
    if provider in waiting_providers(now=timezone.now()):
        wake("wagtail_sms.dispatch", provider)
    return handled


def wake_lanes(provider: str) -> None:
    """Wake as many tasks as may send through this provider at once, after the commit."""
    for _lane in range(app_settings.SENDING_LANES):
        wake("wagtail_sms.dispatch", provider)


def waiting_providers(*, now: datetime) -> list[str]:
    """Aliases of the providers for which a batch could be claimed now."""
    waiting = Batch.objects.filter(
        status=BatchStatus.QUEUED, next_attempt_at__lte=now, campaign__status=CampaignStatus.SENDING
    )
    return sorted(waiting.order_by().values_list("provider", flat=True).distinct())


def expire_leases(*, now: datetime) -> int:
    """Batches whose worker is gone: what surely was not begun is queued again, the rest is UNCERTAIN. Returns how many.

    What was begun is in the worker's journal, on its own machine; without a journal everything may have been. What
    may have been sent is not sent again.
    """
    late = Batch.objects.filter(status=BatchStatus.SENDING, lease_until__lt=now - GRACE)
    by_campaign = defaultdict(list)
    for batch in late.select_related("campaign").order_by("pk"):
        by_campaign[batch.campaign].append(batch)
    journals: dict[str, set | None] = {}
    for campaign, batches in by_campaign.items():
        with transaction.atomic():
            locked = set(late.filter(pk__in=[b.pk for b in batches]).select_for_update().values_list("pk", "claim"))
            ours = [batch for batch in batches if (batch.pk, batch.claim) in locked]
            idle = [batch for batch in ours if _was_not_begun(batch, journals)]
            doubtful = [batch.pk for batch in ours if batch not in idle]
            rows = Batch.objects.filter(pk__in=doubtful)
            rows.update(status=BatchStatus.UNCERTAIN, next_attempt_at=now, finished_at=now, lease_until=None)
            given_up = [batch.pk for batch in idle if _try_again(batch, now)]
            settle_batches(campaign, [*doubtful, *given_up])
    return sum(map(len, by_campaign.values()))


def _was_not_begun(batch: Batch, journals: dict[str, set | None]) -> bool:
    task = batch.claim.partition(":")[0]
    if task not in journals:
        journals[task] = begun(task)
    noted = journals[task]
    return noted is not None and (batch.claim, batch.pk) not in noted


def _try_again(batch: Batch, now: datetime) -> bool:
    """Queue it once more; True when it was given up instead, because it takes its worker along each time."""
    batch.crashes += 1
    row = Batch.objects.filter(pk=batch.pk)
    if batch.crashes <= CRASHES_ALONE:
        row.update(status=BatchStatus.QUEUED, crashes=batch.crashes, next_attempt_at=now, lease_until=None)
        return False
    logger.error("Batch %s is given up: its worker died %s times before the request began.", batch.pk, batch.crashes)
    row.update(
        status=BatchStatus.CANCELLED,
        crashes=batch.crashes,
        finished_at=now,
        lease_until=None,
        error_code="quarantined",
        error_text="Its worker died each time before the request began.",
    )
    people = Delivery.objects.filter(campaign=batch.campaign_id, batch=batch.pk, status=DeliveryStatus.HANDED)
    people.filter(subscriber_id__gte=batch.first_id, subscriber_id__lte=batch.last_id).update(
        status=DeliveryStatus.CANCELLED, credits=0
    )
    return True
