"""A scheduled message is sent once, at its time, as it was confirmed; or it waits for a person and says why."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.delivery.sending import launched
from tests.factories import make_subscribers
from wagtail_sms import tasks
from wagtail_sms.campaigns.estimate import estimate, estimate_within_credits
from wagtail_sms.campaigns.launch import compose
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.quotes import restored, stored
from wagtail_sms.campaigns.schedules import launch_due, schedule, unschedule
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import IllegalTransition, MessageRefused, QuoteChanged
from wagtail_sms.pricing.cards import credits_for, refresh
from wagtail_sms.states import CampaignStatus
from wagtail_sms.subscribers.models import Subscriber


BODY = "Tonight: piano."
NOW = timezone.now()
AT = NOW + timedelta(hours=5)


@pytest.fixture
def crowd(site):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    return site


def scheduled(site, *, body: str = BODY, at=AT, quote=None) -> Campaign:
    campaign = compose(site, body=body, form_token=uuid4())
    return schedule(campaign, at=at, quote=quote or estimate(site, body=body), now=NOW)


def now_of(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def assert_held(campaign: Campaign, reason: str) -> None:
    held = now_of(campaign)
    assert (held.status, held.reservation, held.launched_at) == (CampaignStatus.DRAFT, None, None)
    assert reason in held.held_reason
    assert ledger.balance(held.site).available == 500
    assert ModelLogEntry.objects.filter(action="wagtail_sms.hold").count() == 1


def test_it_is_sent_at_its_time_and_once(crowd, superuser):
    campaign = compose(crowd, body=BODY, form_token=uuid4())
    quote = estimate(crowd, body=BODY)
    schedule(campaign, at=AT, quote=quote, by=superuser, now=NOW)
    assert launch_due(now=AT - timedelta(seconds=1)) == 0
    assert ledger.balance(crowd).available == 500
    assert (launch_due(now=AT), launch_due(now=AT), launch_due(now=AT + timedelta(hours=1))) == (1, 0, 0)
    sent = now_of(campaign)
    assert (sent.status, sent.recipients, sent.credits) == (CampaignStatus.QUEUED, 5, quote.credits)
    assert (sent.launched_by, sent.launched_at) == (superuser, AT)
    assert ledger.balance(crowd).available == 500 - quote.credits


@pytest.fixture
def superuser(django_user_model):
    return django_user_model.objects.create_superuser("ada", "ada@example.org", "secret")


def test_the_sweep_sends_what_is_due(crowd):
    campaign = scheduled(crowd)
    Campaign.objects.update(send_at=timezone.now())
    tasks.sweep()
    assert now_of(campaign).status == CampaignStatus.QUEUED


def test_a_sweeper_that_looked_before_another_one_sent_it_sends_nothing(crowd, monkeypatch):
    scheduled(crowd)
    from wagtail_sms.campaigns import schedules

    look = schedules._launch_if_due

    def overtaken(pk, *, now):
        monkeypatch.setattr(schedules, "_launch_if_due", look)
        assert launch_due(now=now) == 1
        return look(pk, now=now)

    monkeypatch.setattr(schedules, "_launch_if_due", overtaken)
    assert launch_due(now=AT) == 0
    assert ledger.balance(crowd).available == 500 - Campaign.objects.get().credits


def test_who_signs_up_meanwhile_is_not_in_it_and_who_leaves_costs_nothing(crowd):
    campaign = scheduled(crowd)
    make_subscribers(crowd, 2, start=50)
    Subscriber.objects.filter(country="FR").update(status="stopped")
    assert launch_due(now=AT) == 1
    assert (now_of(campaign).recipients, now_of(campaign).credits) == (3, 3)


def test_dearer_than_confirmed_it_waits_and_says_why(crowd, provider):
    campaign = scheduled(crowd)
    confirmed = 3 + 2 * credits_for("FR")
    provider.prices["FR"] = "0.160"
    refresh()
    assert launch_due(now=AT) == 0
    assert_held(campaign, f"It would cost {3 + 2 * credits_for('FR')} credits, more than the {confirmed} that were")
    assert launch_due(now=AT) == 0


def test_cheaper_than_confirmed_it_is_sent_for_less(crowd, provider):
    provider.prices["FR"] = "0.160"
    refresh()
    campaign = scheduled(crowd)
    provider.prices["FR"] = "0.080"
    refresh()
    assert launch_due(now=AT) == 1
    assert now_of(campaign).credits == 3 + 2 * credits_for("FR") < restored(campaign.confirmed).credits


def test_without_the_credits_it_waits(crowd):
    make_subscribers(crowd, 400, start=100)
    campaign = scheduled(crowd)
    launched(crowd, body="Somebody else was faster.")
    assert launch_due(now=AT) == 0
    held = now_of(campaign)
    assert held.status == CampaignStatus.DRAFT and "missing" in held.held_reason


def test_a_price_that_changed_changes_whom_the_credits_reach_so_it_waits(crowd, provider):
    make_subscribers(crowd, 495, start=100)
    quote = estimate_within_credits(crowd, body=BODY, quote=estimate(crowd, body=BODY))
    campaign = scheduled(crowd, quote=quote)
    provider.prices["FR"] = "0.160"
    refresh()
    assert launch_due(now=AT) == 0
    assert_held(campaign, "")


def test_the_same_text_sent_by_hand_meanwhile_is_not_sent_again(crowd):
    campaign = scheduled(crowd)
    launched(crowd)
    assert launch_due(now=timezone.now() + timedelta(hours=5, minutes=1)) == 0
    assert "The same text was sent less than a day before." in now_of(campaign).held_reason


def test_hours_too_late_a_person_decides(crowd):
    campaign = scheduled(crowd)
    assert launch_due(now=AT + timedelta(hours=2, minutes=1)) == 0
    assert_held(campaign, "nothing was running that could send it")


def test_a_quote_of_another_version_is_confirmed_anew(crowd):
    campaign = scheduled(crowd)
    Campaign.objects.update(confirmed={"credits": 3})
    assert launch_due(now=AT) == 0
    assert_held(campaign, "before an update")


def test_a_hook_that_fails_keeps_no_other_message_waiting(crowd, monkeypatch):
    from wagtail import hooks

    def refuse(campaign, by):
        if campaign.body == "Fails":
            raise RuntimeError

    first, second = scheduled(crowd, body="Fails"), scheduled(crowd, body="Works", at=AT + timedelta(minutes=1))
    with hooks.register_temporarily("before_launch_sms_campaign", refuse):
        assert launch_due(now=AT + timedelta(minutes=1)) == 1
    assert (now_of(first).status, now_of(second).status) == (CampaignStatus.SCHEDULED, CampaignStatus.QUEUED)
    assert launch_due(now=AT + timedelta(minutes=2)) == 1


def test_taken_back_it_is_a_draft_that_nothing_sends(crowd):
    campaign = unschedule(scheduled(crowd))
    assert (campaign.status, campaign.confirmed) == (CampaignStatus.DRAFT, None)
    assert launch_due(now=AT) == 0
    with pytest.raises(IllegalTransition):
        unschedule(campaign)


@pytest.mark.parametrize("away", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_a_time_out_of_reach_is_refused_and_the_draft_stays(crowd, away):
    with pytest.raises(MessageRefused):
        scheduled(crowd, at=NOW + away)
    assert Campaign.objects.get().status == CampaignStatus.DRAFT


def test_only_what_is_true_now_can_be_scheduled(crowd):
    campaign = compose(crowd, body=BODY, form_token=uuid4())
    with pytest.raises(QuoteChanged):
        schedule(campaign, at=AT, quote=estimate(crowd, body="Another text."), now=NOW)
    assert now_of(campaign).status == CampaignStatus.DRAFT


def test_a_quote_survives_being_stored(crowd):
    quote = estimate(crowd, body=BODY)
    campaign = scheduled(crowd)
    assert restored(now_of(campaign).confirmed) == quote
    assert restored(stored(quote)) == quote
    assert restored(None) is None and restored({"reach": None}) is None
