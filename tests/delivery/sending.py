"""Steps that the delivery tests share: write, confirm, launch, plan, dispatch."""

from uuid import uuid4

from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.dispatch import dispatch


def launched(site, *, body: str = "Tonight: piano."):
    campaign = compose(site, body=body, form_token=uuid4())
    return launch(campaign, quote=estimate(site, body=body))


def sent(site, *, body: str = "Tonight: piano."):
    """A campaign that went all the way to the provider."""
    campaign = launched(site, body=body)
    plan(campaign.pk)
    dispatch()
    campaign.refresh_from_db()
    return campaign
