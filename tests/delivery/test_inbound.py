import json
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.delivery.sending import sent
from tests.factories import SENDER, make_subscriber, make_subscribers
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import inbound
from wagtail_sms.delivery.models import InboundEvent, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.extension import uninstall
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.locmem import SIGNATURE_HEADER
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import NoticePurpose, SenderStatus, SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, Suppression


pytestmark = pytest.mark.django_db
PERSON = "+12015550100"


def path_of(direction: str) -> str:
    return f"/sms/hooks/default/{get_provider().webhook_token()}/{direction}/"


def post(client, direction: str, payload: list[dict], *, signature: str | None = None, path: str = ""):
    body, path = json.dumps(payload).encode(), path or path_of(direction)
    signature = get_provider().sign(path, body) if signature is None else signature
    headers = {SIGNATURE_HEADER: signature} if signature else {}
    return client.post(path, body, content_type="application/json", headers=headers)


def text_in(
    client, body: str, *, sender: str = PERSON, key: str = "in-1", recipient: str = SENDER, minutes_ago: float = 0
):
    payload = {
        "provider_id": key,
        "sender": sender,
        "recipient": recipient,
        "body": body,
        "received_at": (timezone.now() - timedelta(minutes=minutes_ago)).isoformat(),
        "event_key": key,
    }
    return post(client, "inbound", [payload])


def test_stop_stops_before_the_provider_gets_its_answer_and_is_answered_once(client, site, provider):
    person = make_subscriber(site, PERSON)
    assert text_in(client, "Stop. Thank you").status_code == 200
    person.refresh_from_db()
    assert (person.status, person.stopped_at is not None) == (SubscriberStatus.STOPPED, True)
    text_in(client, "STOP", key="in-2")
    send_notices()
    assert [recipient for recipient, _ in provider.texts] == [PERSON]
    assert "unsubscribed" in provider.outbox[0].body
    assert provider.outbox[0].sender == SENDER


def test_the_next_message_skips_who_stopped(client, site, provider):
    make_subscribers(site, 3, start=500)
    make_subscriber(site, PERSON)
    text_in(client, "STOP")
    provider.reset()
    campaign = sent(site)
    assert campaign.recipients == 3
    assert PERSON not in {recipient for recipient, _ in provider.texts}


def test_a_replayed_stop_does_nothing_more(client, site):
    make_subscriber(site, PERSON)
    for _ in range(3):
        assert text_in(client, "STOP").status_code == 200
    assert InboundEvent.objects.count() == 1
    assert Notice.objects.count() == 1
    assert ConsentEvent.objects.filter(kind="stop").count() == 1


def test_start_brings_back_who_stopped_and_nobody_else(client, site, provider):
    person = make_subscriber(site, PERSON)
    text_in(client, "STOP")
    text_in(client, "START", key="in-2")
    text_in(client, "START", sender="+12015550177", key="in-3")
    person.refresh_from_db()
    send_notices()
    assert person.status == SubscriberStatus.ACTIVE
    assert not Suppression.objects.exists()
    assert [recipient for recipient, _ in provider.texts] == [PERSON, PERSON]


def test_help_is_answered_at_most_once_an_hour(client, site, provider):
    make_subscriber(site, PERSON)
    text_in(client, "help")
    text_in(client, "INFO", key="in-2")
    send_notices()
    assert len(provider.texts) == 1


def test_replies_to_stop_cost_no_credits_and_go_out_with_an_empty_wallet(client, site, provider):
    make_subscriber(site, PERSON)
    ledger.reserve(site, amount=500, key="all", purpose="test")
    text_in(client, "STOP")
    send_notices()
    assert len(provider.texts) == 1
    assert ledger.balance(site).available == 0


def test_stop_of_somebody_unknown_is_remembered(client, site):
    text_in(client, "STOP", sender="+12015550188")
    assert Suppression.objects.filter(site=site).count() == 1
    assert not Notice.objects.exists()


@pytest.mark.parametrize("recipient", ["", "+12015550166"])
def test_a_stop_to_a_number_that_nobody_knows_counts_wherever_the_person_is_known(client, site, other_site, recipient):
    """The provider does not say which of our numbers it was, or we don't know it yet; no STOP is lost for that."""
    here = make_subscriber(site, PERSON)
    SenderNumber.objects.filter(site=other_site).update(number="", status=SenderStatus.REQUESTED)
    text_in(client, "STOP", recipient=recipient)
    here.refresh_from_db()
    assert here.status == SubscriberStatus.STOPPED
    assert list(Suppression.objects.values_list("site", flat=True)) == [site.pk]


