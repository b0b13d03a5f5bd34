"""From a confirmed quote to a queued campaign: the one moment where credits are committed."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from wagtail import hooks
from wagtail.log_actions import log

from wagtail_sms.campaigns.drafts import save_draft
from wagtail_sms.campaigns.estimate import check_body, check_ending, estimate, estimate_second_try
from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.campaigns.quotes import Quote, prices_changed
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import retries
from wagtail_sms.exceptions import (
    AlreadySent,
    ExtensionNotInstalled,
    IllegalTransition,
    NobodyToText,
    QuoteChanged,
)
from wagtail_sms.extension import is_installed
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.senders.provisioning import senders_for
from wagtail_sms.signals import campaign_launched
from wagtail_sms.states import CampaignStatus
from wagtail_sms.wake import wake


LATELY = timedelta(hours=24)
LAUNCHABLE = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)


def compose(
    site, *, body: str, form_token: UUID, revision: int | None = None, by=None, now: datetime | None = None
) -> Campaign:
    """The draft of one form, fit to be sent. The same token gives the same campaign; see `drafts.save_draft`.

    Raises MessageRefused, DraftChanged. Runs in its own transaction.
    """
    return save_draft(site, body=check_body(body), form_token=form_token, revision=revision, by=by, now=now)


def launch(
    campaign: Campaign,
    *,
    quote: Quote,
    repeat_of: Campaign | None = None,
    by=None,
    now: datetime | None = None,
) -> Campaign:
    """Reserve the quoted credits and queue the campaign; launching it again returns it unchanged.

    `quote` is what the editor agreed to. Its audience is priced again: if that costs more, any price changed or it was
    for another text, QuoteChanged asks anew; if some of its people have left since, it costs less. Whoever joined since
    is not in it.
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
        if campaign.retry_of_id:
            # Before the wallet: whoever folds reports locks in this order too.
            _take_failures(campaign)
        ledger.lock(campaign.site)
        _refuse_a_second_sending(campaign, repeat_of=repeat_of, now=now)
        for hook in hooks.get_hooks("before_launch_sms_campaign"):
            hook(campaign, by)
        current = confirmed(campaign, quote)
        _commit_figures(campaign, current, by=by, now=now)
        log(
            campaign,
            "wagtail_sms.send",
            user=by,
            title=log_title(campaign),
            data={"recipients": current.recipients, "credits": current.credits},
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
    if campaign.retry_of_id:
        # Meant, and to nobody twice: each failure was taken by this campaign alone.
        return
    earlier = same_text_sent_lately(campaign.site, body=campaign.body, now=now)
    if earlier is not None and earlier != repeat_of:
        raise AlreadySent(earlier)


def confirmed(campaign: Campaign, quote: Quote) -> Quote:
    """The quote as it is now, if it is what was confirmed or less.

    Raises QuoteChanged, NobodyToText, MessageRefused. Reads only.
    """
    body = check_body(campaign.body)
    if campaign.retry_of_id:
        current, _left = estimate_second_try(campaign.retry_of, taken_by=campaign.pk)
    else:
        current = estimate(campaign.site, body=body, through=quote.through, reach=quote.reach)
    # A reach is a rule about prices: with other prices it means other people.
    if quote.reach and current.card_id != quote.card_id:
        raise QuoteChanged(confirmed=quote, current=estimate(campaign.site, body=body))
    if current.digest != quote.digest or prices_changed(quote, current) or current.credits > quote.credits:
        raise QuoteChanged(confirmed=quote, current=current)
    if not current.recipients:
        raise NobodyToText()
    check_ending(current)
    return current


def _take_failures(campaign: Campaign) -> None:
    card = current_card()
    retries.take(campaign.retry_of, by=campaign.pk, card_id=card.pk if card else None)


def _commit_figures(campaign: Campaign, quote: Quote, *, by, now: datetime) -> None:
    countries = [line.country for line in quote.lines]
    rates = CountryRate.objects.filter(card=quote.card_id, country__in=countries)
    senders = senders_for(campaign.site, sorted(set(rates.values_list("provider", flat=True))))
    reservation = ledger.reserve(
        campaign.site, amount=quote.credits, key=f"campaign:{campaign.pk}", purpose="campaign", now=now
    )
    campaign.body = check_body(campaign.body)
    # Each batch has its provider's; this is the one that is shown.
    campaign.sender = senders.get("default", next(iter(senders.values()))).number
    campaign.launched_at, campaign.launched_by = now, by
    campaign.held_reason = ""
    campaign.card_id, campaign.reservation = quote.card_id, reservation
    campaign.encoding, campaign.segments = quote.encoding, quote.segments
    campaign.recipients, campaign.credits = quote.recipients, quote.credits
    campaign.audience_through = quote.through
    campaign.link_countries = ",".join(quote.link_countries)
    campaign.link_line, campaign.link_segments = quote.link_line, quote.link_segments
    if quote.reach:
        campaign.reach_credits, campaign.reach_through = quote.reach.rate, quote.reach.through
        campaign.left_out = quote.reach.left_out
    campaign.save()
