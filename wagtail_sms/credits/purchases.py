"""Buying credits: an order, a payment page at a payment company, and what became of it.

Requests to the payment company are made outside of transactions; every answer ends in `confirm`.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.credits import ledger
from wagtail_sms.credits.confirming import confirm, move
from wagtail_sms.credits.packs import Pack, largest_quantity, packs, refuse_unless_offered
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import IllegalTransition, PaymentRefused, PaymentUnavailable, PurchaseRefused
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import Order, PaymentEvent, PaymentKind, PaymentMethod
from wagtail_sms.states import PurchaseStatus


__all__ = [
    "Pack",
    "ask",
    "cancel",
    "check",
    "confirm",
    "expire_old",
    "largest_quantity",
    "may_buy",
    "order",
    "packs",
    "start",
]

logger = logging.getLogger("wagtail_sms")

OPEN = (PurchaseStatus.CREATED, PurchaseStatus.PENDING)
#: How long a payment page can be opened, and how long it stays open. Both are far within the day for which a payment
#: company knows a repeated request again, so that no purchase ever has two pages.
MAY_START, PAGE_IS_OPEN = timedelta(hours=2), timedelta(hours=3)


def may_buy() -> bool:
    """Whether credits can be bought here: packs, and a payment method that has all it needs."""
    try:
        return bool(packs()) and not any(found.is_serious() for found in get_payment_method().check())
    except ImproperlyConfigured:
        return False


def order(
    site,
    *,
    pack: Pack,
    quantity: int = 1,
    by=None,
    return_to: str = "",
    token: UUID | None = None,
    now: datetime | None = None,
) -> Purchase:
    """A purchase of so many packs, not paid and nowhere announced yet; PurchaseRefused for what is not on offer.

    The same `token` again is the same purchase: a form that is sent twice orders once. Runs in its own transaction.
    """
    refuse_unless_offered(pack, quantity)
    new = Purchase(
        uuid=token or uuid4(),
        wallet=ledger.wallet_for(site),
        packs=quantity,
        credits=pack.credits * quantity,
        amount_cents=pack.price_cents * quantity,
        currency=pack.currency,
        provider="default",
        return_to=_own_path(return_to),
        created_at=now or timezone.now(),
        created_by=by,
    )
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        return _ordered_before(new)
    return new


def start(purchase: Purchase, *, success_url: str, cancel_url: str, now: datetime | None = None) -> str:
    """Open the payment page, or find it again; returns its address. Makes a request, so call it in no transaction.

    PaymentUnavailable leaves the purchase as it was, to be tried again: it is never charged twice. PaymentRefused ends
    it. IllegalTransition when it is over, or too old to be paid.
    """
    now = now or timezone.now()
    if purchase.external_id:
        purchase = check(purchase, now=now)
    if purchase.status not in OPEN or now > purchase.created_at + MAY_START:
        raise IllegalTransition(_("This purchase can't be paid any more. Please start a new one."))
    try:
        checkout = _method(purchase).start(_order(purchase, success_url, cancel_url))
    except PaymentRefused as error:
        move(purchase, PurchaseStatus.FAILED, problem=str(error.message)[:255])
        raise
    purchase.external_id = checkout.external_id
    Purchase.objects.filter(pk=purchase.pk, external_id="").update(external_id=checkout.external_id)
    move(purchase, PurchaseStatus.PENDING)
    return checkout.url


def check(purchase: Purchase, *, now: datetime | None = None) -> Purchase:
    """Ask the payment company what became of it and act on it; returns it as it is then.

    Raises PaymentUnavailable when it can't be told. Makes a request, so call it in no transaction.
    """
    ask(purchase, now=now)
    purchase.refresh_from_db()
    return purchase


def ask(purchase: Purchase, *, now: datetime | None = None) -> PaymentEvent | None:
    """The payment company's present word, acted on; None when it has none. For `check`, and for whom that is news."""
    if not purchase.external_id:
        return None
    event = _method(purchase).fetch(purchase.external_id)
    if event is not None and not (event.kind == PaymentKind.PENDING == purchase.status):
        confirm(event, provider=purchase.provider, now=now)
    return event


def cancel(purchase: Purchase, *, now: datetime | None = None) -> Purchase:
    """The buyer came back without paying: its page is closed and it is EXPIRED, unless it was paid after all.

    Raises PaymentUnavailable, and leaves it open, when the payment company can't be asked.
    """
    if purchase.external_id and purchase.status in OPEN:
        _method(purchase).close_page(purchase.external_id)
    if ask(purchase, now=now) is None:
        purchase.refresh_from_db()
        if purchase.status in OPEN:
            move(purchase, PurchaseStatus.EXPIRED)
    purchase.refresh_from_db()
    return purchase


def expire_old(*, now: datetime | None = None) -> int:
    """Orders for which no payment page was ever opened are over after a while. Returns how many."""
    now = now or timezone.now()
    old = Purchase.objects.filter(status=PurchaseStatus.CREATED, created_at__lt=now - PAGE_IS_OPEN)
    return old.update(status=PurchaseStatus.EXPIRED)


def _method(purchase: Purchase) -> PaymentMethod:
    try:
        return get_payment_method(purchase.provider)
    except ImproperlyConfigured as error:
        logger.error("Purchase %s: %s", purchase.pk, error)
        raise PaymentUnavailable from error


def _order(purchase: Purchase, success_url: str, cancel_url: str) -> Order:
    unit = purchase.credits // purchase.packs
    what = ngettext("%(credits)s credit for text messages", "%(credits)s credits for text messages", unit)
    return Order(
        reference=str(purchase.uuid),
        description=what % {"credits": f"{unit:,}"},
        quantity=purchase.packs,
        unit_cents=purchase.amount_cents // purchase.packs,
        currency=purchase.currency,
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=purchase.created_at + PAGE_IS_OPEN,
        email=purchase.created_by.email if purchase.created_by else "",
        external_id=purchase.external_id,
    )


def _ordered_before(new: Purchase) -> Purchase:
    first = Purchase.objects.get(uuid=new.uuid)
    if any(
        getattr(first, field) != getattr(new, field)
        for field in ("wallet_id", "packs", "credits", "amount_cents", "currency")
    ):
        raise PurchaseRefused(_("This form was used for another purchase. Please start again."))
    return first


def _own_path(address: str) -> str:
    """Where to go on afterwards: a path of this host, or nothing."""
    own = address.startswith("/") and len(address) <= 500 and url_has_allowed_host_and_scheme(address, None)
    return address if own else ""
