"""Lost answers at a provider that knows idempotency keys: the request is made again, and nobody gets two texts."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.delivery.sending import launched
from tests.factories import give_credits, make_card, make_subscriber, make_subscribers
from tests.gateway.conftest import gateway, gateway_process  # noqa: F401
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.steering import cancel, pause, resume
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch, Delivery, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.delivery.repeat import repeat_uncertain
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.requests import batch_request
from wagtail_sms.delivery.sweep import resume_rested, sweep
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, NoticeStatus, ReservationStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.consent import OptIn


pytestmark = pytest.mark.django_db
A_MINUTE, A_MOMENT, THREE_HOURS = timedelta(minutes=1), timedelta(seconds=5), timedelta(hours=3)


def use(settings, backend, options, **more):
    entry = {"BACKEND": f"wagtail_sms.providers.{backend}", "OPTIONS": options}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": entry}, **more}


@pytest.fixture
def network(site, settings, gateway):  # noqa: F811
    """The gateway, spoken to in Bird's protocol by a site with 2,000 credits; no share of errors pauses a campaign."""
    more = {"PAUSE_AT_ERROR_SHARE": 1, "MAX_REQUESTS_PER_SECOND": 500}
    use(settings, "bird.BirdProvider", gateway.bird_options(), **more)
    make_card({"US": (1, "default")})
    give_credits(site, 1500)
    return gateway


def campaign_to(site, count):
    make_subscribers(site, count)
    campaign = launched(site)
    plan(campaign.pk)
    return campaign


def texts_per_phone(network):
    return Counter(Counter(text["phone"] for text in network.messages()).values())


def uses(network):
    return sorted(key["uses"] for key in network.keys())


def sweep_in(delay):
    sweep(now=timezone.now() + delay)


@pytest.mark.parametrize("fault", ["lost", "cut", "garbled", "failed", "error"])
def test_every_lost_answer_is_settled_by_a_repeat_and_nobody_gets_two_texts(site, network, fault):
    campaign = campaign_to(site, 450)
    network.set_switch("answers", fault, times=3)
    dispatch()
    assert Batch.objects.filter(status=BatchStatus.UNCERTAIN).count() == 3
    sweep_in(A_MINUTE + A_MOMENT)
    assert list(Batch.objects.values_list("status", flat=True).distinct()) == [BatchStatus.DONE]
    assert texts_per_phone(network) == {1: 450}
    campaign.refresh_from_db()
    assert (campaign.status, campaign.reservation.captured) == (CampaignStatus.DONE, 450)
    assert campaign.reservation.status == ReservationStatus.CLOSED
    assert not Delivery.objects.filter(status=DeliveryStatus.UNCERTAIN).exists()


def test_an_answer_lost_again_and_again_is_asked_for_again(site, network):
    campaign_to(site, 100)
    network.set_switch("answers", "lost", times=3)
    dispatch()
    for delay in (A_MINUTE, timedelta(minutes=7), timedelta(minutes=40)):
        assert Batch.objects.get().status == BatchStatus.UNCERTAIN
        sweep_in(delay + A_MOMENT)
    assert Batch.objects.get().status == BatchStatus.DONE
    assert (texts_per_phone(network), uses(network)) == ({1: 100}, [4])


@pytest.mark.parametrize("delay", [THREE_HOURS - timedelta(minutes=4), THREE_HOURS + A_MINUTE, timedelta(hours=30)])
def test_after_the_life_of_the_key_nothing_is_repeated(site, network, delay):
    campaign_to(site, 100)
    network.set_switch("answers", "error", times=1)
    dispatch()
    for position in range(6):
        sweep_in(delay + timedelta(hours=position))
    assert network.messages() == [] and uses(network) == []


def test_a_sweep_that_stood_still_repeats_nothing_after_the_life_of_the_key(site, network, monkeypatch):
    campaign_to(site, 100)
    network.set_switch("answers", "error", times=1)
    dispatch()
    began = timezone.now() + A_MINUTE + A_MOMENT
    with monkeypatch.context() as later:
        later.setattr(timezone, "now", lambda: began + THREE_HOURS)
        repeat_uncertain(now=began)
    assert network.messages() == [] and uses(network) == []


