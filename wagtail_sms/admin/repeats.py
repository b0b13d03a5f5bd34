"""Messages that were sent before by the same form."""

from uuid import UUID

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.states import CampaignStatus


def of_this_form(site, *, token: UUID | None) -> Campaign | None:
    """The campaign that this form launched, if it did."""
    if token is None:
        return None
    return Campaign.objects.filter(site=site, form_token=token).exclude(status=CampaignStatus.DRAFT).first()


def token_for(site, *, token: UUID | None) -> UUID | None:
    """The token if this site may still send with it, else None: a token belongs to one message of one site."""
    if token is None:
        return None
    taken = Campaign.objects.filter(form_token=token)
    return None if taken.exclude(site=site, status=CampaignStatus.DRAFT).exists() else token
