"""Messages that were written or sent before: by the same form, or to begin with."""

from uuid import UUID

from django.utils.translation import gettext as _

from wagtail_sms.campaigns.models import Campaign, MessageTemplate
from wagtail_sms.states import CampaignStatus


LAST_KEY = 2**63 - 1


def of_this_form(site, *, token: UUID | None) -> Campaign | None:
    """The campaign that this form launched, if it did."""
    if token is None:
        return None
    return Campaign.objects.filter(site=site, form_token=token).exclude(status=CampaignStatus.DRAFT).first()


def written_with(site, *, token: str) -> Campaign | None:
    """The site's campaign, draft or not, of the form with this token."""
    try:
        return Campaign.objects.filter(site=site, form_token=UUID(token)).first()
    except ValueError:
        return None


def begun_with(site, query) -> tuple[str, str]:
    """The text that a new message begins with, a copy of a message or of a template, and what is to be said of it."""
    kinds = {
        "copy": (Campaign, _("The message to be copied is not there any more.")),
        "template": (MessageTemplate, _("This template is not there any more.")),
    }
    for name, (model, missing) in kinds.items():
        if name in query:
            key = query[name] if query[name].isascii() and query[name].isdigit() else "0"
            found = model.objects.filter(site=site, pk=min(int(key[:20]), LAST_KEY)).first()
            return (found.body, "") if found else ("", missing)
    return "", ""


def token_for(site, *, token: UUID | None) -> UUID | None:
    """The token if this site may still send with it, else None: a token belongs to one message of one site."""
    if token is None:
        return None
    taken = Campaign.objects.filter(form_token=token)
    return None if taken.exclude(site=site, status=CampaignStatus.DRAFT).exists() else token
