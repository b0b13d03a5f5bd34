"""The sweeper: finds what waits and wakes it. Everything it does may be done at any time, by any number of them."""

from collections import defaultdict
from datetime import datetime

from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from wagtail_sms import low_credits, number_requests
from wagtail_sms.credits import low
from wagtail_sms.delivery import dispatch, heartbeat, notice_queue, notices, replays
from wagtail_sms.delivery.journal import forget_old
from wagtail_sms.delivery.lookup import look_up_uncertain, write_off_the_erased
from wagtail_sms.delivery.models import Batch, ReportEvent
from wagtail_sms.delivery.repeat import repeat_uncertain
from wagtail_sms.delivery.settle import finish_if_over, settle_batches
from wagtail_sms.states import BatchStatus, CampaignStatus, ReservationStatus
from wagtail_sms.wake import wake


def sweep(*, now: datetime | None = None) -> None:
    """Name expired claims uncertain, resume what rested, and wake each task that has work."""
    now = now or timezone.now()
    dispatch.expire_leases(now=now)
    notice_queue.expire_leases(now=now)
    resume_rested(now=now)
    notices.pay_for_waiting(now=now)
    repeat_uncertain(now=now)
    look_up_uncertain(now=now)
    write_off_the_erased()
    cancel_leftovers(now=now)
    for campaign in _campaigns().filter(_to_be_closed()).select_related("reservation"):
        finish_if_over(campaign, now=now)
    for pk in unplanned_campaigns():
        wake("wagtail_sms.plan_campaign", pk)
    wake("wagtail_sms.obtain_numbers")
    for provider in dispatch.waiting_providers(now=now):
        dispatch.wake_lanes(provider)
    for provider in notice_queue.waiting_providers(now=now):
        wake("wagtail_sms.send_notices", provider)
    if ReportEvent.objects.exists():
        wake("wagtail_sms.fold_reports")
    wake("wagtail_sms.pull_statuses")
    heartbeat.note(heartbeat.SWEEP, now=now)
    forget_old()
    replays.prune(now=now)
    low.rearm()
    if low_credits.due().exists():
        wake("wagtail_sms.tell_if_low")
    if number_requests.open_requests().filter(told_at=None).exists():
        wake("wagtail_sms.tell_operators")


def _to_be_closed() -> Q:
    """Campaigns whose planning is over and that may have ended, or whose credits are still held after the end."""
    ended = Q(status__in=(CampaignStatus.DONE, CampaignStatus.CANCELLED), reservation__status=ReservationStatus.HELD)
    return Q(status=CampaignStatus.SENDING, planned_at__isnull=False) | ended


def resume_rested(*, now: datetime) -> int:
    """Campaigns that paused because the provider could not be reached go on. Returns how many."""
    rested = _campaigns().filter(status=CampaignStatus.PAUSED, resume_at__lte=now)
    return rested.update(status=CampaignStatus.SENDING, resume_at=None, paused_reason="")


def cancel_leftovers(*, now: datetime) -> int:
    """Batches that came back to the queue after their campaign was cancelled. Returns how many."""
    leftovers = Batch.objects.filter(status=BatchStatus.QUEUED, campaign__status=CampaignStatus.CANCELLED)
    by_campaign = defaultdict(list)
    for batch in leftovers.select_related("campaign").order_by("pk"):
        by_campaign[batch.campaign].append(batch.pk)
    for campaign, ids in by_campaign.items():
        with transaction.atomic():
            queued = Batch.objects.filter(pk__in=ids, status=BatchStatus.QUEUED)
            queued.update(status=BatchStatus.CANCELLED, finished_at=now)
            settle_batches(campaign, ids)
    return sum(map(len, by_campaign.values()))


def unplanned_campaigns() -> list[int]:
    """Primary keys of launched campaigns whose audience is not (wholly) cut into batches yet."""
    running = (CampaignStatus.QUEUED, CampaignStatus.SENDING)
    return list(_campaigns().filter(status__in=running, planned_at=None).values_list("pk", flat=True))


def _campaigns():
    return apps.get_model("wagtail_sms", "Campaign").objects
