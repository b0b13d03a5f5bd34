"""The Bird platform's API (`{region}.platform.bird.com`), MessageBird's successor, through `messagebird-sdk`."""

from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error
from django.http import HttpRequest

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError
from wagtail_sms.providers import bird_webhooks as webhooks
from wagtail_sms.providers import key_families
from wagtail_sms.providers.base import InboundText, OptOut, OutboundBatch, SendResult, Signed, SMSProvider, StatusReport
from wagtail_sms.providers.bird_errors import ask
from wagtail_sms.providers.bird_http import NOT_INSTALLED, Api
from wagtail_sms.providers.bird_sending import hand_over
from wagtail_sms.states import FailureKind


CLASSIC_KEY = (
    "API_KEY is a key of MessageBird's classic API, which the Bird platform does not know. Use "
    "'wagtail_sms.providers.messagebird.MessageBirdProvider' with this key as ACCESS_KEY, or a key of the Bird "
    "dashboard, which starts with 'bk_'."
)
NO_KEY = "API_KEY is empty. Copy a key of the workspace, 'bk_{region}_...', from the Bird dashboard."
NO_REGION = "API_KEY names no region. A key of the Bird platform starts with 'bk_{region}_'; or set API_URL."
NO_URL = "API_URL must start with https:// or http://."
UNSIGNED = (
    "WEBHOOK_SECRET is empty or unreadable, so delivery reports and STOP replies would all be refused. It starts with "
    "'whsec_' and is shown once, when the webhook is made in the Bird dashboard."
)
# Bird's defaults, "Opt-in and opt-out compliance"; it reads them as the whole of a text only, in any case.
STOP_WORDS = frozenset("stop stopall end quit cancel unsubscribe arret halt detener parar ferma".split())
STOP_WORDS |= {"остановить", "zatrzymaj"}
START_WORDS = frozenset("start begin resume revert unstop nonarret".split())
HELP_WORDS = frozenset("help info aide hulp hilfe ayuda ajuda aiuto помощь pomocy".split())
PAGE, PAGES = 100, 5
#: Our clock and Bird's may differ.
CLOCKS = timedelta(minutes=2)


