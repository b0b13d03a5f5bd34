from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import give_credits, write_texts
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import pay_for_waiting, welcome
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.phone import parse
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.providers.base import Outcome
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import NoticeStatus, SenderStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db


def opt_in(site, number: str = "+33612345678"):
    found = consent.opt_in(site, number=parse(number), wording=current_wording(site))
    return found, welcome(found)


def test_a_new_subscription_gets_one_welcome_text_with_the_sites_words_at_the_countrys_rate(site, provider):
    write_texts(site, welcome_text="{brand} says hello. STOP to end.")
    opt_in(site)
    opt_in(site)
    send_notices()
    assert provider.texts == [("+33612345678", "Halle Nord says hello. STOP to end.")]
    assert ledger.balance(site).available == 500 - credits_for("FR")
    causes = [transfer.reservation.purpose for transfer in ledger.history(site) if transfer.reservation]
    assert set(causes) == {"welcome"}


def test_coming_back_after_stop_is_a_new_subscription_with_a_welcome_of_its_own(site, provider):
    opt_in(site)
    send_notices()
    consent.stop(site, number="+33612345678")
    opt_in(site)
    send_notices()
    assert len(provider.texts) == 2


def test_a_welcome_without_credits_waits_and_goes_out_when_there_are_some(site, provider):
    ledger.reserve(site, amount=500, key="all", purpose="test")
    _found, notice = opt_in(site)
    send_notices()
    assert (notice.status, provider.texts) == (NoticeStatus.WAITING, [])
    give_credits(site, 100)
    assert pay_for_waiting(now=timezone.now() + timedelta(minutes=2)) == 1
    Notice.objects.update(next_attempt_at=timezone.now())
    send_notices()
    assert len(provider.texts) == 1


def test_welcome_texts_cost_no_more_a_day_than_the_budget(site, provider, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WELCOME_CREDITS_PER_DAY": credits_for("FR")}
    _found, first = opt_in(site)
    _found, second = opt_in(site, "+33612345679")
    assert (first.status, second.status) == (NoticeStatus.QUEUED, NoticeStatus.WAITING)


def test_a_refused_welcome_gives_its_credits_back(site, provider):
    provider.script["+33612345678"] = Outcome.REJECTED
    opt_in(site)
    send_notices()
    assert ledger.balance(site).available == 500


def test_an_uncertain_welcome_is_held_and_not_resent(site, provider):
    provider.script["+33612345678"] = Outcome.UNCERTAIN
    opt_in(site)
    send_notices()
    sweep()
    send_notices()
    assert len(provider.outbox) == 1
    assert ledger.balance(site).reserved == credits_for("FR")


def test_the_gateway_down_only_delays_a_welcome(site, provider):
    provider.failures.append(ProviderUnavailable(retry_after=1))
    _found, notice = opt_in(site)
    send_notices()
    assert provider.texts == []
    from wagtail_sms.delivery.lanes import reset

    reset("notices:default")
    Notice.objects.update(next_attempt_at=timezone.now())
    send_notices()
    notice.refresh_from_db()
    assert (notice.status, len(provider.texts)) == (NoticeStatus.ACCEPTED, 1)


def test_a_welcome_waits_for_the_sender_number(site, provider):
    SenderNumber.objects.filter(site=site).update(status=SenderStatus.REQUESTED)
    opt_in(site)
    send_notices()
    assert provider.texts == []
    SenderNumber.objects.filter(site=site).update(status=SenderStatus.ACTIVE)
    Notice.objects.update(next_attempt_at=timezone.now())
    send_notices()
    assert len(provider.texts) == 1


def test_who_stops_before_the_welcome_went_out_does_not_get_it_and_it_costs_nothing(site, provider):
    opt_in(site)
    consent.stop(site, number="+33612345678")
    send_notices()
    assert provider.texts == []
    assert ledger.balance(site).available == 500


def test_the_budget_for_welcome_texts_holds_for_those_that_waited_too(site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WELCOME_CREDITS_PER_DAY": 5 * credits_for("FR")}
    give_credits(site, 5000)
    for position in range(30):
        opt_in(site, f"+336123456{position:02d}")
    assert Notice.objects.filter(status=NoticeStatus.QUEUED).count() == 5
    pay_for_waiting(now=timezone.now() + timedelta(days=1, minutes=5))
    assert Notice.objects.filter(status=NoticeStatus.QUEUED).count() == 10


def test_texts_that_can_not_be_paid_do_not_keep_another_sites_texts_waiting(site, other_site):
    for poor in (site, other_site):
        ledger.reserve(poor, amount=500, key=f"all:{poor.pk}", purpose="test")
    for number in ("+33612345678", "+33612345679", "+33612345670"):
        opt_in(site, number)
    _found, notice = opt_in(other_site)
    give_credits(other_site, 100)
    due = timezone.now() + timedelta(minutes=2)
    assert sum(pay_for_waiting(now=due + timedelta(seconds=30 * turn), limit=2) for turn in range(2)) == 1
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.QUEUED


def test_one_look_finds_the_text_that_can_be_paid_behind_many_that_can_not(site, other_site):
    for poor in (site, other_site):
        ledger.take(poor, amount=500, key=f"all:{poor.pk}", note="test")
    for position in range(5):
        opt_in(site, f"+3361234567{position}")
    _found, notice = opt_in(other_site)
    give_credits(other_site, 100)
    assert pay_for_waiting(now=timezone.now() + timedelta(minutes=2), limit=2) == 1
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.QUEUED


def test_a_text_that_waits_for_a_new_month_is_paid_by_its_free_credits(site):
    ledger.take(site, amount=500, key="all", note="test")
    opt_in(site)
    assert pay_for_waiting(now=timezone.now() + timedelta(minutes=2)) == 0
    assert pay_for_waiting(now=timezone.now() + timedelta(days=40)) == 1
