"""What the network says of a person or a number, in its delivery reports."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.delivery.test_inbound import PERSON, post, text_in
from tests.factories import make_subscriber
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch, Delivery, Notice
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.phone import parse
from wagtail_sms.providers import messagebird_webhooks
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.states import ConsentKind, DeliveryStatus, NoticePurpose, SkipReason, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.blocks import blocked_sender
from wagtail_sms.subscribers.models import CarrierBlock, ConsentEvent, Suppression
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
ACTIVE, STOPPED, UNREACHABLE = SubscriberStatus.ACTIVE, SubscriberStatus.STOPPED, SubscriberStatus.UNREACHABLE


@pytest.fixture
def person(site):
    return make_subscriber(site, PERSON)


def status_of(person) -> str:
    person.refresh_from_db()
    return person.status


def texted(site) -> Batch:
    """A batch of a new message that has just gone out to the one subscriber."""
    return Batch.objects.get(campaign=sent(site, body=f"Tonight: piano {Batch.objects.count()}."))


def say(batch, code: str, *, status=ReportStatus.UNDELIVERED, minutes_ago: float = 0, key: str = "", number=PERSON):
    """A report about the batch comes in and is folded."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    key = key or f"{batch.reference}{code}"
    report = StatusReport(batch.reference, "", number, status, at, key, error_code=code, error_text="said the network")
    append([report], provider="default")
    fold()


def test_who_opted_out_at_the_network_is_stopped_here_too(site, person):
    batch = texted(site)
    say(batch, "opted_out")
    assert status_of(person) == STOPPED
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source) == (ConsentKind.STOP, "carrier")
    assert event.evidence == "default opted_out: said the network"
    assert Suppression.objects.filter(site=site).exists()
    assert Delivery.objects.get().status == DeliveryStatus.UNDELIVERED
    assert not Notice.objects.exists()


def test_it_counts_in_the_webhook_itself(client, site, person):
    batch = texted(site)
    report = {
        "reference": batch.reference,
        "provider_id": "",
        "recipient": PERSON,
        "status": "undelivered",
        "occurred_at": timezone.now().isoformat(),
        "event_key": "r-1",
        "error_code": "opted_out",
    }
    assert post(client, "reports", [report]).status_code == 200
    assert status_of(person) == STOPPED


def test_the_same_report_again_leaves_one_proof(site, person):
    batch = texted(site)
    for key in ("one", "one", "two"):
        say(batch, "opted_out", key=key)
    assert ConsentEvent.objects.count() == 1
    assert CarrierBlock.objects.count() == 1


def test_a_late_report_does_not_undo_a_newer_start(client, site, person):
    batch = texted(site)
    text_in(client, "STOP", minutes_ago=9)
    text_in(client, "START", key="in-2", minutes_ago=3)
    say(batch, "opted_out", minutes_ago=6)
    assert status_of(person) == ACTIVE
    assert not CarrierBlock.objects.exists()


@pytest.mark.parametrize(
    ("reference", "provider"), [("nobody-knows-it", "default"), (None, "second")], ids=["unknown", "another's"]
)
def test_a_report_about_no_text_of_ours_stops_nobody(site, person, second, reference, provider):
    batch = texted(site)
    reference = reference or batch.reference
    at = timezone.now()
    report = StatusReport(reference, "", PERSON, ReportStatus.UNDELIVERED, at, "k", error_code="opted_out")
    append([report], provider=provider)
    assert status_of(person) == ACTIVE


def test_a_zero_byte_in_a_report_hides_nothing(site, person):
    batch = texted(site)
    texts = {"error_code": "opted_out", "error_text": "st\0op"}
    report = StatusReport(batch.reference, "", f"{PERSON}\0", ReportStatus.UNDELIVERED, timezone.now(), "k", **texts)
    append([report], provider="default")
    assert status_of(person) == STOPPED
    assert ConsentEvent.objects.get().evidence == "default opted_out: stop"


def test_a_delivered_text_says_nothing_bad_whatever_its_code(site, person):
    say(texted(site), "opted_out", status=ReportStatus.DELIVERED)
    assert status_of(person) == ACTIVE


def test_a_code_that_only_means_a_failure_changes_nobody(site, person):
    for _ in range(4):
        say(texted(site), "phone_is_off")
    assert status_of(person) == ACTIVE


def test_start_to_the_number_ends_the_block(client, site, person):
    batch = texted(site)
    say(batch, "opted_out", minutes_ago=5)
    assert blocked_sender([batch.sender], number=PERSON) == batch.sender
    text_in(client, "START")
    assert status_of(person) == ACTIVE
    assert not CarrierBlock.objects.exists()


@pytest.fixture
def answering_provider(provider, monkeypatch):
    monkeypatch.setattr(type(provider), "answered_words", frozenset({"stop", "start", "help"}))


