"""The one place where a payment becomes credits, and where money that goes back takes them away again."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.core.mail import mail_admins
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.credits import ledger, moves, takeback
from wagtail_sms.credits.purchase_models import PaymentEvent as Record
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.payments.base import PaymentEvent, PaymentKind
from wagtail_sms.payments.money_text import money
from wagtail_sms.signals import purchase_paid
from wagtail_sms.states import PURCHASE_MOVES, GrantKind, PurchaseStatus
from wagtail_sms.wake import wake


logger = logging.getLogger("wagtail_sms")

NEVER_PAID = (PurchaseStatus.CREATED, PurchaseStatus.PENDING, PurchaseStatus.FAILED, PurchaseStatus.EXPIRED)


def confirm(event: PaymentEvent, *, provider: str = "default", now: datetime | None = None) -> Purchase | None:
    """Do what an event asks for, once however often it comes; returns the purchase as it is then.

    None when the reference is not one of ours, which is recorded too. How many credits it is about is read from the
    purchase, never from the event. Runs in its own transaction: event, state and credits together or not at all.
    """
    now = now or timezone.now()
    purchase = find(event.reference, provider=provider)
    with transaction.atomic():
        record = _record(event, provider=provider, purchase=purchase, now=now)
        if record is not None and purchase is not None:
            moves.lock(purchase.wallet_id)
            purchase.refresh_from_db()
            record.outcome = _apply(purchase, event, now)[:255]
            record.save(update_fields=["outcome"])
    if purchase is not None:
        purchase.refresh_from_db()
    return purchase


def find(reference: str, *, provider: str) -> Purchase | None:
    """The purchase with this reference, if it was made with this payment method."""
    try:
        reference = uuid.UUID(reference)
    except ValueError:
        return None
    return Purchase.objects.select_related("wallet__site").filter(uuid=reference, provider=provider).first()


def move(purchase: Purchase, target: PurchaseStatus, **changes) -> bool:
    """Compare and set: False, and nothing changed, when there is no such move or somebody else was faster."""
    if target not in PURCHASE_MOVES[purchase.status]:
        return False
    moved = Purchase.objects.filter(pk=purchase.pk, status=purchase.status).update(status=target, **changes)
    if moved:
        purchase.status = target
        for field, value in changes.items():
            setattr(purchase, field, value)
    return bool(moved)


def _record(event: PaymentEvent, *, provider: str, purchase: Purchase | None, now: datetime) -> Record | None:
    """The event's own row; None for one that came before. The first statement, and it writes: it is the lock."""
    record = Record(
        provider=provider,
        event_id=event.event_id,
        kind=event.kind,
        purchase=purchase,
        outcome="" if purchase else _("No purchase has this reference."),
        received_at=now,
    )
    try:
        with transaction.atomic():
            record.save(force_insert=True)
    except IntegrityError:
        return None
    if purchase is None:
        logger.warning("Payment event %s of %r is about no purchase of ours.", event.event_id, provider)
    return record


