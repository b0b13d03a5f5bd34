"""What a provider is: the values that go in and out, and the class that every provider extends.

Nothing here touches the ORM, so a provider can be tested without a database. Numbers are E.164 with a plus.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from wagtail_sms.states import FailureKind


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
    #: What the text is: "campaign", or the purpose of a text to one person ("welcome", "code", "help_reply", ...).
    purpose: str = "campaign"
    #: Tells requests of one reference apart that say the same: another one is another key.
    attempt: str = ""

    @property
    def idempotency_key(self) -> str:
        """The same for the same request, another for any other: 65 characters that tell nothing about the people."""
        content = [self.sender, self.body, self.encoding, self.recipients, self.report_url, self.purpose, self.attempt]
        return f"{self.reference}-{blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()}"


class SendResult(NamedTuple):
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
class OptOut:
    """The provider blocks texts from `sender`, our number, to `person`: they told it, or their operator, to stop."""

    provider_id: str
    person: str
    sender: str
    reason: str  # the provider's own word
    occurred_at: datetime
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


class Signed(NamedTuple):
    """What makes a verified call the only one of its kind: the same `token` is another call's never again.

    After `until` the signature itself is too old.
    """

    token: str
    until: datetime


class SMSProvider:
    """One SMS company's API. Instances are shared by all threads of a process, so keep no state per request.

    A provider implements `send_batch` and whatever its capabilities promise. `send` and `__repr__` are not
    meant to be overridden.
    """

    #: Recipients of one request.
    max_recipients_per_request = 1
    #: Whether everybody in a request gets the same body.
    same_body_per_request = True
    #: So long after its first try the provider recognises a repeated request by `OutboundBatch.idempotency_key`, and
    #: answers it as it did the first time. None means that a repeat is a second text, so there never is one.
    idempotency_key_lifetime: timedelta | None = None
    #: Whether `lookup` can settle an uncertain outcome.
    supports_lookup = False
    #: How long after a request `lookup` surely knows what came of it; None if one never can be sure.
    lookup_is_final_after: timedelta | None = None
    #: Whether `read` tells how texts fared whose reports don't come in.
    supports_read = False
    #: Whether people's replies reach us.
    supports_inbound = False
    #: Whether numbers can be found, bought and released.
    supports_numbers = False
    #: Whether `fetch_prices` works.
    supports_price_list = False
    #: Whether reports, people's replies and opt-outs may come to the same address, so that each is looked for in all.
    webhooks_are_mixed = False
    #: Texts (case-folded) that the provider acts upon and answers by itself, so that our answer would be a second one.
    #: After one that leaves, it also keeps further texts from the person until they text START.
    answered_words: frozenset[str] = frozenset()
    #: Error codes of reports that mean: the person opted out at the network.
    opted_out_codes: frozenset[str] = frozenset()
    #: Error codes of reports that mean: the number is, and stays, no phone that takes texts.
    bad_number_codes: frozenset[str] = frozenset()
    #: What other error codes mean, or the words (in lower case) that come in a code's place. At most 40 characters.
    failure_kinds: Mapping[str, FailureKind] = {}

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

    def answers_itself(self, text: str) -> bool:
        """Whether a person who sent this text gets the provider's own answer."""
        return text.strip().casefold() in self.answered_words

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

    def verify_signature(self, request: HttpRequest) -> Signed | None:
        """Raise WebhookRejected unless the provider made this request. Views call it before any parser.

        What is returned lets the views refuse the same call if somebody makes it again; None lets them take it again.
        """
        raise NotImplementedError(f"{type(self).__name__} has no webhooks.")

    def parse_reports(self, request: HttpRequest) -> list[StatusReport]:
        """The reports in a verified request; WebhookRejected when there is nothing readable in it."""
        raise NotImplementedError(f"{type(self).__name__} has no delivery reports.")

    def parse_inbound(self, request: HttpRequest) -> list[InboundText]:
        """The texts in a verified request. What STOP means is not a provider's job."""
        raise NotImplementedError(f"{type(self).__name__} receives no texts.")

    def parse_opt_outs(self, request: HttpRequest) -> list[OptOut]:
        """Whom a verified request says the provider blocks texts to. Most providers tell nothing of the kind."""
        return []

    def strange_events(self, request: HttpRequest) -> list[str]:
        """Kinds of events in a verified request that none of the three above knows: operators are shown them."""
        return []

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
        """What the provider knows of a text handed over after `since`; None if it has no such text (yet).

        Raises ProviderError when it can't be told.
        """
        raise NotImplementedError(f"{type(self).__name__} can't look texts up.")

    def lookup_together(
        self, reference: str, recipients: Sequence[str], since: datetime, *, at_most: int
    ) -> tuple[dict[str, StatusReport | None], int]:
        """What `lookup` says of the people of one batch, and the requests that it took, at most so many.

        Whoever is not in the answer was not asked about. A provider that can answer for many at once overrides it.
        """
        asked = recipients[:at_most]
        return {recipient: self.lookup(reference, recipient, since) for recipient in asked}, len(asked)

    def read(self, provider_id: str, reference: str) -> list[StatusReport]:
        """What became of the texts of one request, by the id that the provider gave it: when reports don't come in.

        Empty if there is no such request. Raises ProviderError when it can't be told.
        """
        raise NotImplementedError(f"{type(self).__name__} can't read texts.")

    def fetch_prices(self) -> list[PriceRow]:
        """The account's prices per segment, without a default for countries that are not listed."""
        raise NotImplementedError(f"{type(self).__name__} has no price list.")

    @property
    def shared_sender(self) -> str:
        """For a provider that sells no numbers: the one (E.164) that every site texts from and STOP comes back to.

        It is the option SENDER, which such a provider adds to its `default_options`.
        """
        return self.options.get("SENDER", "")

    def find_number(self, country: str) -> AvailableNumber | None:
        """A number of the country (ISO code) that can send and receive texts and needs no paperwork.

        None if there is none. May raise NumberNeedsPaperwork when there are only others.
        """
        raise NotImplementedError(f"{type(self).__name__} sells no numbers.")

    def is_for_sale(self, number: str, country: str) -> bool:
        """Whether this very number can be bought: after a lost answer it is bought again only if so.

        A provider that can search for one number overrides it; this one knows the number that it would offer now.
        """
        offered = self.find_number(country)
        return offered is not None and offered.number == number

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
