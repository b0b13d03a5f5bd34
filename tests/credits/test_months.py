"""Free credits and the calendar: every month once, and what is left lapses."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.test import override_settings

from tests.credits import DECEMBER, JANUARY, NOVEMBER, OCTOBER, figures, hold, pack
from wagtail_sms.credits import ledger, periods
from wagtail_sms.credits.models import Grant, Wallet
from wagtail_sms.exceptions import InsufficientCredits
from wagtail_sms.states import GrantKind, TransferKind


LAST_OF_NOVEMBER = DECEMBER - timedelta(microseconds=1)
ROLL_OVER = {"FREE_CREDITS_ROLL_OVER": True}


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def months_of(site):
    return list(
        Grant.objects.filter(wallet__site=site, kind=GrantKind.FREE).values_list("period", flat=True).order_by("pk")
    )


def test_the_month_of_installation_counts_in_full_on_its_last_day(bare_site):
    ledger.open_wallet(bare_site, now=OCTOBER)
    assert figures(bare_site, OCTOBER) == (500, 0, 0)
    assert figures(bare_site, OCTOBER + timedelta(seconds=1)) == (500, 0, 0)
    assert months_of(bare_site) == ["2026-10", "2026-11"]


def test_free_credits_come_once_a_month_however_often_one_looks(site):
    for _ in range(3):
        ledger.balance(site, now=LAST_OF_NOVEMBER)
        ledger.ensure_monthly_grant(site, now=LAST_OF_NOVEMBER)
    assert months_of(site) == ["2026-11"]
    assert ledger.ensure_monthly_grant(site, now=DECEMBER) == 500
    assert ledger.ensure_monthly_grant(site, now=DECEMBER) == 0
    assert months_of(site) == ["2026-11", "2026-12"]


def test_there_are_no_free_credits_for_the_months_before_the_wallet(site):
    assert ledger.ensure_monthly_grant(site, now=OCTOBER) == 0
    assert months_of(site) == ["2026-11"]


def test_what_is_left_lapses_at_the_end_of_the_month(site):
    pack(site, 100)
    ledger.capture(hold(site, 120), amount=120, key="batch:1", now=NOVEMBER)
    assert figures(site, LAST_OF_NOVEMBER) == (380, 100, 0)
    assert figures(site, DECEMBER) == (500, 100, 0)
    assert ledger.expire_due(now=DECEMBER) == 380
    assert ledger.expire_due(now=DECEMBER) == 0
    assert figures(site, DECEMBER) == (500, 100, 0)


def test_lapsed_credits_cannot_be_reserved_before_anything_expired_them(site):
    with pytest.raises(InsufficientCredits) as refused:
        hold(site, 501, now=DECEMBER)
    assert refused.value.available == 500
    hold(site, 500, now=DECEMBER)
    assert Wallet.objects.get(site=site).available == 0


def test_a_month_nobody_looked_at_is_not_given_afterwards(site):
    assert figures(site, JANUARY) == (500, 0, 0)
    assert months_of(site) == ["2026-11", "2027-01"]


def test_what_a_campaign_holds_stays_usable_after_the_month(site):
    reservation = hold(site, 400)
    assert ledger.expire_due(now=DECEMBER) == 100
    ledger.capture(reservation, amount=400, key="batch:1", now=DECEMBER)
    assert figures(site, DECEMBER) == (500, 0, 0)


@pytest.mark.parametrize("swept", [True, False])
def test_credits_released_after_their_month_lapse_at_once(site, swept):
    reservation = hold(site, 400)
    if swept:
        ledger.expire_due(now=DECEMBER)
    ledger.release(reservation, amount=150, key="batch:1", now=DECEMBER)
    ledger.close(reservation, key="campaign:1", now=DECEMBER)
    assert figures(site, DECEMBER) == (500, 0, 0)
    kinds = ledger.history(site).filter(reservation=reservation).values_list("kind", "amount")
    assert sorted(kinds) == sorted(
        [
            (TransferKind.RESERVE, 400),
            (TransferKind.RELEASE, 150),
            (TransferKind.EXPIRE, 150),
            (TransferKind.RELEASE, 250),
            (TransferKind.EXPIRE, 250),
        ]
    )


def test_credits_refunded_after_their_month_lapse_at_once(site):
    pack(site, 100)
    reservation = ledger.capture(hold(site, 600), amount=600, key="batch:1", now=NOVEMBER)
    ledger.refund(reservation, amount=150, key="report:1", now=DECEMBER)
    assert figures(site, DECEMBER) == (500, 100, 0)
    assert ledger.expire_due(now=JANUARY) == 500


def test_months_are_those_of_utc(bare_site):
    in_sydney = datetime(2026, 12, 1, 5, tzinfo=timezone(timedelta(hours=11)))
    ledger.open_wallet(bare_site, now=in_sydney)
    assert months_of(bare_site) == ["2026-11"]
    assert ledger.balance(bare_site, now=in_sydney).free_until == DECEMBER


@override_settings(WAGTAIL_SMS=ROLL_OVER)
def test_free_credits_can_roll_over(bare_site):
    ledger.open_wallet(bare_site, now=NOVEMBER)
    assert ledger.balance(bare_site, now=NOVEMBER).free_until is None
    assert figures(bare_site, DECEMBER) == (1000, 0, 0)
    assert ledger.expire_due(now=JANUARY) == 0


@override_settings(WAGTAIL_SMS=ROLL_OVER)
def test_with_roll_over_the_months_nobody_looked_at_are_made_up_for(bare_site):
    ledger.open_wallet(bare_site, now=NOVEMBER)
    later = datetime(2027, 3, 31, tzinfo=UTC)
    assert figures(bare_site, later) == (2500, 0, 0)
    assert months_of(bare_site) == ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]


@override_settings(WAGTAIL_SMS={"FREE_CREDITS_PER_MONTH": 0})
def test_there_need_not_be_free_credits(bare_site):
    ledger.open_wallet(bare_site, now=NOVEMBER)
    assert figures(bare_site, DECEMBER) == (0, 0, 0)
    assert months_of(bare_site) == []


@override_settings(WAGTAIL_SMS={"FREE_CREDITS_PER_MONTH": 20})
def test_another_figure_holds_from_the_next_month(site):
    assert figures(site, NOVEMBER) == (500, 0, 0)
    assert figures(site, DECEMBER) == (20, 0, 0)


def test_a_wallet_that_fell_behind_another_process_gives_the_month_once(site):
    stale = Wallet.objects.get(site=site)
    ledger.ensure_monthly_grant(site, now=DECEMBER)
    from wagtail_sms.credits import months

    assert months.issue_missing(stale, now=DECEMBER) == 0
    assert months_of(site) == ["2026-11", "2026-12"]


def test_bought_credits_never_lapse(site):
    pack(site, 100)
    far = datetime(2040, 1, 1, tzinfo=UTC)
    ledger.expire_due(now=far)
    assert figures(site, far) == (500, 100, 0)


@pytest.mark.parametrize(
    ("period", "end"),
    [("2026-11", (2026, 12, 1)), ("2026-12", (2027, 1, 1)), ("2028-02", (2028, 3, 1)), ("2026-01", (2026, 2, 1))],
)
def test_a_month_ends_where_the_next_begins(period, end):
    assert periods.end_of(period) == datetime(*end, tzinfo=UTC)
    assert periods.period_of(periods.end_of(period) - timedelta(microseconds=1)) == period
    assert periods.period_of(periods.end_of(period)) == periods.following(period)


def test_months_are_counted_across_years():
    assert list(periods.through("2026-11", "2027-02")) == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert list(periods.through("2027-01", "2026-12")) == []