def test_after_the_life_of_the_key_it_is_looked_up(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "lost", times=1)
    dispatch()
    sweep_in(THREE_HOURS)
    fold()
    assert Batch.objects.get().status == BatchStatus.DONE
    assert (texts_per_phone(network), uses(network)) == ({1: 3}, [1])


def test_the_key_is_saved_before_the_first_try(site, network):
    campaign_to(site, 3)
    claim(1, provider="default", now=timezone.now())
    batch = Batch.objects.get()
    assert batch.idempotency_key.startswith(batch.reference)
    assert batch.keyed_at is not None and network.keys() == []


def test_what_a_killed_worker_may_have_requested_is_requested_again(site, network, settings):
    campaign_to(site, 100)
    (claimed,) = claim(1, provider="default", now=timezone.now())
    dead = timedelta(seconds=settings.WAGTAIL_SMS.get("LEASE_SECONDS", 120) + 10)
    sweep_in(dead)
    assert Batch.objects.get().status == BatchStatus.DONE
    assert [key["key"] for key in network.keys()] == [Batch.objects.get().idempotency_key]
    assert texts_per_phone(network) == {1: 100}


def test_a_worker_that_wakes_up_after_its_batch_was_repeated_sends_nothing_twice(site, network):
    campaign_to(site, 100)
    (claimed,) = claim(1, provider="default", now=timezone.now())
    sweep_in(timedelta(minutes=3))
    get_provider().send(batch_request(claimed.batch, claimed.numbers.values()))
    assert (texts_per_phone(network), uses(network)) == ({1: 100}, [2])


def test_somebody_who_stopped_meanwhile_is_not_texted_by_a_repeat(site, network):
    gone = make_subscriber(site, "+12015557777")
    campaign_to(site, 10)
    network.set_switch("answers", "error", times=1)
    dispatch()
    consent.stop(site, number=gone.number)
    sweep_in(A_MINUTE + A_MOMENT)
    assert network.messages() == []
    assert Batch.objects.get().status == BatchStatus.UNCERTAIN
    for hours in (4, 11, 40):
        sweep_in(timedelta(hours=hours))
    assert network.messages() == []
    assert Wallet.objects.get(site=site).reserved == 0


@pytest.mark.parametrize("stop", [cancel, pause])
def test_a_campaign_that_an_editor_stopped_is_not_sent_by_a_repeat(site, network, stop):
    campaign = campaign_to(site, 3)
    network.set_switch("answers", "error", times=1)
    # While it is under way: another batch waits.
    Batch.objects.create(**waiting_batch(campaign))
    dispatch()
    stop(campaign)
    sweep_in(A_MINUTE + A_MOMENT)
    assert network.messages() == []


def waiting_batch(campaign):
    later = timezone.now() + timedelta(hours=1)
    number = {"campaign": campaign, "first_id": 10**9, "last_id": 10**9 + 1, "recipients": 1, "credits": 0}
    return number | {"next_attempt_at": later}


def test_a_network_that_is_down_costs_nobody_a_turn(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "error", times=1)
    dispatch()
    network.set_switch("answers", "down")
    for position in range(6):
        sweep_in(A_MINUTE * (position + 2))
    assert Batch.objects.get().lookups == 0
    network.set_switch("answers", "normal")
    sweep_in(timedelta(minutes=10))
    assert (Batch.objects.get().status, texts_per_phone(network)) == (BatchStatus.DONE, {1: 3})


def test_a_refusal_of_a_repeat_rejects_whom_it_names_and_sends_nobody_else_anything(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "error", times=1)
    dispatch()
    network.set_switch("phone", "refused", phone="+120155500001")
    sweep_in(A_MINUTE + A_MOMENT)
    batch = Batch.objects.get()
    assert batch.status == BatchStatus.UNCERTAIN
    fates = sorted(Delivery.objects.values_list("status", flat=True))
    assert fates == [DeliveryStatus.REJECTED, DeliveryStatus.UNCERTAIN, DeliveryStatus.UNCERTAIN]
    dispatch()
    assert network.messages() == []


