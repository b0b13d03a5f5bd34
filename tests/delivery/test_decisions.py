"""When the lookups are over a person says what became of uncertain texts."""

from datetime import timedelta

import pytest
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.delivery.doubtful import looked_up_in_vain, nobody_answered, uncertain, uncertain_welcome
from tests.delivery.sending import launched
from tests.delivery.test_reports import report
from tests.factories import make_subscribers
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation, Transfer
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.decisions import decide, decide_notices
from wagtail_sms.delivery.dispatch import dispatch, expire_leases
from wagtail_sms.delivery.doubt import Both, uncertain_batches, uncertain_notices
from wagtail_sms.delivery.lookup import SCHEDULE, look_up_uncertain, write_off_the_erased
from wagtail_sms.delivery.models import Batch, Decision, Delivery, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.exceptions import DecisionRefused, DoubtChanged, ProviderUnavailable
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import Outcome, ReportStatus
from wagtail_sms.states import (
    BatchStatus,
    CampaignStatus,
    DeliveryStatus,
    NoticePurpose,
    NoticeStatus,
    ReservationStatus,
    SkipReason,
    Verdict,
)
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db
SENT, NOT_SENT = Verdict.SENT, Verdict.NOT_SENT
WHY = "Their support says so"


@pytest.fixture
def olga(django_user_model):
    return django_user_model.objects.create_user("olga")


def credits_of(site) -> tuple[int, int]:
    assert ledger.audit(site) == []
    balance = ledger.balance(site)
    return balance.available, balance.reserved


def reported(row, number: str, status=ReportStatus.DELIVERED) -> None:
    append([report(row, number, status)], provider="default")
    while fold():
        pass


def figures(campaign) -> dict:
    found = progress(campaign)
    names = ("accepted", "delivered", "uncertain", "lost", "skipped")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def decided(campaign, verdict, by, **options):
    return decide(campaign, verdict=verdict, reason=WHY, by=by, **options)


# What a decision does


def test_they_were_sent_spends_the_held_credits_and_ends_the_doubt(site, olga, provider):
    campaign = looked_up_in_vain(site, 3, accepted=2)
    assert credits_of(site) == (495, 3)
    decision = decided(campaign, SENT, olga)
    assert (decision.people, decision.credits, decision.decided_by, decision.reason) == (3, 3, olga, WHY)
    assert figures(campaign) == {"accepted": 5}
    assert credits_of(site) == (495, 0)
    assert Batch.objects.get(campaign=campaign).status == BatchStatus.DONE
    assert Reservation.objects.get(pk=campaign.reservation_id).status == ReservationStatus.CLOSED


def test_they_were_not_sent_gives_the_held_credits_back_and_says_so(site, olga):
    campaign = looked_up_in_vain(site, 3, accepted=2)
    assert decided(campaign, NOT_SENT, olga).credits == 3
    assert figures(campaign) == {"accepted": 2, "lost": 3}
    assert credits_of(site) == (498, 0)
    lost = Delivery.objects.filter(campaign=campaign, status=DeliveryStatus.SKIPPED)
    assert set(lost.values_list("reason", "credits")) == {(SkipReason.LOST, 0)}
    assert Reservation.objects.get(pk=campaign.reservation_id).status == ReservationStatus.CLOSED


@pytest.mark.parametrize("verdict", [SENT, NOT_SENT])
def test_a_decision_sends_nothing(site, olga, provider, verdict):
    campaign = looked_up_in_vain(site, 3)
    notice = uncertain_welcome(site)
    before = list(provider.texts)
    decided(campaign, verdict, olga)
    decide_notices(site, purpose=notice.purpose, verdict=verdict, reason=WHY, by=olga)
    for hours in (0, 1, 48):
        sweep(now=timezone.now() + timedelta(hours=hours))
        dispatch()
        send_notices()
    assert provider.texts == before


def test_it_is_logged_and_the_ledger_names_the_reason(site, olga):
    campaign = looked_up_in_vain(site, 2)
    decided(campaign, NOT_SENT, olga)
    entry = ModelLogEntry.objects.get(action="wagtail_sms.decide")
    assert (entry.user, entry.label, entry.data["people"]) == (olga, f"Campaign {campaign.pk}", 2)
    assert entry.message == f"2 people counted as not sent to, 2 credits given back: {WHY}"
    assert Transfer.objects.filter(reservation=campaign.reservation_id, note=WHY).count() == 1


