"""When a wallet counts as low, and that its site is told once per crossing. Who is told how: `low_credits`."""

from datetime import datetime

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import amounts, ledger
from wagtail_sms.credits.models import Wallet
from wagtail_sms.exceptions import LedgerError


HIGHEST_THRESHOLD = 2**31 - 1


def threshold_of(wallet: Wallet) -> int:
    """Credits below which the wallet is low: its own figure, or LOW_CREDITS. 0: it is never low."""
    return app_settings.LOW_CREDITS if wallet.low_threshold is None else wallet.low_threshold


def is_low(site, *, now: datetime | None = None) -> bool:
    """Whether the site can spend less than its threshold. Issues the month's free credits first."""
    return ledger.balance(site, now=now).available < threshold_of(ledger.wallet_for(site))


def set_threshold(site, *, threshold: int | None, by=None) -> None:
    """Warn the site below this many credits: None follows LOW_CREDITS, 0 never warns.

    Nothing moves, so the ledger keeps no line of it. One UPDATE.
    """
    if threshold is not None and amounts.whole(threshold, at_least=0) > HIGHEST_THRESHOLD:
        raise LedgerError(f"A threshold is at most {HIGHEST_THRESHOLD:,} credits.")
    Wallet.objects.filter(pk=ledger.wallet_for(site).pk).update(low_threshold=threshold)


def rearm() -> int:
    """Let the wallets that are above their threshold again be told at their next crossing. Returns how many."""
    above = _with_limit().filter(low_told_at__isnull=False, available__gte=F("limit"))
    # Looked at first: on SQLite an UPDATE of no row still waits for the one writer.
    return above.update(low_told_at=None) if above.exists() else 0


def untold() -> QuerySet[Wallet]:
    """Wallets with a site that are below their threshold, by the cached figure, and were not told of it."""
    below = _with_limit().filter(site__isnull=False, low_told_at__isnull=True, available__lt=F("limit"))
    return below.select_related("site").order_by("pk")


def is_untold(wallet: Wallet) -> bool:
    """Whether nobody told its site of this crossing meanwhile."""
    return Wallet.objects.filter(pk=wallet.pk, low_told_at__isnull=True).exists()


def told(wallet: Wallet, *, now: datetime) -> None:
    """Its site knows. One UPDATE."""
    Wallet.objects.filter(pk=wallet.pk, low_told_at__isnull=True).update(low_told_at=now)


def _with_limit() -> QuerySet[Wallet]:
    return Wallet.objects.annotate(limit=Coalesce("low_threshold", Value(app_settings.LOW_CREDITS)))
