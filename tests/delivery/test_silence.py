"""Texts go out and nothing comes back: it is noticed, and the provider is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.delivery.sending import sent
from tests.delivery.test_inbound import post, text_in
from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.delivery import heartbeat, reports, silence
from wagtail_sms.delivery.models import Batch, Delivery, Notice, ReportEvent
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.states import DeliveryStatus


pytestmark = pytest.mark.django_db


def in_minutes(minutes: float):
    return timezone.now() + timedelta(minutes=minutes)


def report_in(client, batch, number: str, *, key: str = "r-1"):
    return post(client, "reports", [{"reference": batch.reference, "recipient": number, "status": "delivered"}])


def test_no_report_for_ten_minutes_after_a_text_is_a_silence(site):
    make_subscribers(site, 3)
    sent(site)
    assert silence.silences(now=in_minutes(9)) == []
    [found] = silence.silences(now=in_minutes(11))
    assert (found.provider, found.last_report) == ("default", None)


def test_nobody_texted_is_no_silence(site):
    assert silence.silences(now=in_minutes(500)) == []


def test_a_report_that_comes_in_ends_it_and_a_text_of_somebody_does_not(site, client):
    people = make_subscribers(site, 3)
    sent(site)
    batch = Batch.objects.get()
    Batch.objects.update(finished_at=in_minutes(-20))
    assert text_in(client, "Hello").status_code == 200
    assert len(silence.silences()) == 1
    assert report_in(client, batch, people[0].number).status_code == 200
    assert silence.silences() == []
    # Later texts of which nothing is heard are a new one.
    assert silence.silences(now=in_minutes(60)) == []
    Batch.objects.update(finished_at=in_minutes(2))
    assert len(silence.silences(now=in_minutes(60))) == 1


def test_a_refused_report_is_no_sign_of_life(site, client):
    make_subscribers(site, 1)
    sent(site)
    post(client, "reports", [{"reference": "x", "recipient": "+12015550100", "status": "sent"}], signature="forged")
    assert heartbeat.last(heartbeat.REPORTS % "default") is None


def test_texts_to_one_person_count_like_campaigns(site, client, provider):
    make_subscriber(site)
    text_in(client, "STOP")
    send_notices()
    assert len(silence.silences(now=in_minutes(11))) == 1


def test_texts_of_last_week_raise_no_alarm(site):
    make_subscribers(site, 1)
    campaign = sent(site)
    old = timezone.now() - timedelta(days=8)
    Batch.objects.update(finished_at=old)
    type(campaign).objects.update(finished_at=old)
    assert silence.silences() == []


def test_it_can_be_switched_off(site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "SILENCE_MINUTES": 0}
    make_subscribers(site, 1)
    sent(site)
    assert silence.silences(now=in_minutes(100)) == []


def test_in_a_silence_the_provider_is_asked_for_the_statuses(site):
    make_subscribers(site, 120)
    sent(site)
    assert silence.pull(now=in_minutes(5)) == 0
    assert silence.pull(now=in_minutes(11)) == 3
    assert ReportEvent.objects.count() == 120
    while reports.fold():
        pass
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SENT}
    # What was pulled is no sign that the webhook works.
    assert len(silence.silences(now=in_minutes(12))) == 1


def test_it_asks_within_its_budget_and_again_after_a_pause_only(site):
    make_subscribers(site, 120)
    sent(site)
    assert [silence.pull(now=in_minutes(m), budget=2) for m in (11, 11.5, 12.1, 13.2, 14.3, 17)] == [2, 0, 1, 0, 0, 2]


def test_what_went_out_in_a_silence_is_asked_about_after_its_end_too(site, client):
    people = make_subscribers(site, 120)
    sent(site)
    assert silence.pull(now=in_minutes(11), budget=1) == 1
    report_in(client, Batch.objects.order_by("pk").last(), people[-1].number)
    Batch.objects.update(finished_at=timezone.now() - timedelta(minutes=1))
    assert silence.silences() == []
    heartbeat.mark(silence.FROM % "default", at=in_minutes(-2))
    assert silence.pull(now=in_minutes(13)) == 2


def test_a_provider_that_can_not_be_asked_is_asked_later(site, provider, monkeypatch):
    def down(*args):
        raise ProviderUnavailable()

    make_subscribers(site, 120)
    sent(site)
    monkeypatch.setattr(provider, "read", down)
    assert silence.pull(now=in_minutes(11)) == 1
    monkeypatch.undo()
    assert silence.pull(now=in_minutes(12.5)) == 3


def test_a_notice_is_asked_about_too(site, client, provider):
    make_subscriber(site)
    text_in(client, "STOP")
    send_notices()
    assert silence.pull(now=in_minutes(11)) == 1
    while reports.fold():
        pass
    assert Notice.objects.get().status == "sent"


def test_a_process_notes_a_flood_of_webhooks_once(django_assert_num_queries):
    heartbeat.note("reports:default")
    with django_assert_num_queries(0):
        for _ in range(100):
            heartbeat.note("reports:default")
