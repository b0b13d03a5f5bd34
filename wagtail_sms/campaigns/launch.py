"""From a confirmed quote to a queued campaign: the one moment where credits are committed."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from wagtail import hooks
from wagtail.log_actions import log

from wagtail_sms.campaigns.audience import last_subscriber_id
from wagtail_sms.campaigns.estimate import Quote, check_body, estimate
from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import (
    AlreadySent,
    ExtensionNotInstalled,
    IllegalTransition,
    NobodyToText,
    NoSenderNumber,
    QuoteChanged,
)
from wagtail_sms.extension import is_installed
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.signals import campaign_launched
from wagtail_sms.states import CampaignStatus
from wagtail_sms.wake import wake


LATELY = timedelta(hours=24)
LAUNCHABLE = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)


def compose(site, *, body: str, form_token: UUID, by=None, now: datetime | None = None) -> Campaign:
    """The draft of one form. The same token gives the same campaign; a draft takes the new body, a launched one not.

    Raises MessageRefused. Runs in its own transaction.
    """
    body, now = check_body(body), now or timezone.now()
    with transaction.atomic():
        campaign, _created = Campaign.objects.get_or_create(
            form_token=form_token,
            site=site,
            defaults={"body": body, "created_at": now, "created_by": by},
        )
        Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT).update(body=body)
    campaign.refresh_from_db()
    return campaign


def launch(
    campaign: Campaign,
    *,
    confirmed_credits: int,
    repeat_of: Campaign | None = None,
    by=None,
    now: datetime | None = None,
) -> Campaign:
    """Reserve the confirmed credits and queue the campaign; launching it again returns it unchanged.

    `confirmed_credits` is the total the editor agreed to: a dearer campaign raises QuoteChanged, so nobody pays more.
    The text of a campaign of the last day raises AlreadySent, unless it is `repeat_of`, which says that it is meant.
    Raises InsufficientCredits, NobodyToText, NoSenderNumber, ExtensionNotInstalled, MessageRefused, IllegalTransition.
    Runs in its own transaction; the planner is woken after the commit.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # The compare-and-set comes first: of two clicks the second waits here and then finds nothing to set.
        queued = Campaign.objects.filter(pk=campaign.pk, status__in=LAUNCHABLE).update(status=CampaignStatus.QUEUED)
        campaign.refresh_from_db()
        if not queued:
            return _already_launched(campaign)
        if not is_installed(campaign.site):
            raise ExtensionNotInstalled()
        ledger.lock(campaign.site)
        _refuse_a_second_sending(campaign, repeat_of=repeat_of, now=now)
        for hook in hooks.get_hooks("before_launch_sms_campaign"):
            hook(campaign, by)
        quote = _confirmed_quote(campaign, confirmed_credits)
        _commit_figures(campaign, quote, by=by, now=now)
        log(
            campaign,
            "wagtail_sms.send",
            user=by,
            title=log_title(campaign),
            data={"recipients": quote.recipients, "credits": quote.credits},
        )
        wake("wagtail_sms.plan_campaign", campaign.pk)
        transaction.on_commit(lambda: campaign_launched.send_robust(sender=Campaign, campaign=campaign), robust=True)
    return campaign


def _already_launched(campaign: Campaign) -> Campaign:
    if campaign.status == CampaignStatus.CANCELLED and campaign.launched_at is None:
        raise IllegalTransition()
    return campaign


def same_text_sent_lately(site, *, body: str, now: datetime) -> Campaign | None:
    """The newest campaign of the last day with exactly this text."""
    lately = Campaign.objects.filter(site=site, body=body, launched_at__gte=now - LATELY)
    return lately.exclude(status=CampaignStatus.CANCELLED).order_by("-launched_at").first()


def _refuse_a_second_sending(campaign: Campaign, *, repeat_of: Campaign | None, now: datetime) -> None:
    """Two tabs make two campaigns of one message; whoever comes second waited for the wallet and finds the first."""
    earlier = same_text_sent_lately(campaign.site, body=campaign.body, now=now)
    if earlier is not None and earlier != repeat_of:
        raise AlreadySent(earlier)


def _confirmed_quote(campaign: Campaign, confirmed_credits: int) -> Quote:
    quote = estimate(campaign.site, body=check_body(campaign.body))
    if not quote.recipients:
        raise NobodyToText()
    if quote.credits > confirmed_credits:
        raise QuoteChanged(confirmed=confirmed_credits, current=quote)
    return quote


def _commit_figures(campaign: Campaign, quote: Quote, *, by, now: datetime) -> None:
    sender = sender_for(campaign.site)
    if sender is None:
        raise NoSenderNumber()
    reservation = ledger.reserve(
        campaign.site, amount=quote.credits, key=f"campaign:{campaign.pk}", purpose="campaign", now=now
    )
    campaign.body = check_body(campaign.body)
    campaign.sender, campaign.provider = sender.number, sender.provider
    campaign.launched_at, campaign.launched_by = now, by
    campaign.card_id, campaign.reservation = quote.card_id, reservation
    campaign.encoding, campaign.segments = quote.encoding, quote.segments
    campaign.recipients, campaign.credits = quote.recipients, quote.credits
    campaign.audience_through = last_subscriber_id(campaign.site)
    campaign.save()
