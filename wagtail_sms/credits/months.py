"""What the calendar does to a wallet: free credits come each month, and what has a date lapses."""

from datetime import datetime

from django.db import transaction

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import moves, periods
from wagtail_sms.credits.models import Grant, Wallet
from wagtail_sms.credits.moves import Booking, lock, shift
from wagtail_sms.states import GrantKind, TransferKind


def is_due(granted_through: str, resting_since: datetime | None, *, now: datetime) -> bool:
    """Whether a wallet with these two figures still gets the free credits of the month of `now`."""
    return resting_since is None and granted_through < periods.period_of(now)


def issue_missing(wallet: Wallet, *, now: datetime) -> int:
    """Grants the free credits of this month once; returns the credits issued now.

    With roll-over the months in which nobody looked are made up for; without it they would have lapsed. A resting
    wallet gets none, whoever asks.
    """
    if not is_due(wallet.granted_through, wallet.resting_since, now=now):
        return 0
    period = periods.period_of(now)
    with transaction.atomic():
        # Claiming the month is the check and the lock; the unique constraint on grants is the last line.
        unchanged = Wallet.objects.filter(
            pk=wallet.pk, granted_through=wallet.granted_through, resting_since__isnull=True
        )
        if unchanged.update(granted_through=period):
            months = _months(wallet.granted_through, period)
            return sum(_issue(wallet, month, now) for month in months)
    wallet.refresh_from_db(fields=["granted_through", "resting_since"])
    return issue_missing(wallet, now=now)


def rest(wallet: Wallet, *, now: datetime) -> None:
    """No free credits from now on. What roll-over owes for the months before is granted, if nobody looked then."""
    if app_settings.FREE_CREDITS_ROLL_OVER:
        issue_missing(wallet, now=now)
    Wallet.objects.filter(pk=wallet.pk, resting_since__isnull=True).update(resting_since=now)


def resume(wallet: Wallet, *, now: datetime) -> None:
    """Free credits again, the month of `now` included; those between bring nothing, also with roll-over."""
    resting = Wallet.objects.filter(pk=wallet.pk, resting_since__isnull=False)
    before = periods.preceding(periods.period_of(now))
    resting.filter(granted_through__lt=before).update(granted_through=before)
    resting.update(resting_since=None)


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