class BirdProvider(SMSProvider):
    """Up to 100 people per request, under an idempotency key: a lost answer is found out by repeating the request."""

    max_recipients_per_request = 100
    supports_lookup = True
    supports_inbound = True
    webhooks_are_mixed = True
    answered_words = STOP_WORDS | START_WORDS | HELP_WORDS
    opted_out_codes = frozenset({"recipient_opted_out"})
    bad_number_codes = frozenset({"invalid_destination", "landline_unreachable"})
    failure_kinds = {
        "unreachable": FailureKind.OUT_OF_REACH,
        "provider_unavailable": FailureKind.NETWORK,
        **dict.fromkeys(("blocked_by_carrier", "blocked_by_fraud_protection", "content_rejected"), FailureKind.BLOCKED),
        "blocked_by_recipient": FailureKind.OPTED_OUT,
        "sender_unregistered": FailureKind.BLOCKED,
        "unknown": FailureKind.UNEXPLAINED,
    }

    default_options = {
        "API_KEY": "",
        "WEBHOOK_SECRET": "",  # or a list of secrets, while one is being replaced by another
        "API_URL": "",  # from the region in the key
        "SENDER": "",
        "CATEGORY": "marketing",  # of campaigns, in Bird's words
        "TIMEOUT": (5, 20),  # seconds to connect and to wait for the answer
        "WEBHOOK_TOKEN": "",
        "KEY_HOURS": 3,  # so long Bird remembers an idempotency key; 0 to never repeat a request
        # From then on its list knows every text that it took; None if that is never sure.
        "LOOKUP_FINAL_MINUTES": 30,
    }

    def __init__(self, alias: str, options: dict[str, Any]):
        super().__init__(alias, options)
        timeout = self.options["TIMEOUT"]
        connect, read = timeout if isinstance(timeout, tuple | list) else (timeout, timeout)
        self._unchecked_api = Api(
            self._url,
            self.options["API_KEY"],
            timeout=(connect, read),
            pool_size=max(10, app_settings.CONCURRENT_REQUESTS),
        )

    @property
    def _url(self) -> str:
        return self.options["API_URL"] or f"https://{key_families.region(self.options['API_KEY'])}.platform.bird.com"

    @property
    def _api(self) -> Api:
        if problem := self._key_problem():
            raise ProviderConfigurationError(f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]: {problem}")
        return self._unchecked_api

    def _key_problem(self) -> str:
        key, url = self.options["API_KEY"], self.options["API_URL"]
        if not key:
            return NO_KEY
        if key_families.family(key) == key_families.CLASSIC:
            return CLASSIC_KEY
        if url:
            return "" if url.startswith(("https://", "http://")) else NO_URL
        return "" if key_families.region(key) else NO_REGION

    @property
    def _secrets(self) -> list[str]:
        secrets = self.options["WEBHOOK_SECRET"]
        return [secret for secret in ([secrets] if isinstance(secrets, str) else secrets) if _is_secret(secret)]

    @property
    def idempotency_key_lifetime(self) -> timedelta | None:
        return timedelta(hours=self.options["KEY_HOURS"]) or None

    @property
    def lookup_is_final_after(self) -> timedelta | None:
        minutes = self.options["LOOKUP_FINAL_MINUTES"]
        return timedelta(minutes=minutes) if minutes is not None else None

    def send_batch(self, batch: OutboundBatch) -> list[SendResult]:
        return hand_over(self._api, batch, category=self.options["CATEGORY"])

    def lookup(self, reference: str, recipient: str, since: datetime) -> StatusReport | None:
        params = {
            "to": recipient,
            "direction": "outbound",
            "created_after": (since - CLOCKS).isoformat(timespec="seconds"),
            "limit": PAGE,
        }
        for _page in range(PAGES):
            answer = ask(self._api, "/v1/sms/messages", params)
            if not isinstance(answer.get("data"), list):
                break
            for message in answer["data"]:
                if (message.get("metadata") or {}).get("reference") == reference and message.get("to") == recipient:
                    return _report(message)
            params["starting_after"] = answer.get("next_cursor")
            if not params["starting_after"]:
                return None
        raise ProviderError("Bird's list of messages can't be searched to its end.")

    def verify_signature(self, request: HttpRequest) -> Signed | None:
        return webhooks.verify(request, self._secrets)

    def parse_reports(self, request: HttpRequest) -> list[StatusReport]:
        return webhooks.reports(request)

    def parse_inbound(self, request: HttpRequest) -> list[InboundText]:
        return webhooks.inbound(request)

    def parse_opt_outs(self, request: HttpRequest) -> list[OptOut]:
        return webhooks.opt_outs(request)

    def strange_events(self, request: HttpRequest) -> list[str]:
        return webhooks.strange_events(request)

    def check(self) -> list[CheckMessage]:
        where, problems = f"WAGTAIL_SMS['PROVIDERS'][{self.alias!r}]", []
        if problem := self._key_problem():
            problems.append(Error(f"{where}: {problem}", id="wagtail_sms.E103"))
        if not self._secrets:
            problems.append(Error(f"{where}: {UNSIGNED}", id="wagtail_sms.E104"))
        if not find_spec("bird"):
            problems.append(Error(f"{where}: {NOT_INSTALLED}", id="wagtail_sms.E105"))
        return problems

    def close(self) -> None:
        self._unchecked_api.close()


def _report(message: dict[str, Any]) -> StatusReport:
    status = str(message.get("status") or "")
    at = message.get("delivered_at") or message.get("sent_at") or message.get("created_at")
    return webhooks.report(message, status, str(at or ""))


def _is_secret(secret: str) -> bool:
    try:
        return bool(webhooks.secret_bytes(secret))
    except ValueError:
        return False
