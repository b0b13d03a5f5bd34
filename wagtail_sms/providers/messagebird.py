"""MessageBird's classic API (rest.messagebird.com), through its official `messagebird` package."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.http import HttpRequest

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import key_families
from wagtail_sms.providers import messagebird_numbers as numbers
from wagtail_sms.providers import messagebird_webhooks as webhooks
from wagtail_sms.providers.base import (
    AvailableNumber,
    InboundText,
    OutboundBatch,
    OwnedNumber,
    PriceRow,
    SendResult,
    Signed,
    SMSProvider,
    StatusReport,
)
from wagtail_sms.providers.messagebird_errors import ask
from wagtail_sms.providers.messagebird_http import Api
from wagtail_sms.providers.messagebird_sending import digits, hand_over


BIRD_KEY = (
    "ACCESS_KEY is a key of the new Bird platform (%s...), which MessageBird's classic API does not know. Use "
    "'wagtail_sms.providers.bird.BirdProvider' with this key as API_KEY, or a live key of the classic dashboard."
)
NO_KEY = "ACCESS_KEY is empty. Copy the live key from Developers > API access in the MessageBird dashboard."
NO_SIGNING_KEY = (
    "SIGNING_KEY is empty, so delivery reports and STOP replies would all be refused. "
    "Copy it from Developers > API settings in the MessageBird dashboard."
)
PAGE, PAGES = 20, 5
#: Our clock and MessageBird's may differ.
CLOCKS = timedelta(minutes=2)


class MessageBirdProvider(SMSProvider):
    """Up to 50 recipients of one body per request. Without idempotency keys a lost answer is uncertain."""

    max_recipients_per_request = 50
    supports_lookup = True
    supports_read = True
    supports_inbound = True
    supports_numbers = True
    supports_price_list = True
    opted_out_codes = webhooks.OPTED_OUT
    bad_number_codes = webhooks.BAD_NUMBER
    failure_kinds = webhooks.FAILURE_KINDS

    default_options = {
        "ACCESS_KEY": "",
        "SIGNING_KEY": "",  # or a list of keys, while one is being replaced by another
        "REST_URL": "https://rest.messagebird.com",
        "NUMBERS_URL": "https://numbers.messagebird.com/v1",
        "TIMEOUT": (5, 20),  # seconds to connect and to wait for the answer
        "WEBHOOK_TOKEN": "",
        "REQUIRE_SIGNED_REPORTS": True,
        # From then on its list knows every text that it took; None if that is never sure.
        "LOOKUP_FINAL_MINUTES": 5,
    }

    def __init__(self, alias: str, options: dict[str, Any]):
        super().__init__(alias, options)
        self._rest_api = self._api("REST_URL")
        self._numbers_api = self._api("NUMBERS_URL")

    def _api(self, option: str) -> Api:
        timeout = self.options["TIMEOUT"]
        connect, read = timeout if isinstance(timeout, tuple | list) else (timeout, timeout)
        return Api(
            self.options[option],
            self.options["ACCESS_KEY"],
            timeout=(connect, read),
            pool_size=max(10, app_settings.CONCURRENT_REQUESTS),
        )

    @property
    def _rest(self) -> Api:
        self._require_key()
        return self._rest_api

    @property
    def _numbers(self) -> Api:
        self._require_key()
        return self._numbers_api

    def _require_key(self) -> None:
        if problem := self._key_problem():
            raise ProviderConfigurationError(f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: {problem}")

    def _key_problem(self) -> str:
        key = self.options["ACCESS_KEY"]
        if key_families.family(key) == key_families.BIRD:
            return BIRD_KEY % key.partition("_")[0]
        return "" if key else NO_KEY

    @property
    def _signing_keys(self) -> list[str]:
        keys = self.options["SIGNING_KEY"]
        return [key for key in ([keys] if isinstance(keys, str) else keys) if key]

    def send_batch(self, batch: OutboundBatch) -> list[SendResult]:
        return hand_over(self._rest, batch)

    @property
    def lookup_is_final_after(self) -> timedelta | None:
        minutes = self.options["LOOKUP_FINAL_MINUTES"]
        return timedelta(minutes=minutes) if minutes is not None else None

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
        message = self._find(reference, recipient, since)
        return _reports(message, reference).get(digits(recipient)) if message else None

    def lookup_together(
        self, reference: str, recipients: Sequence[str], since: datetime, *, at_most: int
    ) -> tuple[dict[str, StatusReport | None], int]:
        """MessageBird's list has whole messages: whoever went out in one request is found by one question."""
        found: dict[str, StatusReport | None] = {}
        asked = 0
        for recipient in recipients:
            if recipient in found or asked == at_most:
                continue
            asked += 1
            message = self._find(reference, recipient, since)
            reports = _reports(message, reference) if message else {}
            found |= {one: reports[digits(one)] for one in recipients if digits(one) in reports}
            found.setdefault(recipient, None)
        return found, asked

    def _find(self, reference: str, recipient: str, since: datetime) -> dict[str, Any] | None:
        """The message of this reference that went to this person."""
        params = {
            "recipient": digits(recipient),
            "direction": "mt",
            "from": (since - CLOCKS).isoformat(timespec="seconds"),
            "limit": PAGE,
        }
        for page in range(PAGES):
            answer = ask(self._rest, "messages", params | {"offset": page * PAGE})
            if answer is None or not isinstance(answer.get("items"), list):
                break
            for message in answer["items"]:
                if message.get("reference") == reference and digits(recipient) in _reports(message, reference):
                    return message
            if (page + 1) * PAGE >= int(answer.get("totalCount") or 0):
                return None
        raise ProviderError("MessageBird's list of messages can't be searched to its end.")

    def read(self, provider_id: str, reference: str) -> list[StatusReport]:
        message = ask(self._rest, f"messages/{provider_id}")
        return list(_reports(message, reference).values()) if message else []

    def fetch_prices(self) -> list[PriceRow]:
        answer = ask(self._rest, "pricing/sms/outbound") or {}
        rows = answer.get("prices")
        if not isinstance(rows, list):
            raise ProviderError("MessageBird's price list can't be read.")
        return [price for row in rows if (price := _price(row, answer.get("currencyCode", "")))]

    def find_number(self, country: str) -> AvailableNumber | None:
        return numbers.find(self._numbers, country)

    def is_for_sale(self, number: str, country: str) -> bool:
        return numbers.is_for_sale(self._numbers, number, country)

    def buy_number(self, number: str, country: str) -> OwnedNumber:
        return numbers.buy(self._numbers, number, country)

    def owned_number(self, number: str) -> OwnedNumber | None:
        return numbers.owned(self._numbers, number)

    def release_number(self, number: str) -> None:
        numbers.release(self._numbers, number)

    def balance(self) -> str:
        answer = ask(self._rest, "balance") or {}
        return " ".join(str(answer[name]) for name in ("amount", "type") if answer.get(name) is not None)

    def verify_signature(self, request: HttpRequest) -> Signed | None:
        """All must be signed, except delivery reports when REQUIRE_SIGNED_REPORTS is off."""
        unsigned = webhooks.SIGNATURE_HEADER not in request.headers
        a_report = request.path.rstrip("/").endswith("/reports")
        if unsigned and a_report and not self.options["REQUIRE_SIGNED_REPORTS"]:
            return None
        return webhooks.verify(request, self._signing_keys)

    def parse_reports(self, request: HttpRequest) -> list[StatusReport]:
        return webhooks.reports(request)

    def parse_inbound(self, request: HttpRequest) -> list[InboundText]:
        return webhooks.inbound(request)

    def check(self) -> list[CheckMessage]:
        return [message for message in (self._check_key(), self._check_signing_key()) if message]

    def _check_key(self) -> CheckMessage | None:
        if problem := self._key_problem():
            return Error(f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: {problem}", id="wagtail_sms.E101")
        if self.options["ACCESS_KEY"].startswith("test_"):
            return Warning(
                f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: ACCESS_KEY is a test key: MessageBird "
                "will accept texts and send none.",
                id="wagtail_sms.W101",
            )
        return None

    def _check_signing_key(self) -> CheckMessage | None:
        if self._signing_keys:
            return None
        return Error(f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: {NO_SIGNING_KEY}", id="wagtail_sms.E102")

    def close(self) -> None:
        self._rest_api.http.close()
        self._numbers_api.http.close()


def _reports(message: dict[str, Any], reference: str) -> dict[str, StatusReport]:
    """What a message of the list says of each of its recipients, by their digits."""
    common = {"statusDatetime": message.get("createdDatetime")}
    ours = {"id": message.get("id"), "reference": reference}
    reports = {}
    for item in (message.get("recipients") or {}).get("items") or []:
        known = {name: value for name, value in item.items() if value is not None}
        reports[str(item.get("recipient"))] = webhooks.report(common | known | ours)
    return reports


def _price(row: Any, currency: str) -> PriceRow | None:
    """None for the default rate: an unknown country is refused, never guessed. The amount is judged elsewhere."""
    try:
        country, amount = str(row["countryIsoCode"]).upper(), Decimal(str(row["price"]))
    except (TypeError, KeyError, InvalidOperation) as error:
        raise ProviderError("MessageBird's price list can't be read.") from error
    if country in ("XX", ""):
        return None
    mccmnc = str(row.get("mccmnc") or "")
    return PriceRow(country, mccmnc, amount, str(row.get("currencyCode") or currency))
