"""What a site can spend, as the Send and the Credits tab say it."""

from dataclasses import asdict
from datetime import UTC, timedelta

from wagtail_sms.credits import ledger


def stock(site) -> dict:
    """The balance, with the last day (UTC) on which the free credits can be spent, None when they never lapse."""
    balance = ledger.balance(site)
    until = balance.free_until
    last_day = (until.astimezone(UTC) - timedelta(seconds=1)).date() if until else None
    return {**asdict(balance), "free_last_day": last_day}