def _apply(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    """Does what the event asks for and returns what that was, in a sentence for the operator."""
    return str(HANDLERS[PaymentKind(event.kind)](purchase, event, now))


def _pending(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    return _("Waiting for the money.") if move(purchase, PurchaseStatus.PENDING) else _nothing(purchase)


def _failed(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    problem = event.problem or _("The payment was declined.")
    return (
        _("The payment failed.") if move(purchase, PurchaseStatus.FAILED, problem=problem[:255]) else _nothing(purchase)
    )


def _expired(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    return _("Nothing was paid in time.") if move(purchase, PurchaseStatus.EXPIRED) else _nothing(purchase)


def _paid(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    if not _same_money(purchase, event):
        return _alarm(
            purchase,
            _("%(paid)s was paid instead of %(price)s: nothing was credited.") % _figures(purchase, event),
        )
    if purchase.status not in NEVER_PAID:
        return _paid_again(purchase, event, now)
    if purchase.wallet.site is None:
        return _alarm(purchase, _("The site was deleted before the payment came in: nothing was credited."))
    move(
        purchase,
        PurchaseStatus.PAID,
        paid_at=now,
        problem="",
        external_id=event.external_id or purchase.external_id,
        receipt_url=event.receipt_url or purchase.receipt_url,
        refunded_cents=max(purchase.refunded_cents, event.refunded_cents),
    )
    ledger.grant(
        purchase.wallet.site,
        amount=purchase.credits,
        kind=GrantKind.PACK,
        key=f"purchase:{purchase.uuid}",
        by=purchase.created_by,
        purchase=purchase,
        now=now,
    )
    if _is_disputed(purchase):
        move(purchase, PurchaseStatus.DISPUTED)
    _money_went_back(purchase, now)
    _tell(purchase)
    return _("Paid: the credits were added.")


def _paid_again(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    if event.external_id and purchase.external_id and event.external_id != purchase.external_id:
        return _alarm(purchase, _("Paid a second time, which credited nothing: refund one of the two payments."))
    if event.receipt_url and not purchase.receipt_url:
        Purchase.objects.filter(pk=purchase.pk).update(receipt_url=event.receipt_url)
    if event.refunded_cents > purchase.refunded_cents:
        return _went_back(purchase, now, refunded_cents=event.refunded_cents)
    return _("Known already: nothing was credited again.")


def _refunded(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    if event.currency.upper() != purchase.currency or not 0 < event.amount_cents <= purchase.amount_cents:
        return _alarm(
            purchase,
            _("%(paid)s was refunded of %(price)s: no credits were taken.") % _figures(purchase, event),
        )
    return _went_back(purchase, now, refunded_cents=max(event.amount_cents, purchase.refunded_cents))


def _disputed(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    problem = event.problem or _("The buyer's bank disputes this payment.")
    if purchase.status in NEVER_PAID:
        return _("Noted: it counts as soon as the payment comes in.")
    if not move(purchase, PurchaseStatus.DISPUTED, problem=problem[:255]):
        return _nothing(purchase)
    _money_went_back(purchase, now)
    return _("The credits that are left were taken back for as long as the dispute lasts.")


def _dispute_won(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    if purchase.status != PurchaseStatus.DISPUTED:
        return _nothing(purchase)
    move(purchase, PurchaseStatus.PAID, problem="")
    _money_went_back(purchase, now)
    return _("The dispute was won: the credits that had been taken were given again.")


def _dispute_lost(purchase: Purchase, event: PaymentEvent, now: datetime) -> str:
    if event.currency.upper() != purchase.currency or event.amount_cents <= 0:
        return _alarm(purchase, _("A dispute was lost over another amount than was paid: look it up."))
    if purchase.status == PurchaseStatus.DISPUTED:
        move(purchase, PurchaseStatus.PAID)
    return _went_back(purchase, now, lost_cents=min(purchase.lost_cents + event.amount_cents, purchase.amount_cents))


HANDLERS: dict[PaymentKind, Callable[[Purchase, PaymentEvent, datetime], str]] = {
    PaymentKind.PENDING: _pending,
    PaymentKind.PAID: _paid,
    PaymentKind.FAILED: _failed,
    PaymentKind.EXPIRED: _expired,
    PaymentKind.REFUNDED: _refunded,
    PaymentKind.DISPUTED: _disputed,
    PaymentKind.DISPUTE_WON: _dispute_won,
    PaymentKind.DISPUTE_LOST: _dispute_lost,
}


def _went_back(purchase: Purchase, now: datetime, **cents: int) -> str:
    for field, amount in cents.items():
        setattr(purchase, field, amount)
    Purchase.objects.filter(pk=purchase.pk).update(**cents)
    if purchase.status in NEVER_PAID:
        return _("Noted: it counts as soon as the payment comes in.")
    _money_went_back(purchase, now)
    return _("The credits that are left of the refunded part were taken back.")


def _money_went_back(purchase: Purchase, now: datetime) -> None:
    """State and credits after any change to what was refunded or is disputed."""
    if purchase.gone_cents >= purchase.amount_cents:
        move(purchase, PurchaseStatus.REFUNDED)
    if takeback.settle(purchase, now=now):
        logger.warning("Purchase %s: %s credits were used before the money went back.", purchase.pk, purchase.shortfall)


def _is_disputed(purchase: Purchase) -> bool:
    """Whether a dispute came in before the payment itself did, and did not end yet."""
    kinds = set(purchase.events.values_list("kind", flat=True))
    return PaymentKind.DISPUTED in kinds and not kinds & {PaymentKind.DISPUTE_WON, PaymentKind.DISPUTE_LOST}


def _tell(purchase: Purchase) -> None:
    """Texts that waited for credits go out; the receipt is fetched if it did not come along; hosts are told."""
    wake("wagtail_sms.pay_for_waiting")
    if not purchase.receipt_url:
        wake("wagtail_sms.check_purchase", purchase.pk)
    if purchase.status == PurchaseStatus.PAID:
        transaction.on_commit(partial(purchase_paid.send_robust, sender=Purchase, purchase=purchase), robust=True)


def _same_money(purchase: Purchase, event: PaymentEvent) -> bool:
    return (event.amount_cents, event.currency.upper()) == (purchase.amount_cents, purchase.currency)


def _figures(purchase: Purchase, event: PaymentEvent) -> dict[str, str]:
    return {
        "paid": money(event.amount_cents, event.currency),
        "price": money(purchase.amount_cents, purchase.currency),
    }


def _nothing(purchase: Purchase) -> str:
    return _("Nothing was done: the purchase was %(status)s.") % {"status": purchase.get_status_display().lower()}


def _alarm(purchase: Purchase, problem: str) -> str:
    """Money and books disagree: nothing is guessed, and a person is asked to look."""
    Purchase.objects.filter(pk=purchase.pk).update(problem=problem[:255])
    logger.error("Purchase %s (%s): %s", purchase.pk, purchase.uuid, problem)
    subject = _("The payment of purchase %(reference)s needs a look") % {"reference": purchase.uuid}
    transaction.on_commit(partial(mail_admins, subject, problem, fail_silently=True), robust=True)
    return problem
