"""What Bird blocks is stopped here too, whichever of the two addresses hears of it."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from sandbox.gateway.bird_messages import signed
from tests.factories import SENDER, make_subscriber
from wagtail_sms.delivery.models import InboundEvent, Notice, ReportEvent
from wagtail_sms.phone import parse
from wagtail_sms.providers import get_provider
from wagtail_sms.states import ConsentKind, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.blocks import blocked_sender
from wagtail_sms.subscribers.models import ConsentEvent
from wagtail_sms.subscribers.suppression import is_suppressed
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
SECRET = "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3RzIG9mIG9wdC1vdXRz"
NUMBER = "+12015550100"
HOOKS = ["wagtail_sms_reports", "wagtail_sms_inbound"]


@pytest.fixture
def person(site):
    return make_subscriber(site, NUMBER)


@pytest.fixture(autouse=True)
def _bird(site, other_site, settings):
    options = {"API_KEY": "bk_eu1_x", "WEBHOOK_SECRET": SECRET, "SENDER": SENDER}
    entry = {"BACKEND": "wagtail_sms.providers.bird.BirdProvider", "OPTIONS": options}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": entry}}


def tell(client, kind, *, hook=HOOKS[0], at=None, **data):
    at = (at or timezone.now()).isoformat()
    body = json.dumps({"type": kind, "timestamp": at, "data": data}).encode()
    url = reverse(hook, args=["default", get_provider().webhook_token()])
    headers = signed(SECRET, body, event_id=f"msg_{uuid4()}")
    return client.post(url, body, content_type="application/json", headers=headers)


def suppression(client, *, number=NUMBER, sender=SENDER, **more):
    data = {"suppression_id": "ssu_1", "destination": number, "originator": sender, "reason": "carrier_opted_out"}
    return tell(client, "sms_suppression.created", **(data | more))


@pytest.mark.parametrize("hook", HOOKS)
def test_a_suppression_stops_the_person(client, site, person, hook):
    assert suppression(client, hook=hook).status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED
    assert is_suppressed(site, number=NUMBER)
    event = ConsentEvent.objects.get(kind=ConsentKind.STOP)
    assert "carrier_opted_out" in event.evidence
    assert not Notice.objects.exists()


def test_characters_that_no_database_takes_keep_nobody_subscribed(client, site, person):
    assert suppression(client, number=f"{NUMBER}\0", reason="carrier\0").status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


def test_a_suppression_that_comes_twice_is_noted_once(client, person):
    suppression(client)
    suppression(client, hook=HOOKS[1])
    assert ConsentEvent.objects.filter(kind=ConsentKind.STOP).count() == 1


def test_it_counts_for_the_site_of_the_number_only(client, person, other_site):
    there = make_subscriber(other_site, NUMBER)
    suppression(client)
    there.refresh_from_db()
    assert there.status == SubscriberStatus.ACTIVE


def test_a_number_of_no_site_counts_for_every_site_that_knows_the_person(client, person, other_site):
    there = make_subscriber(other_site, NUMBER)
    suppression(client, sender="+12015559999")
    for one in (person, there):
        one.refresh_from_db()
        assert one.status == SubscriberStatus.STOPPED


def test_somebody_who_is_no_subscriber_is_suppressed(client, site):
    suppression(client)
    assert is_suppressed(site, number=NUMBER)


def test_somebody_who_signed_up_again_since_stays(client, site, person):
    consent.stop(site, number=NUMBER)
    consent.opt_in(site, number=parse(NUMBER), wording=current_wording(site))
    suppression(client, at=timezone.now() - timedelta(minutes=5))
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    # Bird blocks them all the same, until they text START: the sign-up page says so.
    assert blocked_sender([SENDER], number=NUMBER) == SENDER


def test_a_start_that_came_since_is_the_last_word(client, person):
    received = {"sms_id": "sms_1", "from": NUMBER, "to": SENDER, "text": "START"}
    tell(client, "sms.received", **received)
    suppression(client, at=timezone.now() - timedelta(minutes=5))
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    assert blocked_sender([SENDER], number=NUMBER) == ""


def test_an_editors_switch_is_no_word_of_the_person(client, site, person):
    consent.suspend(person, by=None)
    consent.resume(person, by=None)
    suppression(client, at=timezone.now() - timedelta(minutes=5))
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


@pytest.mark.parametrize("hook", HOOKS)
def test_stop_and_reports_are_taken_at_either_address(client, site, person, hook):
    received = {"sms_id": "sms_1", "from": NUMBER, "to": SENDER, "text": "Stop"}
    assert tell(client, "sms.received", hook=hook, **received).status_code == 200
    delivered = {"sms_id": "sms_2", "to": NUMBER, "metadata": {"reference": "r"}}
    assert tell(client, "sms.delivered", hook=hook, **delivered).status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED
    assert (InboundEvent.objects.count(), ReportEvent.objects.count()) == (1, 1)
    # Bird confirms a STOP itself.
    assert not Notice.objects.exists()


def test_a_wrong_signature_is_refused_and_leaves_no_row(client, person):
    url = reverse(HOOKS[0], args=["default", get_provider().webhook_token()])
    assert client.post(url, b"{}", content_type="application/json").status_code == 400
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
