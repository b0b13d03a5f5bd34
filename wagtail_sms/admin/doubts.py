"""Uncertain texts on a campaign's own page: what waits for a person, what is still asked about, what was decided."""

from datetime import datetime

from django.urls import reverse

from wagtail_sms.admin.access import may
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.progress import Progress
from wagtail_sms.delivery.doubt import Both, uncertain_batches
from wagtail_sms.delivery.models import Decision
from wagtail_sms.states import Verdict


# A decision moves credits by a person's word, and only the operator can look into the provider's account: so it takes
# the right to give and take credits, for all sites.
DECIDE = "adjust_credits"


def doubts_of(campaign: Campaign, found: Progress, *, user, now: datetime) -> dict:
    """What the page says of uncertain people, and the links for those who may decide."""
    both = Both.of(uncertain_batches(campaign=campaign), now=now) if found.uncertain else None
    return {
        "doubts": both,
        "may_decide": may(user, None, DECIDE),
        "decide_links": [(verdict, decide_url(campaign, verdict)) for verdict in Verdict],
        "decisions": decisions_about(campaign),
    }


def decide_url(campaign: Campaign, verdict: Verdict) -> str:
    return reverse("wagtail_sms:decide_campaign", args=[campaign.pk, verdict])


def decisions_about(campaign: Campaign) -> list[Decision]:
    """What people decided, newest first."""
    return list(Decision.objects.filter(campaign=campaign).select_related("decided_by").order_by("-pk"))