def test_reports_that_came_before_the_repeat_are_kept(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "lost", times=1)
    dispatch()
    batch = Batch.objects.get()
    told = StatusReport(batch.reference, "x", "+120155500001", ReportStatus.DELIVERED, timezone.now(), "event-1")
    append([told], provider="default")
    fold()
    sweep_in(A_MINUTE + A_MOMENT)
    assert Batch.objects.get().status == BatchStatus.DONE
    assert sorted(Delivery.objects.values_list("status", flat=True)) == [0, 0, DeliveryStatus.DELIVERED]
    assert (texts_per_phone(network), uses(network)) == ({1: 3}, [2])


def test_another_try_of_the_same_people_has_the_same_key_and_of_fewer_people_another(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "busy", seconds=1)
    dispatch()
    first = Batch.objects.get()
    later = timezone.now() + timedelta(hours=1)
    resume_rested(now=later)
    claim(1, provider="default", now=later)
    second = Batch.objects.get()
    assert (second.idempotency_key, second.keyed_at) == (first.idempotency_key, first.keyed_at)
    Batch.objects.update(status=BatchStatus.QUEUED)
    consent.stop(site, number="+120155500001")
    claim(1, provider="default", now=later)
    third = Batch.objects.get()
    assert third.idempotency_key != first.idempotency_key
    assert third.keyed_at == later


@pytest.mark.parametrize("trouble", ["no_money", "unknown_sender"])
def test_a_refusal_that_bird_remembers_under_its_key_is_not_heard_again_once_it_is_mended(site, network, trouble):
    campaign = campaign_to(site, 3)
    network.set_switch("account", trouble)
    dispatch()
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    network.set_switch("account", "fine")
    resume(campaign)
    dispatch()
    assert Batch.objects.get().status == BatchStatus.DONE
    assert texts_per_phone(network) == {1: 3}


def test_a_refused_text_to_one_person_goes_out_once_it_is_mended(site, network):
    welcome(OptIn(make_subscriber(site), True))
    network.set_switch("account", "no_money")
    send_notices()
    network.set_switch("account", "fine")
    Notice.objects.update(next_attempt_at=timezone.now())
    send_notices()
    assert Notice.objects.get().status == NoticeStatus.ACCEPTED


def test_a_key_that_the_provider_has_forgotten_begins_a_new_life(site, network):
    campaign_to(site, 3)
    network.set_switch("answers", "busy", seconds=1)
    dispatch()
    later = timezone.now() + timedelta(hours=5)
    resume_rested(now=later)
    claim(1, provider="default", now=later)
    assert Batch.objects.get().keyed_at == later


def test_a_text_to_one_person_is_repeated_too(site, network):
    person = make_subscriber(site)
    welcome(OptIn(person, True))
    network.set_switch("answers", "lost", times=1)
    send_notices()
    assert Notice.objects.get().status == NoticeStatus.UNCERTAIN
    sweep_in(A_MINUTE + A_MOMENT)
    assert Notice.objects.get().status == NoticeStatus.ACCEPTED
    assert (texts_per_phone(network), uses(network)) == ({1: 1}, [2])


def test_a_welcome_to_somebody_who_stopped_is_not_repeated(site, network):
    person = make_subscriber(site)
    welcome(OptIn(person, True))
    network.set_switch("answers", "error", times=1)
    send_notices()
    consent.stop(site, number=person.number)
    sweep_in(A_MINUTE + A_MOMENT)
    assert network.messages() == []


def test_a_provider_without_keys_is_never_asked_twice(site, network, settings):
    use(settings, "messagebird.MessageBirdProvider", network.provider_options())
    campaign_to(site, 50)
    network.set_switch("answers", "lost", times=1)
    dispatch()
    network.set_switch("answers", "normal")
    for minutes in (1, 7, 40, 500, 3000):
        sweep_in(timedelta(minutes=minutes) + A_MOMENT)
        dispatch()
    assert texts_per_phone(network) == {1: 50}
    assert len({text["id"] for text in network.messages()}) == 1


def test_keys_that_are_switched_off_are_not_relied_upon(site, network, settings):
    use(settings, "bird.BirdProvider", network.bird_options(KEY_HOURS=0))
    campaign_to(site, 3)
    network.set_switch("answers", "error", times=1)
    dispatch()
    sweep_in(A_MINUTE + A_MOMENT)
    assert network.messages() == [] and Batch.objects.get().idempotency_key == ""
