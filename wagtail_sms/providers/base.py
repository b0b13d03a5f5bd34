"""What a provider is: the values that go in and out, and the class that every provider extends.

Nothing here touches the ORM, so a provider can be tested without a database. Numbers are E.164 with a plus.
"""

import difflib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


class Outcome(StrEnum):
    """What became of one recipient of a request."""

    ACCEPTED = "accepted"  # the provider took it: reports will follow
    REJECTED = "rejected"  # the provider refused it: final, nothing was sent
    NOT_SENT = "not_sent"  # it surely did not reach the provider: may be sent again
    UNCERTAIN = "uncertain"  # nobody knows: look it up, never blindly send it again


class ReportStatus(StrEnum):
    """What a provider can say about a text after it took it."""

    SENT = "sent"  # on its way to the phone, also while the operator holds it for a phone that is off
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # a word this version doesn't know; see StatusReport.raw_status


@dataclass(frozen=True, slots=True)
class OutboundBatch:
    """One body for up to `max_recipients_per_request` people; `reference` is our own id and travels along."""

    reference: str
    sender: str
    body: str
    encoding: str  # "GSM-7" or "UCS-2", as segments.measure() says
    recipients: tuple[str, ...]
    report_url: str = ""


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome for one recipient. `error_text` is for the operator and never holds a secret."""

    recipient: str
    outcome: Outcome
    provider_id: str = ""
    segments: int | None = None
    error_code: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A provider's word about one text. `event_key` is the same when the same report comes again."""

    reference: str
    provider_id: str
    recipient: str
    status: ReportStatus
    occurred_at: datetime
    event_key: str
    error_code: str = ""
    error_text: str = ""
    raw_status: str = ""


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text somebody sent us: `sender` is the person, `recipient` our number ("" if it is not told)."""

    provider_id: str
    sender: str
    recipient: str
    body: str
    received_at: datetime
    event_key: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Price of one segment to a country (`mccmnc` "" or three digits) or to one of its operators."""

    country: str
    mccmnc: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number that can be bought."""

    number: str
    country: str
    features: tuple[str, ...] = ()
    verification_required: bool = False
    monthly_price: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number of the operator's account; `status` in the provider's own word ("active")."""

    number: str
    country: str
    status: str = "active"


class SMSProvider:
    """One SMS company's API. Instances are shared by all threads of a process, so keep no state per request.

    A provider implements `send_batch` and whatever its capabilities promise. `send` and `__repr__` are not
    meant to be overridden.
    """

    #: Recipients of one request.
    max_recipients_per_request = 1
    #: Whether everybody in a request gets the same body.
    same_body_per_request = True
    #: How long the provider recognises a repeated request; None means that a repeat is a second text.
    idempotency_key_lifetime: timedelta | None = None
    #: Whether `lookup` can settle an uncertain outcome.
    supports_lookup = False
    #: Whether people's replies reach us.
    supports_inbound = False
    #: Whether numbers can be found, bought and released.
    supports_numbers = False
    #: Whether `fetch_prices` works.
    supports_price_list = False
    #: Whether the provider answers STOP itself, so that our own confirmation would be a second one.
    answers_stop_itself = False

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
            raise ImproperlyConfigured(f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: unknown option {name!r}.{hint}")

    def send(self, batch: OutboundBatch) -> list[SendResult]:
        """Hand a batch over: one result per recipient, in their order.

        Raises ProviderUnavailable, ProviderOutOfFunds or ProviderConfigurationError only when nothing at all
        was sent, and ValueError for more recipients than one request may have.
        """
        if len(batch.recipients) > self.max_recipients_per_request:
            raise ValueError(
                f"{len(batch.recipients)} recipients in one request; {self} takes {self.max_recipients_per_request}."
            )
        if not batch.recipients:
            return []
        found = {result.recipient: result for result in self.send_batch(batch)}
        return [found.get(recipient) or _unanswered(recipient) for recipient in batch.recipients]

    def send_batch(self, batch: OutboundBatch) -> list[SendResult]:
        """Make the request for at least one recipient; see `send` for what it may raise."""
        raise NotImplementedError(f"{type(self).__name__} doesn't send.")

    def verify_signature(self, request: HttpRequest) -> None:
        """Raise WebhookRejected unless the provider made this request. Views call it before any parser."""
        raise NotImplementedError(f"{type(self).__name__} has no webhooks.")

    def parse_reports(self, request: HttpRequest) -> list[StatusReport]:
        """The reports in a verified request; WebhookRejected when there is nothing readable in it."""
        raise NotImplementedError(f"{type(self).__name__} has no delivery reports.")

    def parse_inbound(self, request: HttpRequest) -> list[InboundText]:
        """The texts in a verified request. What STOP means is not a provider's job."""
        raise NotImplementedError(f"{type(self).__name__} receives no texts.")

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
        """What the provider knows of a text handed over after `since`; None only if it surely never had it.

        Raises ProviderError when it can't be told.
        """
        raise NotImplementedError(f"{type(self).__name__} can't look texts up.")

    def fetch_prices(self) -> list[PriceRow]:
        """The account's prices per segment, without a default for countries that are not listed."""
        raise NotImplementedError(f"{type(self).__name__} has no price list.")

    def find_number(self, country: str) -> AvailableNumber | None:
        """A number of the country (ISO code) that can send and receive texts and needs no paperwork."""
        raise NotImplementedError(f"{type(self).__name__} sells no numbers.")

    def buy_number(self, number: str, country: str) -> OwnedNumber:
        """Buy it. After a plain ProviderError nobody knows whether it was bought: ask `owned_number`."""
        raise NotImplementedError(f"{type(self).__name__} sells no numbers.")

    def owned_number(self, number: str) -> OwnedNumber | None:
        """The number if the account has it."""
        raise NotImplementedError(f"{type(self).__name__} sells no numbers.")

    def release_number(self, number: str) -> None:
        """Give the number back; one that the account no longer has is fine."""
        raise NotImplementedError(f"{type(self).__name__} sells no numbers.")

    def balance(self) -> str:
        """What is left in the operator's account, in words of the provider; "" when it can't say."""
        return ""

    def check(self) -> list[CheckMessage]:
        """Problems with the options, found without any request."""
        return []

    def webhook_token(self) -> str:
        """The unguessable part of the webhook addresses: the option WEBHOOK_TOKEN or from SECRET_KEY."""
        return self.options.get("WEBHOOK_TOKEN") or self._derived_token()

    def _derived_token(self) -> str:
        return salted_hmac("wagtail_sms.webhooks", self.alias, algorithm="sha256").hexdigest()[:40]

    def close(self) -> None:
        """Let go of connections; the instance can still be used."""


def _unanswered(recipient: str) -> SendResult:
    return SendResult(recipient, Outcome.UNCERTAIN, error_text="The provider's answer leaves this number out.")
