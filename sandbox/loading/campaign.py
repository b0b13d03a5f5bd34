"""The campaign that is finished when the demo opens: really sent, through the engine and over the gateway."""

from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from wagtail.models import Site

from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.dispatch import dispatch


TOKEN = uuid5(NAMESPACE_URL, "wagtail-sms sandbox: the first campaign")
BODY = (
    "Halle Nord: the new season is here! Eight evenings, one whole night, one morning with cocoa. "
    "Moth Weather and Kadenz are almost gone. Reply STOP to end."
)


def load_campaign(site: Site, *, by: User) -> Campaign:
    """Send it to everybody who is subscribed now; once sent, nothing happens. Its reports come over the "
    "gateway."""
    campaign = compose(site, body=BODY, form_token=TOKEN, by=by)
    if campaign.launched_at is None:
        quote = estimate(site, body=BODY)
        launch(campaign, confirmed_credits=quote.credits, by=by)
        plan(campaign.pk)
        dispatch()
        campaign.refresh_from_db()
    return campaign