def test_batches_that_no_answer_came_for_are_decided_like_those_whose_answer_was_lost(site, olga, monkeypatch):
    monkeypatch.setattr(get_provider(), "lookup_is_final_after", None)
    make_subscribers(site, 120)
    campaign = launched(site)
    plan(campaign.pk)
    claim(10, provider="default", now=timezone.now())
    for hours in range(0, 72, 6):
        sweep(now=timezone.now() + timedelta(hours=hours, minutes=10))
    assert decided(campaign, NOT_SENT, olga).people == 120
    assert figures(campaign) == {"lost": 120}
    assert credits_of(site) == (500, 0)
    assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.DONE


def test_one_batch_is_decided_alone(site, olga):
    campaign = nobody_answered(site, 120)
    first, second, _third = Batch.objects.order_by("pk")
    assert decided(campaign, SENT, olga, batch=first).people == 50
    assert decided(campaign, NOT_SENT, olga, batch=second).people == 50
    assert figures(campaign) == {"accepted": 50, "lost": 50, "uncertain": 20}
    assert credits_of(site) == (430, 20)


def test_whoever_was_deleted_while_uncertain_is_decided_with_the_others_and_costs_nothing(site, olga):
    campaign = looked_up_in_vain(site, 3)
    Subscriber.objects.filter(site=site).order_by("pk").first().delete()
    write_off_the_erased()
    assert credits_of(site) == (498, 2)
    assert decided(campaign, SENT, olga).credits == 2
    assert figures(campaign) == {"accepted": 3}
    assert credits_of(site) == (498, 0)


# When it is a person's turn


def test_nothing_is_decided_while_the_provider_is_still_asked(site, olga):
    campaign = uncertain(site, 3)
    assert decided(campaign, SENT, olga) is None
    found = Both.of(uncertain_batches(), now=timezone.now())
    assert (found.to_decide, found.looked_up.people, found.looked_up.lookups) == (None, 3, 0)
    assert figures(campaign) == {"uncertain": 3}
    assert not Decision.objects.exists()


def test_the_lookups_are_at_1_5_30_minutes_6_and_24_hours_and_then_it_is_a_persons_turn(site, olga, monkeypatch):
    asked, began = [], timezone.now()
    monkeypatch.setattr(get_provider(), "lookup", lambda *question: asked.append(question))
    monkeypatch.setattr(get_provider(), "lookup_is_final_after", None)
    campaign = uncertain(site, 1)
    for minutes in (0, 2, 4, 6, 29, 31, 359, 361, 1439):
        look_up_uncertain(now=began + timedelta(minutes=minutes))
        assert Both.of(uncertain_batches(), now=began + timedelta(minutes=minutes)).to_decide is None
    assert len(asked) == 4
    last = began + timedelta(minutes=1441)
    look_up_uncertain(now=last)
    assert len(asked) == 5
    assert decided(campaign, SENT, olga, now=last).people == 1


def test_without_lookups_it_is_a_persons_turn_after_an_hour(site, olga, monkeypatch):
    monkeypatch.setattr(get_provider(), "supports_lookup", False)
    campaign, now = uncertain(site, 2), timezone.now()
    assert decided(campaign, NOT_SENT, olga, now=now) is None
    assert decided(campaign, NOT_SENT, olga, now=now + timedelta(minutes=61)).people == 2


def test_as_long_as_a_repeat_could_tell_it_is_nobodys_turn(site, olga, monkeypatch):
    monkeypatch.setattr(get_provider(), "supports_lookup", False)
    monkeypatch.setattr(get_provider(), "idempotency_key_lifetime", timedelta(hours=3))
    campaign, now = uncertain(site, 2), timezone.now()
    assert decided(campaign, NOT_SENT, olga, now=now + timedelta(hours=2)) is None
    assert decided(campaign, NOT_SENT, olga, now=now + timedelta(hours=4)).people == 2


