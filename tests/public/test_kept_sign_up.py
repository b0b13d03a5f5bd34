"""Sign-ups that a phone kept for want of a connection, and sends when there is one; perhaps more than once."""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from tests.public.visits import post_json
from wagtail_sms.delivery.models import Notice
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber


NUMBER = "+33612345678"


def test_repetition_a_day_later_begins_nothing_and_is_told_the_same(open_site, client):
    assert post_json(client).json() == {"status": "subscribed"}
    cache.clear()
    assert post_json(client, waited=86_000).json() == {"status": "subscribed"}
    assert ConsentEvent.objects.count() == Notice.objects.count() == 1


def test_proof_of_consent_says_how_long_the_phone_kept_it(open_site, client):
    post_json(client, waited=125)
    assert ConsentEvent.objects.get().evidence == "kept by the phone for 125 s"


def test_stop_after_the_person_agreed_is_not_undone_by_a_late_delivery(open_site, client):
    consent.stop(open_site, number=NUMBER, now=timezone.now() - timedelta(minutes=5))
    answer = post_json(client, waited=600)
    assert answer.status_code == 409
    assert "You unsubscribed after" in answer.json()["errors"]["form"]
    assert not Subscriber.objects.exists()
    assert not Notice.objects.exists()


def test_stop_after_a_delivery_whose_answer_was_lost_is_told_as_it_is(open_site, client):
    post_json(client, waited=1)
    consent.stop(open_site, number=NUMBER, now=timezone.now())
    assert post_json(client, waited=60).status_code == 409
    assert Subscriber.objects.get().status == SubscriberStatus.STOPPED


def test_stop_from_before_does_not_count_against_them(open_site, client):
    consent.stop(open_site, number=NUMBER, now=timezone.now() - timedelta(minutes=20))
    assert post_json(client, waited=600).status_code == 200
    assert Subscriber.objects.get().status == SubscriberStatus.ACTIVE


def test_nonsense_for_the_wait_is_no_wait(open_site, client):
    for waited in ("soon", -5, 1.5, "٣"):
        assert post_json(client, waited=waited, key="").status_code == 200
    assert Subscriber.objects.count() == 1
