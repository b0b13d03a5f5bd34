"""Messages that are being written: kept as they are, by whoever writes, and never overwritten in silence."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from wagtail_sms.campaigns.estimate import check_draft
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.exceptions import DraftChanged, IllegalTransition
from wagtail_sms.states import CampaignStatus


UNSENT = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)


def unsent(site) -> QuerySet[Campaign]:
    """The site's drafts and scheduled messages."""
    return Campaign.objects.filter(site=site, status__in=UNSENT)


def save_draft(
    site, *, body: str, form_token: UUID, revision: int | None = None, by=None, now: datetime | None = None
) -> Campaign:
    """Keep what one form has. The same token gives the same campaign; what is no draft any more stays as it is.

    `revision` is the version that was in front of the editor, 0 for a message that was never kept; None asks nothing.
    Raises DraftChanged if somebody kept another text since, MessageRefused, and IllegalTransition for another site's
    token. Runs in its own transaction.
    """
    body, now = check_draft(body), now or timezone.now()
    with transaction.atomic():
        if Campaign.objects.filter(form_token=form_token).exclude(site=site).exists():
            raise IllegalTransition()
        campaign, is_new = Campaign.objects.get_or_create(
            form_token=form_token,
            site=site,
            defaults={"body": body, "created_at": now, "created_by": by, "edited_at": now, "edited_by": by},
        )
        if not is_new and campaign.body != body:
            seen = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT)
            if revision is not None:
                seen = seen.filter(revision=revision)
            kept = seen.update(body=body, revision=F("revision") + 1, edited_at=now, edited_by=by, held_reason="")
            campaign.refresh_from_db()
            if not kept and campaign.status == CampaignStatus.DRAFT:
                raise DraftChanged(campaign)
    return campaign if is_new else Campaign.objects.get(pk=campaign.pk)


def discard(campaign: Campaign) -> None:
    """Delete a draft for good. Raises IllegalTransition for one that is scheduled or sent. Own transaction."""
    with transaction.atomic():
        drafts = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT)
        # Locks the row: a launch at the same moment comes before, and then there is no draft, or finds nothing.
        if not drafts.update(status=CampaignStatus.DRAFT):
            raise IllegalTransition()
        drafts.delete()
