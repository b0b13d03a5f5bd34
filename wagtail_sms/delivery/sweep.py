"""The sweeper: finds what waits and wakes it. Everything it does may be done at any time, by any number of them."""

from datetime import datetime

from django.apps import apps
from django.db.models import Q
from django.utils import timezone

from wagtail_sms.delivery import dispatch, notice_queue, notices
from wagtail_sms.delivery.lookup import look_up_uncertain, write_off_the_erased
from wagtail_sms.delivery.models import Notice, ReportEvent
from wagtail_sms.delivery.settle import finish_if_over
from wagtail_sms.states import CampaignStatus, NoticeStatus, ReservationStatus
from wagtail_sms.wake import wake


def sweep(*, now: datetime | None = None) -> None:
    """Name expired claims uncertain, resume what rested, and wake each task that has work."""
    now = now or timezone.now()
    dispatch.expire_leases(now=now)
    notice_queue.expire_leases(now=now)
    resume_rested(now=now)
    notices.pay_for_waiting(now=now)
    look_up_uncertain(now=now)
    write_off_the_erased()
    for campaign in _campaigns().filter(_to_be_closed()).select_related("reservation"):
        finish_if_over(campaign, now=now)
    for pk in unplanned_campaigns():
        wake("wagtail_sms.plan_campaign", pk)
    wake("wagtail_sms.obtain_numbers")
    if _campaigns().filter(status=CampaignStatus.SENDING).exists():
        wake("wagtail_sms.dispatch")
    if Notice.objects.filter(status=NoticeStatus.QUEUED, next_attempt_at__lte=now).exists():
        wake("wagtail_sms.send_notices")
    if ReportEvent.objects.filter(folded=False).exists():
        wake("wagtail_sms.fold_reports")


def _to_be_closed() -> Q:
    """Campaigns whose planning is over and that may have ended, or whose credits are still held after the end."""
    ended = Q(status__in=(CampaignStatus.DONE, CampaignStatus.CANCELLED), reservation__status=ReservationStatus.HELD)
    return Q(status=CampaignStatus.SENDING, planned_at__isnull=False) | ended


def resume_rested(*, now: datetime) -> int:
    """Campaigns that paused because the provider could not be reached go on. Returns how many."""
    rested = _campaigns().filter(status=CampaignStatus.PAUSED, resume_at__lte=now)
    return rested.update(status=CampaignStatus.SENDING, resume_at=None, paused_reason="")


def unplanned_campaigns() -> list[int]:
    """Primary keys of launched campaigns whose audience is not (wholly) cut into batches yet."""
    running = (CampaignStatus.QUEUED, CampaignStatus.SENDING)
    return list(_campaigns().filter(status__in=running, planned_at=None).values_list("pk", flat=True))


def _campaigns():
    return apps.get_model("wagtail_sms", "Campaign").objects
