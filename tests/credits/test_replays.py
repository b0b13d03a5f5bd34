"""The same key again moves nothing; the same key for something else is refused."""

import pytest
from django.db import transaction

from tests.credits import DECEMBER, NOVEMBER, figures, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Reservation, Transfer
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import GrantKind


SETTLING = [ledger.capture, ledger.release]


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def test_reserving_again_returns_the_first_reservation(site):
    first = hold(site, 400)
    again = hold(site, 400)
    assert again == first
    assert figures(site) == (100, 0, 400)


def test_a_replay_is_recognised_when_the_credits_would_no_longer_do(site):
    first = hold(site, 500)
    assert hold(site, 500) == first


def test_a_replay_is_recognised_after_the_reservation_was_closed(site):
    first = hold(site, 500)
    ledger.close(first, key="campaign:1", now=NOVEMBER)
    assert hold(site, 500) == first
    assert figures(site) == (500, 0, 0)


@pytest.mark.parametrize("verb", SETTLING)
def test_settling_again_moves_nothing(site, verb):
    pack(site, 100)
    reservation = hold(site, 600)
    for _ in range(3):
        verb(reservation, amount=550, key="batch:1", now=NOVEMBER)
    assert reservation.left == 50
    assert ledger.balance(site, now=NOVEMBER).reserved == 50


@pytest.mark.parametrize("verb", SETTLING)
def test_settling_the_rest_again_moves_nothing(site, verb):
    reservation = hold(site, 100)
    for _ in range(2):
        verb(reservation, amount=100, key="batch:1", now=NOVEMBER)
    assert reservation.left == 0
    assert Transfer.objects.filter(key="batch:1").count() == 1


def test_refunding_again_moves_nothing(site):
    reservation = ledger.capture(hold(site, 100), amount=100, key="batch:1", now=NOVEMBER)
    for _ in range(2):
        ledger.refund(reservation, amount=100, key="report:1", now=NOVEMBER)
    assert figures(site) == (500, 0, 0)


def test_a_grant_is_recognised_after_it_has_lapsed(site):
    first = pack(site, 100, expires_at=DECEMBER)
    assert pack(site, 100, expires_at=DECEMBER, now=DECEMBER) == first
    assert figures(site, DECEMBER) == (500, 0, 0)


def test_one_key_may_reserve_capture_release_and_refund(site):
    reservation = hold(site, 100, key="notice:77")
    ledger.capture(reservation, amount=50, key="notice:77", now=NOVEMBER)
    ledger.refund(reservation, amount=20, key="notice:77", now=NOVEMBER)
    ledger.close(reservation, key="notice:77", now=NOVEMBER)
    assert figures(site) == (470, 0, 0)
    assert Transfer.objects.filter(key="notice:77").count() == 4


def test_granting_again_returns_the_first_grant(site):
    assert pack(site, 100) == pack(site, 100)
    assert figures(site) == (500, 100, 0)


@pytest.mark.parametrize("verb", SETTLING)
def test_a_key_with_another_amount_is_refused(site, verb):
    reservation = verb(hold(site, 100), amount=10, key="batch:1", now=NOVEMBER)
    with pytest.raises(LedgerError, match="used before for something else"):
        verb(reservation, amount=11, key="batch:1", now=NOVEMBER)
    assert reservation.left == 90


@pytest.mark.parametrize("verb", SETTLING)
def test_a_key_of_another_reservation_is_refused(site, verb):
    verb(hold(site, 100), amount=10, key="batch:1", now=NOVEMBER)
    other = hold(site, 100, key="campaign:2")
    with pytest.raises(LedgerError, match="used before for something else"):
        verb(other, amount=10, key="batch:1", now=NOVEMBER)
    assert Reservation.objects.get(pk=other.pk).left == 100


def test_a_reservation_key_with_another_amount_is_refused(site):
    hold(site, 100)
    with pytest.raises(LedgerError, match="used before for something else"):
        hold(site, 101)
    assert figures(site) == (400, 0, 100)


def test_a_grant_key_with_other_figures_is_refused(site):
    grant = pack(site, 100)
    with pytest.raises(LedgerError, match="used before for something else"):
        pack(site, 101)
    with pytest.raises(LedgerError, match="used before for something else"):
        ledger.grant(site, amount=100, kind=GrantKind.ADJUSTMENT, key="pack:1", now=NOVEMBER)
    ledger.revoke(grant, key="refund:1", now=NOVEMBER)
    with pytest.raises(LedgerError, match="used before for something else"):
        ledger.revoke(Grant.objects.get(kind=GrantKind.FREE), key="refund:1", now=NOVEMBER)


def test_a_replay_leaves_the_callers_transaction_usable(site):
    reservation = hold(site, 100)
    ledger.capture(reservation, amount=10, key="batch:1", now=NOVEMBER)
    with transaction.atomic():
        ledger.capture(reservation, amount=10, key="batch:1", now=NOVEMBER)
        hold(site, 100)
        ledger.capture(reservation, amount=5, key="batch:2", now=NOVEMBER)
    assert reservation.captured == 15
