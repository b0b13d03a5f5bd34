"""Moments and shorthands that the ledger's tests share."""

from datetime import UTC, datetime

from wagtail_sms.credits import ledger
from wagtail_sms.states import GrantKind


OCTOBER = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 12, 10, 30, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)


def pack(site, amount=100, key="pack:1", now=NOVEMBER, **kwargs):
    return ledger.grant(site, amount=amount, kind=GrantKind.PACK, key=key, now=now, **kwargs)


def hold(site, amount, key="campaign:1", now=NOVEMBER):
    return ledger.reserve(site, amount=amount, key=key, purpose="Campaign “Programme”", now=now)


def figures(site, now=NOVEMBER):
    """(free left, bought, reserved) of a site."""
    balance = ledger.balance(site, now=now)
    return balance.free_left, balance.bought, balance.reserved