def test_a_provider_that_is_gone_from_the_settings_leaves_it_to_a_person(site, olga):
    campaign = uncertain(site, 2)
    Batch.objects.update(provider="gone")
    assert decided(campaign, SENT, olga, now=timezone.now() + timedelta(hours=2)).people == 2


def test_a_provider_that_cannot_be_asked_for_a_day_leaves_it_to_a_person(site, olga, monkeypatch):
    def away(*question):
        raise ProviderUnavailable()

    monkeypatch.setattr(get_provider(), "lookup", away)
    campaign, now = uncertain(site, 2), timezone.now()
    for hours in (1, 12, 24):
        look_up_uncertain(now=now + timedelta(hours=hours))
        assert decided(campaign, SENT, olga, now=now + timedelta(hours=hours)) is None
    assert decided(campaign, SENT, olga, now=now + timedelta(hours=25)).people == 2


def test_only_what_waits_is_decided(site, olga):
    campaign = looked_up_in_vain(site, 3, accepted=47)
    other = uncertain(site, 2, start=100)
    decided(campaign, NOT_SENT, olga)
    assert decided(other, NOT_SENT, olga) is None
    assert figures(other)["uncertain"] == 5


@pytest.mark.parametrize("reason", ["", "   ", "x" * 256])
def test_a_decision_needs_a_reason_that_fits(site, olga, reason):
    campaign = looked_up_in_vain(site, 2)
    with pytest.raises(DecisionRefused):
        decide(campaign, verdict=SENT, reason=reason, by=olga)
    with pytest.raises(DecisionRefused):
        decide_notices(site, purpose=NoticePurpose.WELCOME, verdict=SENT, reason=reason, by=olga)
    assert figures(campaign) == {"uncertain": 2}


# Two tabs, and reports before and after


@pytest.mark.parametrize("second", [SENT, NOT_SENT])
@pytest.mark.parametrize("first", [SENT, NOT_SENT])
def test_the_first_of_two_decisions_counts(site, olga, first, second):
    campaign = looked_up_in_vain(site, 3)
    decided(campaign, first, olga)
    after = figures(campaign), credits_of(site)
    assert decided(campaign, second, olga) is None
    assert (figures(campaign), credits_of(site)) == after
    assert Decision.objects.count() == ModelLogEntry.objects.filter(action="wagtail_sms.decide").count() == 1


def test_what_changed_since_somebody_looked_is_not_decided(site, olga):
    campaign = looked_up_in_vain(site, 3)
    batch, person = Batch.objects.get(), Subscriber.objects.order_by("pk").first()
    reported(batch, person.number)
    with pytest.raises(DoubtChanged) as raised:
        decided(campaign, NOT_SENT, olga, seen=(3, 3))
    assert raised.value.current.figures == (2, 2)
    assert decided(campaign, NOT_SENT, olga, seen=(2, 2)).people == 2
    assert figures(campaign) == {"delivered": 1, "lost": 2}
    assert credits_of(site) == (499, 0)


def test_a_report_after_they_were_not_sent_is_believed_and_charged_to_nobody(site, olga):
    campaign = looked_up_in_vain(site, 2)
    decided(campaign, NOT_SENT, olga)
    reported(Batch.objects.get(), Subscriber.objects.order_by("pk").first().number)
    assert figures(campaign) == {"delivered": 1, "lost": 1}
    assert credits_of(site) == (500, 0)


def test_a_report_after_they_were_sent_moves_them_on_and_costs_nothing_more(site, olga):
    campaign = looked_up_in_vain(site, 2)
    decided(campaign, SENT, olga)
    reported(Batch.objects.get(), Subscriber.objects.order_by("pk").first().number)
    assert figures(campaign) == {"accepted": 1, "delivered": 1}
    assert credits_of(site) == (498, 0)