def test_stop_concerns_the_site_whose_number_was_texted_only(client, site, other_site):
    here, there = make_subscriber(site, PERSON), make_subscriber(other_site, PERSON)
    text_in(client, "STOP")
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.status, there.status) == (SubscriberStatus.STOPPED, SubscriberStatus.ACTIVE)


@pytest.mark.parametrize("signature", ["", "forged"])
def test_a_forged_or_unsigned_webhook_is_refused_and_leaves_no_row(client, site, signature):
    person = make_subscriber(site, PERSON)
    payload = [{"sender": PERSON, "recipient": SENDER, "body": "STOP", "event_key": "x", "provider_id": "x"}]
    assert post(client, "inbound", payload, signature=signature).status_code == 400
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    assert not InboundEvent.objects.exists()


def test_a_wrong_token_or_provider_is_not_found(client, site):
    assert post(client, "inbound", [], path="/sms/hooks/default/wrong/inbound/").status_code == 404
    token = get_provider().webhook_token()
    assert post(client, "inbound", [], path=f"/sms/hooks/other/{token}/inbound/").status_code == 404


def test_a_body_over_64_kb_is_refused(client, site):
    assert text_in(client, "a" * 70_000).status_code == 413


def test_a_database_that_is_down_asks_the_provider_to_repeat(client, site, monkeypatch):
    def down(*args, **kwargs):
        raise OperationalError("the database is down")

    monkeypatch.setattr(inbound, "classify", down)
    assert text_in(client, "STOP").status_code == 503


def test_an_ordinary_reply_is_kept_and_not_answered(client, site):
    make_subscriber(site, PERSON)
    text_in(client, "See you tonight!")
    assert InboundEvent.objects.get().keyword == ""
    assert not Notice.objects.exclude(purpose=NoticePurpose.WELCOME).exists()


def test_stop_is_obeyed_on_a_site_that_uninstalled_the_feature(client, site):
    person = make_subscriber(site, PERSON)
    uninstall(site)
    text_in(client, "STOP")
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


def test_a_start_that_arrives_after_a_newer_stop_does_not_undo_it(client, site):
    person = make_subscriber(site, PERSON)
    text_in(client, "STOP", minutes_ago=10)
    text_in(client, "STOP", key="in-2", minutes_ago=1)
    text_in(client, "START", key="in-3", minutes_ago=5)
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


def test_a_stop_that_arrives_after_a_newer_start_is_followed_by_it(client, site, provider):
    person = make_subscriber(site, PERSON)
    text_in(client, "START", minutes_ago=1)
    text_in(client, "STOP", key="in-2", minutes_ago=5)
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    assert not Suppression.objects.exists()
    send_notices()
    assert [body for _, body in provider.texts if "welcome back" in body] == [body for _, body in provider.texts]
    assert len(provider.texts) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("said", [("STOP", "START", "STOP"), ("START", "STOP", "START"), ("STOP", "START", "hello")])
def test_the_latest_by_its_own_time_wins_in_whatever_order_they_arrive(client, site, said, order):
    person = make_subscriber(site, PERSON)
    for position in order:
        text_in(client, said[position], key=f"in-{position}", minutes_ago=10 - position)
    person.refresh_from_db()
    last = [word for word in said if word != "hello"][-1]
    assert person.status == (SubscriberStatus.STOPPED if last == "STOP" else SubscriberStatus.ACTIVE)
    assert Suppression.objects.exists() == (last == "STOP")


def test_a_stop_to_the_shared_number_counts_after_the_trial_too(client, site, other_site):
    now = timezone.now()
    shared = {"number": "+12015550177", "country": "US", "status": "active", "requested_at": now}
    SenderNumber.objects.create(site=None, next_attempt_at=now, **shared)
    people = [make_subscriber(site, PERSON), make_subscriber(other_site, PERSON)]
    text_in(client, "STOP", recipient="+12015550177")
    for person in people:
        person.refresh_from_db()
    assert {person.status for person in people} == {SubscriberStatus.STOPPED}


def test_a_stop_with_a_nul_byte_in_it_stops(client, site):
    person = make_subscriber(site, PERSON)
    assert text_in(client, "STOP\0").status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


def test_a_text_whose_sender_has_a_zero_byte_is_kept(client, site):
    assert text_in(client, "Hello", sender="Bank\x00", key="in-\x00").status_code == 200
    assert InboundEvent.objects.get().sender == "Bank"


def test_a_flood_of_help_silences_no_confirmation_of_a_stop(client, site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "REPLY_ALLOWANCE_PER_DAY": 1}
    make_subscriber(site, PERSON)
    text_in(client, "HELP", sender="+12015550188")
    text_in(client, "STOP", key="in-2")
    assert Notice.objects.filter(purpose=NoticePurpose.STOP_REPLY).count() == 1
