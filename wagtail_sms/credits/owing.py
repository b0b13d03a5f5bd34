"""What a purchase owes: the credits whose money went back, and those of them that were taken. Reads only."""

from django.db.models import Q, QuerySet, Sum

from wagtail_sms.credits.models import Grant, Transfer
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import GrantKind, PurchaseStatus, TransferKind


GRANTED = (PurchaseStatus.PAID, PurchaseStatus.DISPUTED, PurchaseStatus.REFUNDED)


def owed(purchase: Purchase) -> int:
    """Credits that are not the buyer's any more: the refunded share, and all of them while the bank disputes."""
    if purchase.status == PurchaseStatus.DISPUTED:
        return purchase.credits
    if purchase.status in GRANTED:
        return purchase.credits * purchase.gone_cents // purchase.amount_cents
    return 0


def taken(purchase: Purchase) -> int:
    """Credits that were taken back and not given again."""
    took = booked(purchase, "take", TransferKind.EXPIRE).aggregate(total=Sum("amount", default=0))
    gave = booked(purchase, "give", TransferKind.ISSUE).aggregate(total=Sum("amount", default=0))
    return took["total"] - gave["total"]


def booked(purchase: Purchase, verb: str, kind: TransferKind) -> QuerySet[Transfer]:
    """Its lines of the ledger: "take" (EXPIRE) and "give" (ISSUE), told from others by their keys.

    Looked for on the grants that they can be of: the beginning of a key would be looked for in all lines there are.
    """
    lines = Transfer.objects.filter(grant__in=_grants(purchase), kind=kind)
    return lines.filter(key__startswith=f"purchase:{purchase.uuid}:{verb}:")


def _grants(purchase: Purchase) -> list[int]:
    """Its own, and what was given again, which is an adjustment. As numbers: they are few, and a plan knows so."""
    found = Q(purchase=purchase) | Q(wallet=purchase.wallet_id, kind=GrantKind.ADJUSTMENT)
    return list(Grant.objects.filter(found).values_list("pk", flat=True))
