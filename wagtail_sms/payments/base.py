"""What a payment company is: the values that go in and out, and the class that every one of them extends.

Nothing here touches the ORM, so a payment method can be tested without a database. Amounts are whole numbers of the
currency's smallest unit (cents), currencies ISO 4217 codes in capitals.
"""

import difflib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from wagtail_sms.exceptions import WebhookRejected


class PaymentKind(StrEnum):
    """What a payment company can tell us about one of our purchases."""

    PENDING = "pending"  # the buyer did their part; the money is still on its way, for days with some methods
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"  # the payment page is closed and nothing was paid on it
    REFUNDED = "refunded"  # amount_cents is all that went back so far, not the last part of it
    DISPUTED = "disputed"  # the buyer's bank took the money back for now
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"  # amount_cents is gone for good


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `reference` is ours (a UUID), names the request for good and comes back in every event.

    `external_id` is empty at first; an order that has one was started before and is to be gone on with.
    """

    reference: str
    description: str
    quantity: int
    unit_cents: int
    currency: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    email: str = ""
    external_id: str = ""

    @property
    def amount_cents(self) -> int:
        return self.quantity * self.unit_cents


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment page that is open: where to send the buyer, and the company's name for it."""

    url: str
    external_id: str


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """A payment company's word about one purchase. `event_id` is the same when the same word comes again.

    `external_id` is the checkout's. `refunded_cents` says of a PAID purchase what has already gone back of it.
    """

    event_id: str
    kind: PaymentKind
    reference: str
    external_id: str
    amount_cents: int
    currency: str
    receipt_url: str = ""
    problem: str = ""
    refunded_cents: int = 0


class PaymentMethod:
    """One payment company. Instances are shared by all threads of a process, so keep no state per request."""

    #: Every option with its default; any other name is refused.
    default_options: dict[str, Any] = {}

    def __init__(self, alias: str, options: dict[str, Any]):
        self.alias = alias
        self._refuse_unknown(options)
        self.options = {**self.default_options, **options}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.alias!r}>"

    def _refuse_unknown(self, options: dict[str, Any]) -> None:
        for name in options.keys() - self.default_options.keys():
            close = difflib.get_close_matches(name, self.default_options, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ImproperlyConfigured(f"WAGTAIL_SMS['PAYMENTS'][{self.alias!r}]: unknown option {name!r}.{hint}")

    def start(self, order: Order) -> Checkout:
        """Open a payment page, or find the one that was opened for this reference: never a second one.

        Raises PaymentUnavailable when it may work later and PaymentRefused when it won't. In neither case can the
        buyer have paid, because nobody knows the page's address.
        """
        raise NotImplementedError(f"{type(self).__name__} opens no payment pages.")

    def fetch(self, external_id: str) -> PaymentEvent | None:
        """What became of a checkout; None while nothing did, or if the company doesn't know it.

        Raises PaymentUnavailable when it can't be told.
        """
        raise NotImplementedError(f"{type(self).__name__} can't be asked.")

    def close_page(self, external_id: str) -> None:
        """Close the payment page, so that nobody pays what was called off. One that is closed already is fine.

        Raises PaymentUnavailable when it can't be told.
        """

    def parse_event(self, request: HttpRequest) -> PaymentEvent | None:
        """The event in a webhook's request; None for those that say nothing about our purchases.

        Raises WebhookRejected unless the company made this request, and PaymentUnavailable when it should come again.
        """
        raise WebhookRejected(f"{type(self).__name__} has no webhooks.")

    def check(self) -> list[CheckMessage]:
        """Problems with the options, found without any request."""
        return []

    def close(self) -> None:
        """Let go of connections; the instance can still be used."""
