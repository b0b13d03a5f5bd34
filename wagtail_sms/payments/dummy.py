"""Payments for development: a page of ours with Pay, Decline and Abandon instead of a company and a card."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from wagtail_sms.payments.base import Checkout, Order, PaymentEvent, PaymentKind, PaymentMethod


class DummyPayment(PaymentMethod):
    """Gives credits to whoever presses Pay, so it refuses to exist unless DEBUG is on."""

    def __init__(self, alias: str, options: dict[str, Any]):
        if not settings.DEBUG:
            raise ImproperlyConfigured(
                f"WAGTAIL_SMS['PAYMENTS'][{alias!r}]: DummyPayment takes no money, so it works only while DEBUG is on. "
                "Use wagtail_sms.payments.stripe.StripeCheckout, or no PAYMENTS at all."
            )
        super().__init__(alias, options)

    def start(self, order: Order) -> Checkout:
        url = reverse("wagtail_sms:dummy_payment", args=[order.reference])
        return Checkout(url, external_id_of(order.reference))

    def fetch(self, external_id: str) -> PaymentEvent | None:
        """Nothing is remembered here: the page tells `purchases.confirm` itself."""
        return None

    @staticmethod
    def event(reference: str, kind: PaymentKind, amount_cents: int, currency: str) -> PaymentEvent:
        """What the page's buttons say. The same button pressed again is the same event."""
        reference, kind = str(reference), PaymentKind(kind)
        checkout = external_id_of(reference)
        return PaymentEvent(f"{checkout}:{kind}:{amount_cents}", kind, reference, checkout, amount_cents, currency)


def external_id_of(reference: str) -> str:
    return f"dummy_{reference}"