def test_where_the_provider_answers_stop_it_blocks_too_and_we_stay_silent(client, site, person, answering_provider):
    text_in(client, " Stop ")
    assert status_of(person) == STOPPED
    assert CarrierBlock.objects.count() == 1
    assert not Notice.objects.exists()


@pytest.mark.parametrize("words", ["HELP", "START"])
def test_what_the_provider_answers_is_not_answered_twice(client, site, person, answering_provider, words):
    text_in(client, words)
    assert not Notice.objects.exists()


def test_a_wording_that_the_provider_does_not_know_is_confirmed_by_us(client, site, person, answering_provider):
    text_in(client, "Please stop texting me.")
    assert status_of(person) == STOPPED
    assert [notice.purpose for notice in Notice.objects.all()] == [NoticePurpose.STOP_REPLY]
    assert not CarrierBlock.objects.exists()


def test_the_start_that_the_provider_answers_brings_the_person_back(client, site, person, answering_provider):
    text_in(client, "STOP")
    text_in(client, "START", key="in-2")
    assert status_of(person) == ACTIVE
    assert not Notice.objects.exists() and not CarrierBlock.objects.exists()


def test_signing_up_while_the_network_blocks_waits_for_the_start(client, site, person):
    say(texted(site), "opted_out", minutes_ago=5)
    opted_in = consent.opt_in(site, number=parse(PERSON), wording=current_wording(site), waits_for_start=True)
    assert (opted_in.is_new, status_of(person)) == (False, STOPPED)
    assert ConsentEvent.objects.filter(kind=ConsentKind.OPT_IN).count() == 1
    text_in(client, "START")
    assert status_of(person) == ACTIVE
    assert not Suppression.objects.exists()


def test_a_number_is_given_up_after_three_texts_in_a_row(site, person):
    for turn in range(3):
        assert status_of(person) == ACTIVE, turn
        say(texted(site), "unknown_number")
    assert status_of(person) == UNREACHABLE
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source) == (ConsentKind.UNREACHABLE, "carrier")
    assert not Suppression.objects.exists()


def test_one_text_counts_once_however_often_it_is_reported(site, person):
    batch = texted(site)
    for key in ("one", "two", "three", "four"):
        say(batch, "unknown_number", key=key)
    assert status_of(person) == ACTIVE


def test_what_arrives_in_between_begins_the_count_anew(site, person):
    for code in ("unknown_number", "unknown_number", "", "unknown_number", "unknown_number"):
        say(texted(site), code, status=ReportStatus.UNDELIVERED if code else ReportStatus.DELIVERED)
    assert status_of(person) == ACTIVE
    say(texted(site), "unknown_number")
    assert status_of(person) == UNREACHABLE


@pytest.mark.parametrize(("after", "status"), [(1, UNREACHABLE), (2, ACTIVE), (0, ACTIVE)])
def test_how_often_is_a_setting(site, person, settings, after, status):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "UNREACHABLE_AFTER": after}
    say(texted(site), "unknown_number")
    assert status_of(person) == status


def test_tried_again_by_an_editor_the_count_begins_anew(site, person, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "UNREACHABLE_AFTER": 2}
    for _ in range(2):
        say(texted(site), "unknown_number")
    person.refresh_from_db()
    consent.resume(person, by=None)
    say(texted(site), "unknown_number")
    assert status_of(person) == ACTIVE


def test_who_could_not_be_reached_comes_back_by_signing_up(site, person, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "UNREACHABLE_AFTER": 1}
    say(texted(site), "unknown_number")
    assert consent.opt_in(site, number=parse(PERSON), wording=current_wording(site)).is_new
    assert status_of(person) == ACTIVE


def test_a_message_skips_who_turned_out_to_be_unreachable_and_says_why(site, person):
    campaign = launched(site)
    plan(campaign.pk)
    consent.give_up(person)
    dispatch()
    assert Delivery.objects.get().reason == SkipReason.UNREACHABLE


@pytest.mark.parametrize(("code", "status"), [("103", STOPPED), ("1", UNREACHABLE), ("27", ACTIVE), ("104", ACTIVE)])
def test_the_codes_of_messagebird_are_understood(site, person, settings, code, status):
    batch = texted(site)
    backend = {"BACKEND": "wagtail_sms.providers.messagebird.MessageBirdProvider", "OPTIONS": {"ACCESS_KEY": "live_x"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": backend}, "UNREACHABLE_AFTER": 1}
    fields = {"id": "m1", "reference": batch.reference, "recipient": PERSON.lstrip("+"), "status": "delivery_failed"}
    append([messagebird_webhooks.report({**fields, "statusErrorCode": code})], provider="default")
    assert status_of(person) == status
