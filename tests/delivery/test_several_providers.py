"""Two providers with different prices: each text leaves once, through the right one, from the right number."""

import json
from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone

from tests.delivery.sending import launched
from tests.factories import SENDER, give_credits, make_card, make_number, make_subscriber, make_subscribers
from wagtail_sms import tasks
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.campaigns.steering import cancel, resume
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.lookup import look_up_uncertain
from wagtail_sms.delivery.models import Batch, FoldedReport, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.delivery.reports import fold
from wagtail_sms.delivery.sweep import resume_rested, sweep
from wagtail_sms.exceptions import NoSenderNumber, ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.phone import parse
from wagtail_sms.pricing.cards import refresh_all
from wagtail_sms.providers.base import Outcome
from wagtail_sms.providers.locmem import SIGNATURE_HEADER
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import BatchStatus, CampaignStatus, NoticePurpose, NoticeStatus, SenderStatus, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
THERE = "+12015550155"
FRENCH = "+33612345678"


@pytest.fixture
def both(site, second):
    """The site with a number at two providers, of which one serves the US and the other France, and 1,000 credits."""
    make_card({"US": (1, "default"), "FR": (8, "second")})
    make_number(site, THERE, provider="second")
    give_credits(site, 500)
    return site


@pytest.fixture
def campaign(both) -> Campaign:
    """To ten people in each country, who signed up in turns, cut and waiting to be sent."""
    for position in range(10):
        make_subscribers(both, 1, country="US", start=position)
        make_subscribers(both, 1, country="FR", start=position)
    campaign = launched(both)
    plan(campaign.pk)
    return campaign


def dispatch_all() -> None:
    for provider in ("default", "second"):
        dispatch(provider=provider)


