"""What happened to a message and who did it, from the site's log and the campaign itself. The latest comes last."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry

from wagtail_sms.campaigns.models import Campaign


@dataclass(frozen=True, slots=True)
class Happening:
    """`by` is a name, or "" for what happened by itself."""

    at: datetime
    what: str
    by: str = ""


def timeline(campaign: Campaign) -> list[Happening]:
    """One query. A log never holds a number or a text, so whoever sees the page may see it."""
    found = [
        Happening(entry.timestamp, str(entry.message), entry.user_display_name if entry.user_id else "")
        for entry in ModelLogEntry.objects.for_instance(campaign).select_related("user__wagtail_userprofile")
    ]
    written = _("Written")
    if campaign.retry_of_id:
        written = _("Begun as the second try of campaign %(number)s") % {"number": campaign.retry_of_id}
    found.append(Happening(campaign.created_at, written, _name(campaign.created_by)))
    if campaign.planned_at:
        found.append(Happening(campaign.planned_at, _("Everybody found who is to be texted")))
    if campaign.finished_at:
        found.append(Happening(campaign.finished_at, _("Finished: nothing waits to be sent any more")))
    return sorted(found, key=lambda happening: happening.at)


def _name(user) -> str:
    return (user.get_full_name() or user.get_username()) if user else ""
