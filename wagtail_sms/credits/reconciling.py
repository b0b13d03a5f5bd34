"""What a lost webhook would leave undone: payments that nobody told us of, receipts, credits that came back too late.

Everything here may be done at any time, by any number of processes.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice

from django.utils import timezone

from wagtail_sms.credits import moves, purchases, takeback
from wagtail_sms.credits.confirming import move
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import PaymentUnavailable
from wagtail_sms.states import PurchaseStatus


logger = logging.getLogger("wagtail_sms")

#: The webhook's and the buyer's own return have their turn first.
PATIENCE = timedelta(minutes=10)
#: Bank transfers and the like take days; after this long nobody waits for them any more.
GIVE_UP = timedelta(days=30)
OFTEN, REQUESTS_AT_ONCE = timedelta(days=2), 50


def reconcile(*, now: datetime | None = None, budget: int = REQUESTS_AT_ONCE) -> int:
    """Ask about the purchases that wait for their payment or lack their receipt, at most `budget` requests.

    Returns how many were decided. Made for a turn every hour: what waits for its payment for more than two days is
    asked about once a day, and a receipt that is not there after two days is not asked for any more.
    """
    now = now or timezone.now()
    decided = purchases.expire_old(now=now)
    for purchase in _due(now, budget):
        try:
            decided += _decide(purchase, now)
        except PaymentUnavailable:
            logger.warning("Payments can't be asked about at the moment; they are at the next turn.")
            break
    return decided


def complete(purchase_id: int) -> None:
    """Fetch what the webhook of a paid purchase left out: the receipt."""
    try:
        purchases.check(Purchase.objects.get(pk=purchase_id))
    except (Purchase.DoesNotExist, PaymentUnavailable):
        logger.warning("The receipt of purchase %s could not be fetched.", purchase_id)


def collect(*, now: datetime | None = None) -> int:
    """Take the credits that were held when their money went back, and are free again now. Returns them.

    The ledger does so itself when it gives them back.
    """
    now, collected = now or timezone.now(), 0
    wallets = Purchase.objects.filter(shortfall__gt=0, wallet__available__gt=0).values_list("wallet", flat=True)
    for wallet_id in wallets.order_by("wallet").distinct():
        with moves.locked(wallet_id):
            collected += takeback.collect(wallet_id, now=now)
    return collected


def _due(now: datetime, budget: int) -> Iterator[Purchase]:
    """Money comes first; then the receipts whose own wake-up was lost."""
    old_enough = Purchase.objects.filter(created_at__lt=now - PATIENCE).select_related("wallet__site")
    waiting = old_enough.filter(status=PurchaseStatus.PENDING).order_by("-created_at").iterator()
    # Those that this turn finds paid have told all there is.
    lacking = old_enough.filter(status=PurchaseStatus.PAID, paid_at__gt=now - OFTEN, paid_at__lt=now, receipt_url="")
    money = (purchase for purchase in waiting if _is_its_hour(now - purchase.created_at))
    return islice(chain(money, lacking.order_by("-paid_at").iterator()), budget)


def _is_its_hour(age: timedelta) -> bool:
    return age < OFTEN or age > GIVE_UP or age // timedelta(hours=1) % 24 == 0


def _decide(purchase: Purchase, now: datetime) -> bool:
    heard = purchases.ask(purchase, now=now)
    if purchase.status == PurchaseStatus.PAID:
        return False
    purchase.refresh_from_db()
    age = now - purchase.created_at
    if purchase.status == PurchaseStatus.PENDING and age > (GIVE_UP if heard else purchases.PAGE_IS_OPEN):
        return move(purchase, PurchaseStatus.EXPIRED)
    return purchase.status != PurchaseStatus.PENDING
