"""Credits whose money went back: taken from what is left of them, never from what was used.

Callers hold a transaction and the wallet's row.
"""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from wagtail_sms.credits import operations
from wagtail_sms.credits.models import Grant
from wagtail_sms.credits.moves import Booking
from wagtail_sms.credits.owing import booked, owed, taken
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import GrantKind, TransferKind


def collect(wallet_id: int, *, now: datetime) -> int:
    """Take what was held or spent when its money went back, as far as it is free again now; returns the credits."""
    short = Purchase.objects.filter(wallet=wallet_id, shortfall__gt=0).select_related("wallet__site").order_by("pk")
    return sum(purchase.shortfall - settle(purchase, now=now) for purchase in short)


def settle(purchase: Purchase, *, now: datetime) -> int:
    """Bring the credits in line with the money; returns the shortfall, which is recorded on the purchase.

    May be called at any time: what is in line already moves nothing.
    """
    due, back = owed(purchase), taken(purchase)
    if due > back:
        back += _take(purchase, due - back, now)
    elif due < back:
        back -= _give(purchase, back - due, now)
    purchase.shortfall = max(due - back, 0)
    Purchase.objects.filter(pk=purchase.pk).update(shortfall=purchase.shortfall)
    return purchase.shortfall


def _take(purchase: Purchase, amount: int, now: datetime) -> int:
    note, took = _("The money for them went back"), 0
    for grant in _grants(purchase):
        booking = Booking(key=_key(purchase, "take", TransferKind.EXPIRE), note=note, now=now)
        took += operations.revoke(grant, amount - took, booking)
        if took == amount:
            break
    return took


def _give(purchase: Purchase, amount: int, now: datetime) -> int:
    """Credits don't come out of EXPIRED again, so they are given anew."""
    if purchase.wallet.site is None:
        return 0
    given = Grant(
        wallet=purchase.wallet,
        kind=GrantKind.ADJUSTMENT,
        priority=Grant.PRIORITIES[GrantKind.ADJUSTMENT],
        amount=amount,
        available=amount,
        created_at=now,
    )
    note = _("The money for them stays: the dispute is over")
    operations.issue(given, _key(purchase, "give", TransferKind.ISSUE), note)
    return amount


def _grants(purchase: Purchase) -> QuerySet[Grant]:
    """The purchase's own grant first, then what was given again."""
    given = booked(purchase, "give", TransferKind.ISSUE).values("grant")
    return (Grant.objects.filter(purchase=purchase) | Grant.objects.filter(pk__in=given)).order_by("pk")


def _key(purchase: Purchase, verb: str, kind: TransferKind) -> str:
    """The wallet's row is held, so that counting is enough to make a key of its own."""
    return f"purchase:{purchase.uuid}:{verb}:{booked(purchase, verb, kind).count() + 1}"
