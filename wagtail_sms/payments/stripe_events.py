"""Stripe's webhooks and objects, read as plain values: signatures, and what each of them means to us."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.payments.base import PaymentEvent, PaymentKind


#: The key in Stripe's metadata that makes a session and its payment ours.
REFERENCE = "wagtail_sms_purchase"
SIGNATURE_HEADER = "Stripe-Signature"
#: Seconds after which a signature is stale: Stripe's own figure. It signs a repeated delivery anew.
TOLERANCE = 300

#: Finds an object of a kind by its id: `look_up("disputes", "dp_1", expand=[...])`.
LookUp = Callable[..., dict[str, Any] | None]

DISPUTES = {
    "needs_response": PaymentKind.DISPUTED,
    "under_review": PaymentKind.DISPUTED,
    "won": PaymentKind.DISPUTE_WON,
    "lost": PaymentKind.DISPUTE_LOST,
    # An inquiry (warning_...) moves no money, "prevented" came to nothing, and an appeal follows a loss.
}


def verified(request: HttpRequest, secrets: list[str]) -> dict[str, Any]:
    """The request's content; WebhookRejected unless one of the secrets signed exactly these bytes, about now."""
    import stripe

    header = request.headers.get(SIGNATURE_HEADER, "")
    # The package compares texts, which Python does for ASCII only.
    for secret in secrets if header.isascii() else ():
        try:
            stripe.WebhookSignature.verify_header(request.body, header, secret, TOLERANCE)
            content = json.loads(request.body)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        if isinstance(content, dict):
            return content
    raise WebhookRejected("The signature is missing, wrong or stale.")


def parse(content: dict[str, Any], *, look_up: LookUp) -> PaymentEvent | None:
    """What an event means; None if it means nothing to us, or is about somebody else's payment."""
    if content.get("object") != "event":
        return None
    reader = READERS.get(content.get("type"))
    return None if reader is None else reader(content["id"], content["data"]["object"], look_up)


def of_session(session: dict[str, Any]) -> PaymentEvent | None:
    """What became of a checkout session as the API shows it, payment and charge included; None while it is open."""
    payment = session.get("payment_intent") or {}
    charge = payment.get("latest_charge") or {}
    if session["status"] == "open":
        return None
    if session["status"] == "expired":
        return _of(session, PaymentKind.EXPIRED)
    if session["payment_status"] == "unpaid":
        failed = payment.get("status") in ("requires_payment_method", "canceled")
        problem = (payment.get("last_payment_error") or {}).get("message", "") if failed else ""
        return _of(session, PaymentKind.FAILED if failed else PaymentKind.PENDING, problem=problem)
    refunded, receipt = charge.get("amount_refunded") or 0, _address(charge.get("receipt_url"))
    return _of(session, PaymentKind.PAID, receipt_url=receipt, refunded_cents=refunded)


def _of(
    session: dict[str, Any],
    kind: PaymentKind,
    *,
    event_id: str = "",
    refunded_cents: int = 0,
    receipt_url: str = "",
    problem: str = "",
) -> PaymentEvent | None:
    reference = _reference(session)
    if not reference:
        return None
    return PaymentEvent(
        # Asked for, it has no event: the same answer is the same event, and a receipt that came later is another.
        event_id=event_id or f"{session['id']}:{kind}:{refunded_cents}{':receipt' if receipt_url else ''}",
        kind=kind,
        reference=reference,
        external_id=session["id"],
        amount_cents=session["amount_total"],
        currency=session["currency"].upper(),
        refunded_cents=refunded_cents,
        receipt_url=receipt_url,
        problem=problem,
    )


def _completed(event_id: str, session: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    """With some methods the buyer is done long before the money comes."""
    waiting = session["payment_status"] == "unpaid"
    return _of(session, PaymentKind.PENDING if waiting else PaymentKind.PAID, event_id=event_id)


def _succeeded(event_id: str, session: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    return _of(session, PaymentKind.PAID, event_id=event_id)


def _failed(event_id: str, session: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    return _of(session, PaymentKind.FAILED, event_id=event_id)


def _expired(event_id: str, session: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    return _of(session, PaymentKind.EXPIRED, event_id=event_id)


def _refunded(event_id: str, charge: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    reference = _reference(charge)
    if not reference and charge.get("payment_intent"):
        reference = _reference(look_up("payment_intents", charge["payment_intent"]) or {})
    if not reference:
        return None
    return PaymentEvent(
        event_id=event_id,
        kind=PaymentKind.REFUNDED,
        reference=reference,
        external_id="",
        amount_cents=charge["amount_refunded"],
        currency=charge["currency"].upper(),
        receipt_url=_address(charge.get("receipt_url")),
    )


def _disputed(event_id: str, told: dict[str, Any], look_up: LookUp) -> PaymentEvent | None:
    """Asks what the dispute has come to: these events overtake each other, and name a payment but not its purchase."""
    dispute = look_up("disputes", told["id"], expand=["payment_intent"]) or {}
    reference, kind = _reference(dispute.get("payment_intent") or {}), DISPUTES.get(dispute.get("status"))
    if not reference or kind is None:
        return None
    return PaymentEvent(
        event_id=f"{dispute['id']}:{kind}",
        kind=kind,
        reference=reference,
        external_id="",
        amount_cents=dispute["amount"],
        currency=dispute["currency"].upper(),
        problem=_("The buyer's bank disputes this payment (%(reason)s).") % {"reason": dispute.get("reason", "")},
    )


READERS: dict[str, Callable[[str, dict[str, Any], LookUp], PaymentEvent | None]] = {
    "checkout.session.completed": _completed,
    "checkout.session.async_payment_succeeded": _succeeded,
    "checkout.session.async_payment_failed": _failed,
    "checkout.session.expired": _expired,
    "charge.refunded": _refunded,
    "charge.dispute.created": _disputed,
    "charge.dispute.funds_withdrawn": _disputed,
    "charge.dispute.closed": _disputed,
}


def _reference(thing: dict[str, Any]) -> str:
    return str((thing.get("metadata") or {}).get(REFERENCE) or "")


def _address(url: Any) -> str:
    """An address that may become a link, or nothing."""
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= 500 else ""
