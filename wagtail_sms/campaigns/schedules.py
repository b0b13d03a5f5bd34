"""Messages that are sent later, by the sweeper: each once, as it was confirmed, or not at all and with a reason."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.campaigns.launch import confirmed, launch
from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.campaigns.quotes import Quote, costs_no_more, restored, stored
from wagtail_sms.exceptions import (
    AlreadySent,
    IllegalTransition,
    MessageRefused,
    QuoteChanged,
    WagtailSMSError,
)
from wagtail_sms.states import CampaignStatus


logger = logging.getLogger("wagtail_sms")

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=366)
# A message about tonight helps nobody tomorrow: later than this, a person decides.
PATIENCE = timedelta(hours=2)


def schedule(
    campaign: Campaign,
    *,
    at: datetime,
    quote: Quote,
    repeat_of: Campaign | None = None,
    by=None,
    now: datetime | None = None,
) -> Campaign:
    """Have a draft sent at `at` for the quote that was confirmed now. Nothing is reserved until then.

    Raises MessageRefused for a time out of reach, QuoteChanged, NobodyToText, IllegalTransition. Own transaction.
    """
    now = now or timezone.now()
    if not now + SOONEST <= at <= now + LATEST:
        raise MessageRefused(_("Choose a time in the future, within a year."), code="send_at")
    with transaction.atomic():
        moved = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT).update(
            status=CampaignStatus.SCHEDULED,
            send_at=at,
            scheduled_by=by,
            confirmed=stored(quote),
            repeat_of=repeat_of,
            held_reason="",
        )
        campaign.refresh_from_db()
        if not moved:
            raise IllegalTransition()
        confirmed(campaign, quote)
        log(campaign, "wagtail_sms.schedule", user=by, title=log_title(campaign), data={"at": at.isoformat()})
    return campaign


def unschedule(campaign: Campaign, *, by=None) -> Campaign:
    """Make it a draft again. Raises IllegalTransition when it was sent meanwhile. Own transaction."""
    with transaction.atomic():
        _back_to_draft(campaign.pk, reason="")
        campaign.refresh_from_db()
        log(campaign, "wagtail_sms.unschedule", user=by, title=log_title(campaign))
    return campaign


def launch_due(*, now: datetime | None = None) -> int:
    """Send what is due. Returns how many were launched. May run at any time, by any number of sweepers."""
    now = now or timezone.now()
    return sum(_launch_if_due(pk, now=now) for pk in _due(now).order_by("send_at", "pk").values_list("pk", flat=True))


def _launch_if_due(pk: int, *, now: datetime) -> bool:
    """One transaction each, so that a mistake in one (a host's hook) keeps no other waiting."""
    try:
        with transaction.atomic():
            # Nobody else sees the draft that it is in between: of two sweepers the second finds nothing due.
            if not _due(now).filter(pk=pk).update(status=CampaignStatus.DRAFT):
                return False
            return _launch_or_hold(Campaign.objects.select_related("repeat_of", "scheduled_by").get(pk=pk), now=now)
    except Exception:
        logger.exception("Campaign %s is due and could not be sent; the next sweep tries again.", pk)
        return False


def _launch_or_hold(campaign: Campaign, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            _launch(campaign, now=now)
    except WagtailSMSError as error:
        Campaign.objects.filter(pk=campaign.pk).update(confirmed=None, held_reason=_reason(error))
        log(campaign, "wagtail_sms.hold", user=None, title=log_title(campaign))
        return False
    return True


def _launch(campaign: Campaign, *, now: datetime) -> None:
    quote = restored(campaign.confirmed)
    if quote is None:
        raise WagtailSMSError(_("It was confirmed before an update of the software. Please confirm it again."))
    if now > campaign.send_at + PATIENCE:
        raise WagtailSMSError(_("At its time nothing was running that could send it, and now it may be too late."))
    facts = {"repeat_of": campaign.repeat_of, "by": campaign.scheduled_by, "now": now}
    try:
        with transaction.atomic():
            launch(campaign, quote=quote, **facts)
    except QuoteChanged as changed:
        if not costs_no_more(quote, changed.current):
            raise
        launch(Campaign.objects.get(pk=campaign.pk), quote=changed.current, **facts)


def _reason(error: WagtailSMSError) -> str:
    if isinstance(error, QuoteChanged) and error.current.credits > error.confirmed.credits:
        return _("It would cost %(now)s credits, more than the %(before)s that were confirmed.") % {
            "now": f"{error.current.credits:,}",
            "before": f"{error.confirmed.credits:,}",
        }
    if isinstance(error, QuoteChanged):
        return _("The prices changed since it was confirmed, and some people could not be texted as planned.")
    if isinstance(error, AlreadySent):
        return _("The same text was sent less than a day before.")
    return str(error.message)


def _back_to_draft(pk: int, *, reason: str) -> None:
    scheduled = Campaign.objects.filter(pk=pk, status=CampaignStatus.SCHEDULED)
    if not scheduled.update(status=CampaignStatus.DRAFT, confirmed=None, send_at=None, held_reason=reason):
        raise IllegalTransition()


def _due(now: datetime):
    return Campaign.objects.filter(status=CampaignStatus.SCHEDULED, send_at__lte=now)
