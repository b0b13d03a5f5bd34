"""The same text once more, to those whose phone it could not reach: a campaign of its own, with a price of its own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from wagtail.log_actions import log

from wagtail_sms.campaigns.estimate import estimate_second_try
from wagtail_sms.campaigns.launch import launch
from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.campaigns.quotes import Quote
from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.states import CampaignStatus


ENDED = (CampaignStatus.DONE, CampaignStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class SecondTry:
    """What it costs, and how many of those who failed can't be texted any more."""

    quote: Quote
    left: int


def may_be_tried_again(campaign: Campaign) -> bool:
    """Whether it was sent and nothing of it waits any more."""
    return campaign.status in ENDED and campaign.launched_at is not None


def offer(campaign: Campaign) -> SecondTry:
    """Price a second try as it would be now. Reads only."""
    quote, left = estimate_second_try(campaign)
    return SecondTry(quote, left)


def retry(campaign: Campaign, *, quote: Quote, form_token: UUID, by=None, now: datetime | None = None) -> Campaign:
    """Launch a campaign with the same text to those who failed for a reason that may pass. See `launch.launch`.

    Each failure is sent a second time once, whoever asks and however often; the same token gives the same campaign.
    Raises IllegalTransition while it is under way, and what `launch` raises; nothing is left behind then.
    Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if not may_be_tried_again(campaign):
            raise IllegalTransition()
        second, is_new = Campaign.objects.get_or_create(
            form_token=form_token,
            defaults={
                "site_id": campaign.site_id,
                "retry_of": campaign,
                "body": campaign.body,
                "created_at": now,
                "created_by": by,
            },
        )
        if second.retry_of_id != campaign.pk:
            raise IllegalTransition()
        if not is_new:
            return second
        launch(second, quote=quote, by=by, now=now)
        facts = {"people": second.recipients, "campaign": second.pk}
        log(campaign, "wagtail_sms.retry", user=by, title=log_title(campaign), data=facts)
    return second