def fresh(campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def numbers(country: str) -> set[str]:
    return set(Subscriber.objects.filter(country=country).values_list("number", flat=True))


def come_back() -> None:
    """Time passes: what rested may be tried again."""
    for provider in ("default", "second"):
        lanes.reset(lanes.CAMPAIGNS % provider)
        lanes.reset(lanes.NOTICES % provider)
    resume_rested(now=timezone.now() + timedelta(hours=1))
    Batch.objects.update(next_attempt_at=timezone.now())
    Notice.objects.update(next_attempt_at=timezone.now())


def test_each_text_leaves_once_through_the_provider_of_its_country_and_from_the_number_there(
    campaign, provider, second
):
    dispatch_all()
    dispatch_all()
    assert [sorted(number for number, _body in texts) for texts in (provider.texts, second.texts)] == [
        sorted(numbers("US")),
        sorted(numbers("FR")),
    ]
    assert [batch.sender for batch in provider.outbox + second.outbox] == [SENDER, THERE]
    assert "/second/" in second.outbox[0].report_url
    found = progress(fresh(campaign))
    assert (fresh(campaign).status, found.accepted, found.credits_charged) == (CampaignStatus.DONE, 20, 90)
    assert (ledger.balance(campaign.site).available, ledger.balance(campaign.site).reserved) == (910, 0)
    assert ledger.audit(campaign.site) == []


def test_the_cheaper_provider_of_each_country_sends_and_the_charge_follows_its_price(both, provider, second):
    provider.prices |= {"US": "0.008", "FR": "0.090"}
    second.prices = {"US": "0.020", "FR": "0.056"}
    refresh_all()
    make_subscribers(both, 3, country="US")
    make_subscribers(both, 2, country="FR")
    campaign = launched(both)
    plan(campaign.pk)
    dispatch_all()
    assert {number for number, _body in provider.texts} == numbers("US")
    assert {number for number, _body in second.texts} == numbers("FR")
    assert progress(fresh(campaign)).credits_charged == campaign.credits == 3 * 1 + 2 * 7


def test_new_prices_move_no_campaign_that_was_launched(campaign, provider, second):
    make_card({"US": (1, "second"), "FR": (5, "default")})
    dispatch_all()
    assert ({number for number, _ in provider.texts}, len(second.texts)) == (numbers("US"), 10)
    assert progress(fresh(campaign)).credits_charged == 90


def test_a_provider_that_is_down_stops_nobody_elses_texts_and_its_own_follow(campaign, provider, second):
    second.failures.append(ProviderUnavailable(retry_after=60))
    dispatch(provider="second")
    assert fresh(campaign).status == CampaignStatus.SENDING
    dispatch(provider="default")
    assert (len(provider.texts), len(second.texts), progress(fresh(campaign)).waiting) == (10, 0, 10)
    assert dispatch(provider="second") == 0
    come_back()
    dispatch_all()
    assert (len(provider.texts), len(second.texts)) == (10, 10)
    assert fresh(campaign).status == CampaignStatus.DONE
    assert (ledger.balance(campaign.site).available, ledger.audit(campaign.site)) == (910, [])


def test_a_campaign_pauses_once_only_the_provider_that_is_down_is_left_and_says_until_when(campaign, second):
    second.failures.append(ProviderUnavailable(retry_after=60))
    dispatch_all()
    dispatch(provider="default")
    second.failures.append(ProviderUnavailable(retry_after=60))
    come_back()
    dispatch(provider="second")
    found = fresh(campaign)
    assert (found.status, bool(found.paused_reason), found.resume_at > timezone.now()) == (
        CampaignStatus.PAUSED,
        True,
        True,
    )


def test_two_providers_down_pause_the_campaign_until_the_first_may_be_tried_again(campaign, provider, second):
    second.failures.append(ProviderUnavailable(retry_after=60))
    provider.failures.append(ProviderUnavailable(retry_after=300))
    dispatch_all()
    found = fresh(campaign)
    assert found.status == CampaignStatus.PAUSED
    assert timedelta(seconds=30) < found.resume_at - timezone.now() <= timedelta(seconds=60)
    come_back()
    dispatch_all()
    assert (fresh(campaign).status, len(provider.texts), len(second.texts)) == (CampaignStatus.DONE, 10, 10)


@pytest.mark.parametrize("error", [ProviderConfigurationError("wrong key"), ProviderOutOfFunds()])
def test_a_provider_that_only_the_operator_can_mend_stops_its_own_part_and_says_so_in_the_end(
    campaign, provider, second, error
):
    second.failures.append(error)
    dispatch(provider="second")
    assert (fresh(campaign).status, dispatch(provider="second")) == (CampaignStatus.SENDING, 0)
    dispatch(provider="default")
    assert len(provider.texts) == 10
    second.failures.append(error)
    Batch.objects.update(next_attempt_at=timezone.now())
    dispatch(provider="second")
    found = fresh(campaign)
    assert (found.status, found.resume_at, bool(found.paused_reason)) == (CampaignStatus.PAUSED, None, True)
    resume(found)
    dispatch(provider="second")
    assert (fresh(campaign).status, len(second.texts)) == (CampaignStatus.DONE, 10)


def test_no_launch_without_a_number_at_a_provider_that_the_message_needs(both, second):
    make_subscribers(both, 2, country="US")
    SenderNumber.objects.filter(provider="second").update(status=SenderStatus.REQUESTED)
    assert launched(both).sender == SENDER
    make_subscribers(both, 1, country="FR")
    with pytest.raises(NoSenderNumber, match="being obtained"):
        launched(both, body="Again")
    assert ledger.balance(both).reserved == 2
    SenderNumber.objects.filter(provider="second").update(status=SenderStatus.ACTIVE)
    assert launched(both, body="Again").recipients == 3


def test_cancelling_while_one_provider_is_down_gives_only_its_credits_back(campaign, second):
    second.failures.append(ProviderUnavailable(retry_after=60))
    dispatch_all()
    cancel(fresh(campaign))
    found = progress(fresh(campaign))
    assert (found.accepted, found.cancelled, found.credits_charged) == (10, 10, 10)
    assert (ledger.balance(campaign.site).available, ledger.balance(campaign.site).reserved) == (990, 0)


def test_a_slow_provider_blocks_nobody_elses_lane_and_keeps_its_own(campaign, provider, second, monkeypatch):
    """While the second provider holds a request open, the whole part of the first one goes out."""
    asked, let_go, take, renew = Event(), Event(), second.send_batch, lanes.renew

    def slow(batch):
        asked.set()
        assert let_go.wait(20), "nobody renewed the lane while its request was open"
        return take(batch)

    def renewed(name, holder, *, now):
        if name.endswith("second") and asked.is_set() and not let_go.is_set():
            assert lanes.acquire(lanes.CAMPAIGNS % "second", now=now) is None
            assert dispatch(provider="default") == 1
            assert (len(provider.texts), second.texts) == (10, [])
            let_go.set()
        return renew(name, holder, now=now)

    monkeypatch.setattr(second, "send_batch", slow)
    monkeypatch.setattr(lanes, "renew", renewed)
    monkeypatch.setattr("wagtail_sms.delivery.wire.BEAT_SECONDS", 0.01)
    dispatch(provider="second")
    assert len(second.texts) == 10


def test_a_lost_answer_is_looked_up_at_the_provider_that_lost_it(campaign, provider, second):
    lost = sorted(numbers("FR"))[0]
    second.script[lost] = Outcome.UNCERTAIN
    dispatch_all()
    assert progress(fresh(campaign)).uncertain == 1
    assert look_up_uncertain(now=timezone.now() + timedelta(minutes=2)) == 1
    fold()
    found = progress(fresh(campaign))
    assert (found.uncertain, found.sent, found.credits_held) == (0, 1, 0)
    assert FoldedReport.objects.get().provider == "second"
    assert len(second.outbox) == 1


def test_a_provider_that_cannot_be_asked_keeps_nobody_from_anothers_answer(campaign, provider, second, monkeypatch):
    for one, country in ((provider, "US"), (second, "FR")):
        one.script[sorted(numbers(country))[0]] = Outcome.UNCERTAIN
    dispatch_all()

    def down(*args):
        raise ProviderUnavailable()

    monkeypatch.setattr(provider, "lookup", down)
    assert look_up_uncertain(now=timezone.now() + timedelta(minutes=2)) == 1
    fold()
    assert Batch.objects.get(status=BatchStatus.UNCERTAIN).provider == "default"


def test_a_worker_that_died_at_one_provider_leaves_its_own_batch_uncertain(campaign, provider, second):
    claim(5, provider="second", now=timezone.now())
    dispatch(provider="default")
    sweep(now=timezone.now() + timedelta(hours=1))
    dispatch_all()
    found = progress(fresh(campaign))
    assert (found.accepted, found.uncertain, found.credits_charged, found.credits_held) == (10, 10, 10, 80)
    assert second.texts == []


def test_a_report_counts_only_from_the_provider_that_has_the_message(client, campaign, second, provider):
    dispatch_all()
    reference = second.outbox[0].reference
    report = {"reference": reference, "recipient": sorted(numbers("FR"))[0], "status": "delivered"}
    for one in (provider, second):
        path = f"/sms/hooks/{one.alias}/{one.webhook_token()}/reports/"
        body = json.dumps([report]).encode()
        headers = {SIGNATURE_HEADER: one.sign(path, body)}
        assert client.post(path, body, content_type="application/json", headers=headers).status_code == 200
        fold()
        assert progress(fresh(campaign)).delivered == (1 if one is second else 0)


def test_a_welcome_goes_through_the_provider_of_the_persons_country(both, provider, second):
    for number in (FRENCH, "+12015550100"):
        welcome(consent.opt_in(both, number=parse(number), wording=current_wording(both)))
    send_notices()
    assert [number for number, _body in provider.texts] == ["+12015550100"]
    send_notices(provider="second")
    assert [number for number, _body in second.texts] == [FRENCH]
    assert [batch.sender for batch in provider.outbox + second.outbox] == [SENDER, THERE]
    assert ledger.balance(both).available == 991


def test_an_uncertain_welcome_is_looked_up_where_it_went(both, second):
    second.script[FRENCH] = Outcome.UNCERTAIN
    welcome(consent.opt_in(both, number=parse(FRENCH), wording=current_wording(both)))
    send_notices(provider="second")
    assert look_up_uncertain(now=timezone.now() + timedelta(minutes=2)) == 1
    fold()
    assert (Notice.objects.get().status, ledger.balance(both).reserved) == (NoticeStatus.SENT, 0)


def test_a_welcome_that_waited_for_credits_goes_where_the_new_prices_send_it(both, provider, second):
    ledger.reserve(both, amount=1000, key="all", purpose="test")
    welcome(consent.opt_in(both, number=parse(FRENCH), wording=current_wording(both)))
    make_card({"US": (1, "default"), "FR": (5, "default")})
    give_credits(both, 100)
    sweep(now=timezone.now() + timedelta(minutes=2))
    come_back()
    send_notices(provider="second")
    send_notices()
    assert ([number for number, _body in provider.texts], second.texts) == ([FRENCH], [])
    assert ledger.balance(both).available == 95


def text_in(client, one, body: str, *, recipient: str):
    path = f"/sms/hooks/{one.alias}/{one.webhook_token()}/inbound/"
    payload = json.dumps(
        [{"sender": FRENCH, "recipient": recipient, "body": body, "event_key": body + recipient}]
    ).encode()
    headers = {SIGNATURE_HEADER: one.sign(path, payload)}
    return client.post(path, payload, content_type="application/json", headers=headers)


@pytest.mark.parametrize("number", [SENDER, THERE])
def test_a_stop_to_any_number_of_the_site_stops_and_is_answered_from_that_number(
    client, both, other_site, provider, second, number
):
    make_subscriber(both, FRENCH, country="FR")
    elsewhere = make_subscriber(other_site, FRENCH, country="FR")
    one = second if number == THERE else provider
    assert text_in(client, one, "STOP", recipient=number).status_code == 200
    assert Subscriber.objects.get(site=both).status == SubscriberStatus.STOPPED
    elsewhere.refresh_from_db()
    assert elsewhere.status == SubscriberStatus.ACTIVE
    send_notices()
    send_notices(provider="second")
    assert [(batch.sender, batch.recipients) for batch in one.outbox] == [(number, (FRENCH,))]
    assert len(provider.outbox + second.outbox) == 1


def test_help_to_a_number_that_all_sites_share_at_one_provider_is_answered(client, both, provider, second):
    """Having a number of its own elsewhere makes no site deaf to the shared one."""
    SenderNumber.objects.filter(provider="second").update(site=None)
    make_subscriber(both, FRENCH, country="FR")
    text_in(client, second, "HELP", recipient=THERE)
    notice = Notice.objects.get(purpose=NoticePurpose.HELP_REPLY)
    assert (notice.site, notice.sender, notice.provider) == (both, THERE, "second")


def test_a_text_for_a_provider_that_is_gone_from_the_settings_is_surely_not_sent(campaign, second, settings):
    """Claimed or not, it waits and is not uncertain; the campaign says why."""
    everything = settings.WAGTAIL_SMS
    settings.WAGTAIL_SMS = {**everything, "PROVIDERS": {"default": everything["PROVIDERS"]["default"]}}
    tasks.dispatch("default")
    tasks.dispatch("second")
    sweep()
    found = fresh(campaign)
    assert (found.status, progress(found).waiting, progress(found).uncertain) == (CampaignStatus.PAUSED, 10, 0)
    settings.WAGTAIL_SMS = everything
    resume(found)
    tasks.dispatch("second")
    assert (fresh(campaign).status, progress(fresh(campaign)).accepted) == (CampaignStatus.DONE, 20)
