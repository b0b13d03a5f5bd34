"""A provider that keeps its texts in memory: for tests, the hosts' too.

provider = get_provider()
provider.script["+33612345678"] = Outcome.REJECTED
provider.failures.append(ProviderUnavailable(retry_after=3))     # raised by the next send
...
assert provider.outbox[0].body == "Hello"
"""

import hmac
import json
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from threading import Lock
from typing import Any
from zlib import crc32

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from wagtail_sms.exceptions import NumberUnavailable, WebhookRejected
from wagtail_sms.providers.base import (
    AvailableNumber,
    InboundText,
    OutboundBatch,
    Outcome,
    OwnedNumber,
    PriceRow,
    ReportStatus,
    SendResult,
    SMSProvider,
    StatusReport,
)
from wagtail_sms.states import FailureKind


SIGNATURE_HEADER = "X-Locmem-Signature"
PRICES = {"US": "0.008", "CA": "0.009", "GB": "0.040", "FR": "0.070", "NL": "0.080", "DE": "0.075"}
REFUSALS = (Outcome.REJECTED, Outcome.NOT_SENT)


class LocmemProvider(SMSProvider):
    """Remembers every batch that it took in `outbox`, a list of OutboundBatch."""

    max_recipients_per_request = 50
    supports_lookup = True
    supports_read = True
    lookup_is_final_after = timedelta(minutes=5)
    supports_inbound = True
    supports_numbers = True
    supports_price_list = True
    opted_out_codes = frozenset({"opted_out"})
    bad_number_codes = frozenset({"unknown_number"})
    failure_kinds = {"absent": FailureKind.OUT_OF_REACH, "fault": FailureKind.NETWORK, "blocked": FailureKind.BLOCKED}

    default_options = {
        "SIGNING_KEY": "locmem-signing-key",
        "WEBHOOK_TOKEN": "",
        "PRICES": PRICES,  # country -> amount in USD per segment
        "NUMBERS_FOR_SALE": 1000,
    }

    def __init__(self, alias: str, options: dict[str, Any]):
        super().__init__(alias, options)
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.outbox: list[OutboundBatch] = []
        #: (recipient, body) of every text that went out, in order.
        self.texts: list[tuple[str, str]] = []
        self.script: dict[str, Outcome | SendResult] = {}
        self.failures: list[Exception] = []
        self.numbers: dict[str, OwnedNumber] = {}
        self.prices: dict[str, str] = dict(self.options["PRICES"])
        self._taken: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._ids = count(1)

    def send_batch(self, batch: OutboundBatch) -> list[SendResult]:
        with self._lock:
            if self.failures:
                raise self.failures.pop(0)
            self.outbox.append(batch)
            provider_id = f"locmem-{next(self._ids)}"
            return [self._send_one(batch, recipient, provider_id) for recipient in batch.recipients]

    def _send_one(self, batch: OutboundBatch, recipient: str, provider_id: str) -> SendResult:
        planned = self.script.get(recipient, Outcome.ACCEPTED)
        if isinstance(planned, Outcome):
            accepted = planned == Outcome.ACCEPTED
            planned = SendResult(
                recipient,
                planned,
                provider_id=provider_id if accepted else "",
                error_code="" if accepted else "scripted",
            )
        if planned.outcome not in REFUSALS:
            self._taken[batch.reference, recipient] = provider_id, timezone.now()
            self.texts.append((recipient, batch.body))
        return planned

    def sign(self, url: str, body: bytes = b"") -> str:
        """The value of the X-Locmem-Signature header for a webhook request."""
        return hmac.new(self.options["SIGNING_KEY"].encode(), url.encode() + b"\n" + body, sha256).hexdigest()

    def verify_signature(self, request: HttpRequest) -> None:
        given = request.headers.get(SIGNATURE_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.sign(request.get_full_path(), request.body).encode()):
            raise WebhookRejected("The signature is missing or wrong.")

    def parse_reports(self, request: HttpRequest) -> list[StatusReport]:
        """A JSON list of objects with the fields of StatusReport."""
        return [_report(item) for item in _json_list(request)]

    def parse_inbound(self, request: HttpRequest) -> list[InboundText]:
        """A JSON list of objects with the fields of InboundText."""
        return [_inbound(item) for item in _json_list(request)]

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
        found = self._taken.get((reference, recipient))
        return self._seen(reference, recipient) if found is not None and found[1] >= since else None

    def _seen(self, reference: str, recipient: str) -> StatusReport:
        provider_id, at = self._taken[reference, recipient]
        key = f"lookup:{reference}:{recipient}"
        return StatusReport(reference, provider_id, recipient, ReportStatus.SENT, at, key, raw_status="sent")

    def read(self, provider_id: str, reference: str) -> list[StatusReport]:
        taken = [pair for pair, (found, _at) in self._taken.items() if found == provider_id and pair[0] == reference]
        return [self._seen(reference, recipient) for _reference, recipient in taken]

    def fetch_prices(self) -> list[PriceRow]:
        return [PriceRow(country, "", Decimal(amount), "USD") for country, amount in self.prices.items()]

    def find_number(self, country: str) -> AvailableNumber | None:
        if country != "US" or len(self.numbers) >= self.options["NUMBERS_FOR_SALE"]:
            return None
        free = (number for number in map(self._us_number, range(10_000)) if number not in self.numbers)
        return AvailableNumber(next(free), country, ("sms", "voice"), False, Decimal("1"), "USD")

    def is_for_sale(self, number: str, country: str) -> bool:
        return country == "US" and number not in self.numbers

    def buy_number(self, number: str, country: str) -> OwnedNumber:
        with self._lock:
            if number in self.numbers:
                raise NumberUnavailable()
            self.numbers[number] = OwnedNumber(number, country, "active")
            return self.numbers[number]

    def owned_number(self, number: str) -> OwnedNumber | None:
        return self.numbers.get(number)

    def release_number(self, number: str) -> None:
        self.numbers.pop(number, None)

    def _us_number(self, position: int) -> str:
        """Two of these sell different numbers, as two companies would."""
        exchange = 556 if self.alias == "default" else 557 + crc32(self.alias.encode()) % 300
        return f"+1201{exchange}{position:04d}"

    def balance(self) -> str:
        return "Unlimited"


def _json_list(request: HttpRequest) -> list[dict[str, Any]]:
    try:
        items = json.loads(request.body)
    except ValueError as error:
        raise WebhookRejected("The body is not JSON.") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise WebhookRejected("The body is not a list of objects.")
    return items


def _report(item: dict[str, Any]) -> StatusReport:
    raw = str(item.get("status", ""))
    status = ReportStatus(raw) if raw in set(ReportStatus) else ReportStatus.UNKNOWN
    reference, recipient = str(item.get("reference", "")), str(item.get("recipient", ""))
    return StatusReport(
        reference,
        str(item.get("provider_id", "")),
        recipient,
        status,
        _moment(item.get("occurred_at")),
        str(item.get("event_key") or f"{reference}:{recipient}:{raw}"),
        error_code=str(item.get("error_code", "")),
        error_text=str(item.get("error_text", "")),
        raw_status=raw,
    )


def _inbound(item: dict[str, Any]) -> InboundText:
    provider_id = str(item.get("provider_id", ""))
    sender, recipient, body = (str(item.get(name, "")) for name in ("sender", "recipient", "body"))
    key = str(item.get("event_key") or provider_id or f"{sender}:{recipient}:{body}")
    return InboundText(provider_id, sender, recipient, body, _moment(item.get("received_at")), key)


def _moment(value: str | None) -> datetime:
    return (parse_datetime(value) if value else None) or timezone.now()
