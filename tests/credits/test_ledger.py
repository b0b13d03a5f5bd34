"""What each verb of the ledger does to the figures."""

from datetime import UTC, datetime

import pytest

from wagtail.models import Site

from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import GrantKind, ReservationStatus


pytestmark = pytest.mark.django_db

NOVEMBER = datetime(2026, 11, 12, 10, 30, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def site():
    site = Site.objects.get(is_default_site=True)
    ledger.open_wallet(site, now=NOVEMBER)
    return site


def pack(site, amount=100, key="pack:1", now=NOVEMBER):
    return ledger.grant(site, amount=amount, kind=GrantKind.PACK, key=key, now=now)


def hold(site, amount, key="campaign:1", now=NOVEMBER):
    return ledger.reserve(site, amount=amount, key=key, purpose="Campaign", now=now)


def test_a_new_wallet_has_the_free_credits_of_its_month(site):
    balance = ledger.balance(site, now=NOVEMBER)
    assert (balance.available, balance.free_left, balance.bought) == (500, 500, 0)
    assert balance.free_until == DECEMBER


def test_smoke(site):
    pack(site)
    reservation = hold(site, 550)
    balance = ledger.balance(site, now=NOVEMBER)
    assert (balance.available, balance.reserved, balance.free_left, balance.bought) == (50, 550, 0, 50)
    ledger.capture(reservation, amount=300, key="batch:1", now=NOVEMBER)
    ledger.capture(reservation, amount=300, key="batch:1", now=NOVEMBER)
    assert reservation.left == 250
    ledger.release(reservation, amount=100, key="batch:1", now=DECEMBER)
    balance = ledger.balance(site, now=DECEMBER)
    assert (balance.available, balance.reserved, balance.free_left, balance.bought) == (600, 150, 500, 100)
    ledger.refund(reservation, amount=10, key="batch:1", now=DECEMBER)
    ledger.close(reservation, key="campaign:1", now=DECEMBER)
    ledger.close(reservation, key="campaign:1", now=DECEMBER)
    assert reservation.status == ReservationStatus.CLOSED
    balance = ledger.balance(site, now=DECEMBER)
    assert (balance.available, balance.reserved, balance.free_left, balance.bought) == (600, 0, 500, 100)
    assert ledger.audit() == []
    with pytest.raises(InsufficientCredits) as refused:
        hold(site, 601, key="campaign:2", now=DECEMBER)
    assert refused.value.shortfall == 1
    with pytest.raises(LedgerError):
        hold(site, 5, now=DECEMBER)
    assert len(ledger.history(site)) == 13, [str(t) for t in ledger.history(site)]
