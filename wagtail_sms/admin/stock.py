"""What a site can spend, as the Send and the Credits tab say it."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger


def stock(site) -> dict:
    """The balance; the last day (UTC) of the free credits, None when they never lapse; and when how many more come."""
    balance = ledger.balance(site)
    until = balance.free_until
    last_day = (until.astimezone(UTC) - timedelta(seconds=1)).date() if until else None
    return {
        **asdict(balance),
        "free_last_day": last_day,
        "next_free": app_settings.FREE_CREDITS_PER_MONTH,
        "next_free_day": next_month(timezone.now()),
    }


def next_month(now: datetime) -> date:
    """The first day of the month after `now`, in UTC: when the ledger issues the next free credits."""
    return (now.astimezone(UTC).date().replace(day=1) + timedelta(days=32)).replace(day=1)
