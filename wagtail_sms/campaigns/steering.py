"""Pausing, resuming and cancelling a campaign that is under way."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.settle import finish_if_over, settle_batches
from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.states import CAMPAIGN_MOVES, BatchStatus, CampaignStatus
from wagtail_sms.wake import wake


def pause(campaign: Campaign, *, by=None) -> Campaign:
    """Stop handing messages over until somebody resumes it. Raises IllegalTransition. Own transaction."""
    with transaction.atomic():
        _move(campaign, CampaignStatus.PAUSED, paused_reason=_("Paused by an editor."), resume_at=None)
        log(campaign, "wagtail_sms.pause", user=by, title=log_title(campaign))
    return campaign


def resume(campaign: Campaign, *, by=None) -> Campaign:
    """Go on with a paused campaign. Raises IllegalTransition. Own transaction."""
    with transaction.atomic():
        _move(campaign, CampaignStatus.SENDING, paused_reason="", resume_at=None)
        log(campaign, "wagtail_sms.resume", user=by, title=log_title(campaign))
        wake("wagtail_sms.plan_campaign", campaign.pk)
    return campaign


def cancel(campaign: Campaign, *, by=None, now: datetime | None = None) -> Campaign:
    """Send no further message and give the credits of the unsent ones back; what was handed over stays.

    Raises IllegalTransition. Own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _move(campaign, CampaignStatus.CANCELLED, finished_at=now, resume_at=None, planned_at=now)
        waiting = Batch.objects.filter(campaign=campaign, status=BatchStatus.QUEUED)
        ids = list(waiting.values_list("pk", flat=True))
        waiting.filter(pk__in=ids).update(status=BatchStatus.CANCELLED, finished_at=now)
        settle_batches(campaign, ids)
        finish_if_over(campaign, now=now)
        log(campaign, "wagtail_sms.cancel", user=by, title=log_title(campaign))
    return campaign


def _move(campaign: Campaign, target: str, **fields) -> None:
    origins = [origin for origin, targets in CAMPAIGN_MOVES.items() if target in targets]
    origins = [origin for origin in origins if origin not in (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)]
    moved = Campaign.objects.filter(pk=campaign.pk, status__in=origins).update(status=target, **fields)
    campaign.refresh_from_db()
    if not moved:
        raise IllegalTransition()
