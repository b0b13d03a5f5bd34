"""The campaign that is finished when the demo opens: really sent, through the engine and over the gateway."""

from uuid import NAMESPACE_URL, uuid5

import requests
from django.conf import settings
from django.contrib.auth.models import User
from wagtail.models import Site

from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.subscribers.models import Subscriber


TOKEN = uuid5(NAMESPACE_URL, "wagtail-sms sandbox: the first campaign")
BODY = (
    "Halle Nord: the new season is here! Eight evenings, one whole night, one morning with cocoa. "
    "Moth Weather and Kadenz are almost gone. Reply STOP to end."
)

# Phones that are switched off for good, so that the history has more to show than success.
SWITCHED_OFF = 6


def load_campaign(site: Site, *, by: User) -> Campaign:
    """Send it to everybody who is subscribed now; once sent, nothing happens. Its reports come over the gateway."""
    campaign = compose(site, body=BODY, form_token=TOKEN, by=by)
    if campaign.launched_at is None:
        _switch_phones_off(site)
        launch(campaign, quote=estimate(site, body=BODY), by=by)
        plan(campaign.pk)
        dispatch()
        campaign.refresh_from_db()
    return campaign


def _switch_phones_off(site: Site) -> None:
    """Tell the network which phones it can't reach."""
    people = Subscriber.objects.of(site).reachable().order_by("pk")
    for number in people.values_list("number", flat=True)[10 : 10 + SWITCHED_OFF * 7 : 7]:
        switch = {"name": "phone", "value": "unreachable", "phone": number}
        requests.post(f"{settings.GATEWAY_URL}/control/switches", json=switch, timeout=10).raise_for_status()
