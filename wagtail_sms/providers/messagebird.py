"""MessageBird's classic API (rest.messagebird.com), through its official `messagebird` package."""

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.http import HttpRequest

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import messagebird_numbers as numbers
from wagtail_sms.providers import messagebird_webhooks as webhooks
from wagtail_sms.providers.base import (
    AvailableNumber,
    InboundText,
    OutboundBatch,
    OwnedNumber,
    PriceRow,
    SendResult,
    SMSProvider,
    StatusReport,
)
from wagtail_sms.providers.messagebird_errors import ask
from wagtail_sms.providers.messagebird_http import Api
from wagtail_sms.providers.messagebird_sending import digits, hand_over


BIRD_KEY = (
    "ACCESS_KEY starts with 'bk_': that is a key of the new Bird platform, which MessageBird's classic API "
    "does not know. Use a live key of the classic dashboard."
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
    supports_inbound = True
    supports_numbers = True
    supports_price_list = True

    default_options = {
        "ACCESS_KEY": "",
        "SIGNING_KEY": "",  # or a list of keys, while one is being replaced by another
        "REST_URL": "https://rest.messagebird.com",
        "NUMBERS_URL": "https://numbers.messagebird.com/v1",
        "TIMEOUT": (5, 20),  # seconds to connect and to wait for the answer
        "WEBHOOK_TOKEN": "",
        "REQUIRE_SIGNED_REPORTS": True,
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
        return BIRD_KEY if key.startswith("bk_") else NO_KEY if not key else ""

    @property
    def _signing_keys(self) -> list[str]:
        keys = self.options["SIGNING_KEY"]
        return [key for key in ([keys] if isinstance(keys, str) else keys) if key]

    def send_batch(self, batch: OutboundBatch) -> list[SendResult]:
        return hand_over(self._rest, batch)

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
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
            if found := _find(answer["items"], reference, digits(recipient)):
                return found
            if (page + 1) * PAGE >= int(answer.get("totalCount") or 0):
                return None
        raise ProviderError("MessageBird's list of messages can't be searched to its end.")

    def fetch_prices(self) -> list[PriceRow]:
        answer = ask(self._rest, "pricing/sms/outbound") or {}
        rows = answer.get("prices")
        if not isinstance(rows, list):
            raise ProviderError("MessageBird's price list can't be read.")
        return [price for row in rows if (price := _price(row, answer.get("currencyCode", "")))]

    def find_number(self, country: str) -> AvailableNumber | None:
        return numbers.find(self._numbers, country)

    def buy_number(self, number: str, country: str) -> OwnedNumber:
        return numbers.buy(self._numbers, number, country)

    def owned_number(self, number: str) -> OwnedNumber | None:
        return numbers.owned(self._numbers, number)

    def release_number(self, number: str) -> None:
        numbers.release(self._numbers, number)

    def balance(self) -> str:
        answer = ask(self._rest, "balance") or {}
        return " ".join(str(answer[name]) for name in ("amount", "type") if answer.get(name) is not None)

    def verify_signature(self, request: HttpRequest) -> None:
        """All must be signed, except delivery reports when REQUIRE_SIGNED_REPORTS is off."""
        unsigned = webhooks.SIGNATURE_HEADER not in request.headers
        a_report = request.path.rstrip("/").endswith("/reports")
        if unsigned and a_report and not self.options["REQUIRE_SIGNED_REPORTS"]:
            return
        webhooks.verify(request, self._signing_keys)

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


def _find(messages: list[dict[str, Any]], reference: str, recipient: str) -> StatusReport | None:
    for message in messages:
        if message.get("reference") != reference:
            continue
        for item in (message.get("recipients") or {}).get("items") or []:
            if str(item.get("recipient")) == recipient:
                created = {"statusDatetime": message.get("createdDatetime")}
                known = {name: value for name, value in item.items() if value is not None}
                return webhooks.report(created | known | {"id": message.get("id"), "reference": reference})
    return None


def _price(row: Any, currency: str) -> PriceRow | None:
    """None for the default rate: an unknown country is refused, never guessed."""
    try:
        country, amount = str(row["countryIsoCode"]).upper(), Decimal(str(row["price"]))
    except (TypeError, KeyError, InvalidOperation) as error:
        raise ProviderError("MessageBird's price list can't be read.") from error
    if country in ("XX", "") or not amount.is_finite() or amount <= 0:
        return None
    mccmnc = str(row.get("mccmnc") or "")
    return PriceRow(country, mccmnc, amount, str(row.get("currencyCode") or currency))
