"""Amounts, keys and notes that make no sense are refused in words, and nothing moves."""

from decimal import Decimal

import pytest

from tests.credits import NOVEMBER, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import GrantKind


WRONG = [-1, -(2**63), -(2**70), 10**12 + 1, 2**63 - 1, 2**63, 2**64, 10**40]
NOT_WHOLE = [1.5, 1.0, float("inf"), float("nan"), "10", b"10", Decimal("5"), True, [1], None]


@pytest.fixture
def busy(site):
    """A grant and a reservation, half settled, to aim at."""
    grant, reservation = pack(site, 100), hold(site, 550)
    ledger.capture(reservation, amount=100, key="batch:1", now=NOVEMBER)
    return {"site": site, "grant": grant, "reservation": reservation}


VERBS = {
    "grant": lambda busy, **asked: ledger.grant(busy["site"], kind=GrantKind.PACK, **asked),
    "take": lambda busy, **asked: ledger.take(busy["site"], note="", **asked),
    "reserve": lambda busy, **asked: ledger.reserve(busy["site"], purpose="", **asked),
    "revoke": lambda busy, **asked: ledger.revoke(busy["grant"], **asked),
    "capture": lambda busy, **asked: ledger.capture(busy["reservation"], **asked),
    "release": lambda busy, **asked: ledger.release(busy["reservation"], **asked),
    "refund": lambda busy, **asked: ledger.refund(busy["reservation"], **asked),
}


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (Wallet, Grant, Reservation, Hold, Transfer)]


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_takes_an_amount_that_is_none(busy, verb):
    before = everything()
    for amount in [*WRONG, *NOT_WHOLE]:
        if verb == "revoke" and amount is None:
            continue  # all that is left of the grant
        with pytest.raises(LedgerError, match="whole numbers" if amount in NOT_WHOLE[2:] else "."):
            VERBS[verb](busy, amount=amount, key="odd", now=NOVEMBER)
    assert everything() == before


@pytest.mark.parametrize("verb", ["grant", "take", "reserve", "revoke"])
def test_nothing_is_not_an_amount(busy, verb):
    with pytest.raises(LedgerError, match="at least one credit, not 0"):
        VERBS[verb](busy, amount=0, key="odd", now=NOVEMBER)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("key", ["", "x" * 121, "free:1:2026-12", "lapse:1"])
def test_no_verb_takes_a_key_that_is_too_long_or_the_ledgers_own(busy, verb, key):
    before = everything()
    with pytest.raises(LedgerError, match="[Kk]ey"):
        VERBS[verb](busy, amount=1, key=key, now=NOVEMBER)
    assert everything() == before


def test_a_note_fits_or_is_refused(busy):
    site = busy["site"]
    for ask in (
        lambda note: pack(site, 1, key="noted", note=note),
        lambda note: ledger.take(site, amount=1, key="noted", note=note, now=NOVEMBER),
        lambda note: ledger.reserve(site, amount=1, key="noted", purpose=note, now=NOVEMBER),
        lambda note: ledger.capture(busy["reservation"], amount=1, key="noted", note=note, now=NOVEMBER),
    ):
        with pytest.raises(LedgerError, match="at most 255 characters"):
            ask("ü" * 256)
        ask("ü" * 255)
    assert ledger.audit() == []


def test_a_trillion_credits_are_a_lot_and_no_more_than_that(site):
    """Ten billion dollars' worth, a thousand times: still counted to the credit, on both databases."""
    for number in range(1000):
        pack(site, 10**12, key=f"pack:{number}")
    assert ledger.balance(site, now=NOVEMBER).bought == 10**15
    hold(site, 10**12)
    assert Wallet.objects.get(site=site).available == 10**15 + 500 - 10**12
    assert ledger.audit() == []