def test_a_worker_that_answers_after_a_decision_changes_nothing(site, olga):
    from wagtail_sms.delivery.record import record
    from wagtail_sms.providers.base import SendResult

    [person] = make_subscribers(site, 1)
    campaign = launched(site)
    plan(campaign.pk)
    [claimed] = claim(5, provider="default", now=timezone.now())
    expire_leases(now=timezone.now() + timedelta(hours=1))
    Batch.objects.update(lookups=len(SCHEDULE))
    decided(campaign, NOT_SENT, olga)
    record([(claimed, [SendResult(person.number, Outcome.ACCEPTED)])], now=timezone.now())
    assert figures(campaign) == {"lost": 1}
    assert credits_of(site) == (500, 0)


def test_a_decision_in_the_middle_of_sending_leaves_the_campaign_running(site, olga):
    make_subscribers(site, 120)
    campaign = launched(site)
    plan(campaign.pk)
    claim(1, provider="default", now=timezone.now())
    expire_leases(now=timezone.now() + timedelta(hours=1))
    Batch.objects.filter(status=BatchStatus.UNCERTAIN).update(lookups=len(SCHEDULE))
    assert decided(campaign, NOT_SENT, olga).people == 50
    assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.SENDING
    dispatch()
    assert figures(campaign) == {"accepted": 70, "lost": 50}
    assert credits_of(site) == (430, 0)


# Texts to one person


def test_a_welcome_text_that_was_sent_is_paid(site, olga):
    notice = uncertain_welcome(site)
    assert credits_of(site) == (500 - notice.credits, notice.credits)
    decision = decide_notices(site, purpose=notice.purpose, verdict=SENT, reason=WHY, by=olga)
    notice.refresh_from_db()
    assert (decision.people, decision.credits, notice.status) == (1, notice.credits, NoticeStatus.ACCEPTED)
    assert credits_of(site) == (500 - notice.credits, 0)
    reported(notice, notice.number)
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.DELIVERED
    assert credits_of(site) == (500 - notice.credits, 0)


def test_a_welcome_text_that_was_not_sent_costs_nothing_even_if_it_arrives_after_all(site, olga):
    notice = uncertain_welcome(site)
    decide_notices(site, purpose=notice.purpose, verdict=NOT_SENT, reason=WHY, by=olga)
    assert Notice.objects.get().status == NoticeStatus.CANCELLED
    assert credits_of(site) == (500, 0)
    reported(notice, notice.number)
    assert Notice.objects.get().status == NoticeStatus.DELIVERED
    assert credits_of(site) == (500, 0)


def test_a_cancelled_text_that_never_left_is_moved_by_no_report(site):
    notice = uncertain_welcome(site)
    Notice.objects.update(status=NoticeStatus.CANCELLED, error_code="")
    reported(notice, notice.number)
    assert Notice.objects.get().status == NoticeStatus.CANCELLED


def test_texts_of_another_site_or_purpose_or_still_looked_up_stay_uncertain(site, other_site, olga):
    mine, theirs = uncertain_welcome(site), uncertain_welcome(other_site, "+12015550178")
    early = uncertain_welcome(site, "+12015550179", looked_up=False)
    assert decide_notices(site, purpose=NoticePurpose.CODE, verdict=SENT, reason=WHY, by=olga) is None
    assert decide_notices(site, purpose=NoticePurpose.WELCOME, verdict=SENT, reason=WHY, by=olga).people == 1
    assert {notice.pk for notice in uncertain_notices()} == {theirs.pk, early.pk}
    mine.refresh_from_db()
    assert mine.status == NoticeStatus.ACCEPTED
    assert decide_notices(site, purpose=NoticePurpose.WELCOME, verdict=SENT, reason=WHY, by=olga) is None


def test_a_decision_about_texts_to_one_person_is_logged_without_their_numbers(site, olga):
    notice = uncertain_welcome(site)
    decide_notices(site, purpose=notice.purpose, verdict=SENT, reason=WHY, by=olga)
    entry = ModelLogEntry.objects.get(action="wagtail_sms.decide")
    assert (entry.label, entry.user) == ("Welcome text", olga)
    assert notice.number not in str(entry.data)


def test_whoever_stopped_is_texted_by_no_decision(site, olga, provider):
    campaign = looked_up_in_vain(site, 1)
    consent.stop(site, number=Subscriber.objects.get().number)
    before = len(provider.texts)
    decided(campaign, SENT, olga)
    sweep()
    assert len(provider.texts) == before
