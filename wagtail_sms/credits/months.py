"""What the calendar does to a wallet: free credits come each month, and what has a date lapses."""

from datetime import datetime

from django.db import transaction

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import moves, periods
from wagtail_sms.credits.models import Grant, Wallet
from wagtail_sms.credits.moves import Booking, lock, shift
from wagtail_sms.states import GrantKind, TransferKind


def issue_missing(wallet: Wallet, *, now: datetime) -> int:
    """Grants the free credits of this month once; returns the credits issued now.

    With roll-over the months in which nobody looked are made up for; without it they would have lapsed.
    """
    period = periods.period_of(now)
    if wallet.granted_through >= period:
        return 0
    with transaction.atomic():
        # Claiming the month is the check and the lock; the unique constraint on grants is the last line.
        unchanged = Wallet.objects.filter(pk=wallet.pk, granted_through=wallet.granted_through)
        if unchanged.update(granted_through=period):
            months = _months(wallet.granted_through, period)
            return sum(_issue(wallet, month, now) for month in months)
    wallet.refresh_from_db(fields=["granted_through"])
    return issue_missing(wallet, now=now)


def lapse(wallet: Wallet, *, now: datetime) -> int:
    """Expires what grants past their date have available; what a reservation holds stays usable by it."""
    if not wallet.grants.due(now).exists():
        return 0
    with transaction.atomic():
        lock(wallet.pk)
        lapsed = 0
        for grant in wallet.grants.due(now).order_by("pk"):
            moves.lapse(grant.pk, grant.available, now=now)
            lapsed += grant.available
        shift(wallet.pk, available=-lapsed)
        return lapsed


def _months(granted_through: str, period: str) -> list[str]:
    if not granted_through or not app_settings.FREE_CREDITS_ROLL_OVER:
        return [period]
    return list(periods.through(periods.following(granted_through), period))


def _issue(wallet: Wallet, period: str, now: datetime) -> int:
    amount = app_settings.FREE_CREDITS_PER_MONTH
    if not amount:
        return 0
    shift(wallet.pk, available=amount)
    grant = Grant.objects.create(
        wallet=wallet,
        kind=GrantKind.FREE,
        priority=Grant.PRIORITIES[GrantKind.FREE],
        amount=amount,
        available=amount,
        period=period,
        expires_at=None if app_settings.FREE_CREDITS_ROLL_OVER else periods.end_of(period),
        created_at=now,
    )
    Booking(key=f"free:{wallet.pk}:{period}", now=now).write(grant.pk, TransferKind.ISSUE, amount)
    return amount
