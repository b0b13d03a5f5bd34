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
    # Seen from after all of these months: some were granted ahead of the real clock.
    assert ledger.audit(now=datetime(2050, 1, 1, tzinfo=UTC)) == []


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


def at(*moment):
    return datetime(*moment, tzinfo=UTC)


def turn_of_beat(site, now):
    """What the scheduler does about credits, once an hour."""
    ledger.expire_due(now=now)
    ledger.ensure_monthly_grant(site, now=now)


def test_with_beat_off_for_three_months_the_present_month_is_there_and_the_missed_ones_are_not(site):
    pack(site, 1200)
    balance = ledger.balance(site, now=at(2027, 3, 9))
    assert (balance.free_left, balance.bought, balance.available) == (500, 1200, 1700)
    assert balance.free_until == at(2027, 4, 1)
    assert months_of(site) == ["2026-11", "2027-03"]
    turn_of_beat(site, at(2027, 3, 10))
    assert figures(site, at(2027, 3, 10)) == (500, 1200, 0)


@override_settings(WAGTAIL_SMS=ROLL_OVER)
def test_with_beat_off_for_three_months_and_roll_over_nothing_is_missing(bare_site):
    ledger.open_wallet(bare_site, now=NOVEMBER)
    pack(bare_site, 1200)
    hold(bare_site, 100)
    balance = ledger.balance(bare_site, now=at(2027, 3, 9))
    assert (balance.free_left, balance.bought, balance.reserved) == (2400, 1200, 100)
    assert balance.free_until is None
    turn_of_beat(bare_site, at(2027, 3, 10))
    assert figures(bare_site, at(2027, 3, 10)) == (2400, 1200, 100)


def test_beat_running_ten_times_changes_nothing(site):
    for _ in range(10):
        turn_of_beat(site, DECEMBER)
    assert months_of(site) == ["2026-11", "2026-12"]
    assert figures(site, DECEMBER) == (500, 0, 0)


@pytest.mark.parametrize("back", [at(2026, 11, 30, 23, 59), at(2026, 11, 2), at(2026, 5, 1), at(2001, 1, 1)])
def test_a_clock_set_back_grants_nothing_twice_and_lapses_nothing(site, back):
    ledger.capture(hold(site, 300), amount=300, key="batch:1", now=NOVEMBER)
    assert ledger.ensure_monthly_grant(site, now=DECEMBER) == 500
    assert ledger.ensure_monthly_grant(site, now=back) == 0
    # December's credits are there to be spent; November's had a date that by this clock has not come yet.
    assert ledger.expire_due(now=back) == 0
    assert figures(site, back) == (700, 0, 0)
    assert months_of(site) == ["2026-11", "2026-12"]


def test_a_clock_set_back_and_put_right_goes_on_as_if_nothing_had_been(site):
    turn_of_beat(site, DECEMBER)
    turn_of_beat(site, NOVEMBER)
    hold(site, 100, now=NOVEMBER)
    assert figures(site, DECEMBER) == (400, 0, 100)
    turn_of_beat(site, DECEMBER)
    turn_of_beat(site, JANUARY)
    assert months_of(site) == ["2026-11", "2026-12", "2027-01"]
    assert figures(site, JANUARY) == (500, 0, 100)


def test_what_lapsed_stays_lapsed_when_the_clock_is_set_back(site):
    ledger.expire_due(now=DECEMBER)
    assert figures(site, NOVEMBER) == (0, 0, 0)
    assert figures(site, DECEMBER) == (500, 0, 0)


def test_a_clock_that_ran_ahead_gives_the_months_of_its_future_once(site):
    """What was given ahead is not given again when those months come; what was bought is untouched by all of it."""
    pack(site, 1200)
    turn_of_beat(site, at(2027, 2, 1))
    turn_of_beat(site, NOVEMBER)
    assert figures(site, NOVEMBER) == (500, 1200, 0)
    for month in (DECEMBER, JANUARY, at(2027, 2, 28)):
        turn_of_beat(site, month)
        assert figures(site, month) == (500, 1200, 0)
    turn_of_beat(site, at(2027, 3, 1))
    assert figures(site, at(2027, 3, 1)) == (500, 1200, 0)
    assert months_of(site) == ["2026-11", "2027-02", "2027-03"]


@override_settings(WAGTAIL_SMS={"FREE_CREDITS_PER_MONTH": 0})
def test_without_free_credits_a_clock_that_ran_ahead_leaves_nothing_to_find(bare_site):
    ledger.open_wallet(bare_site, now=NOVEMBER)
    ledger.balance(bare_site, now=JANUARY)
    assert ledger.audit(now=NOVEMBER) == []


@pytest.mark.parametrize(
    ("installed", "months"),
    [
        (at(2027, 1, 31, 12), [(2027, 2, 1), (2027, 2, 28, 23, 59), (2027, 3, 1)]),
        (at(2028, 1, 31, 12), [(2028, 2, 29), (2028, 3, 31)]),
        (at(2026, 8, 31), [(2026, 9, 30), (2026, 10, 31)]),
    ],
)
def test_installed_on_the_thirty_first_the_shorter_months_come_too(bare_site, installed, months):
    ledger.open_wallet(bare_site, now=installed)
    for moment in months:
        turn_of_beat(bare_site, at(*moment))
        assert figures(bare_site, at(*moment)) == (500, 0, 0)
    assert len(months_of(bare_site)) == 1 + len({moment[:2] for moment in months})


def test_the_year_turns_like_any_month(bare_site):
    ledger.open_wallet(bare_site, now=at(2026, 12, 31, 23, 59, 59))
    hold(bare_site, 450, now=at(2026, 12, 31, 23, 59, 59))
    assert ledger.balance(bare_site, now=at(2026, 12, 31, 23, 59, 59)).free_until == JANUARY
    assert figures(bare_site, JANUARY) == (500, 0, 450)
    assert months_of(bare_site) == ["2026-12", "2027-01"]


@pytest.mark.parametrize(("before", "after"), [({}, ROLL_OVER), (ROLL_OVER, {})])
def test_roll_over_switched_in_between_holds_from_the_next_month(bare_site, before, after):
    with override_settings(WAGTAIL_SMS=before):
        ledger.open_wallet(bare_site, now=NOVEMBER)
    with override_settings(WAGTAIL_SMS=after):
        turn_of_beat(bare_site, DECEMBER)
        kept = 500 if before else 0
        assert figures(bare_site, DECEMBER) == (500 + kept, 0, 0)
        turn_of_beat(bare_site, JANUARY)
        assert figures(bare_site, JANUARY) == ((1000 if after else 500) + kept, 0, 0)
