"""Everything that can become of a request, by the rows of the table in docs/explanation/providers.md.

A case tells the gateway what to do. What follows must be the row's outcome, whichever protocol is spoken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from django.utils import timezone

from wagtail_sms.exceptions import ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.providers.base import OutboundBatch, SMSProvider
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.messagebird import MessageBirdProvider


PERSON = "+33612345678"
UNREACHED = "the name is unknown, the connection refused, TLS fails"
BUSY = "429"
CLOSED = "503 with `Retry-After`"
KEY = "401, 403, a redirect, a wrong address"
SENDER = "the sender is unknown"
POOR = "the account is out of money"
REFUSED = "4xx for a recipient or the text"
SILENCE = "no answer in time"
BROKEN = "the line breaks after the request left"
FAILED = "500, 502, 504, 408, 409, 503 without `Retry-After`"
UNREADABLE = "the answer is cut or unreadable"
TAKEN = "2xx"
IMPATIENT = {"TIMEOUT": (5, 0.3)}
HTML = "<!doctype html><title>Bad gateway</title>"


@dataclass(frozen=True)
class Case:
    """`switch` and `tell` are for the gateway, `options` for the provider; `texts` is what the gateway took."""

    row: str
    what: str
    switch: tuple[str, str] | None = None
    tell: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    texts: int = 0
    retry_after: float | None = None

    def arrange(self, gateway) -> None:
        if self.switch:
            name, value = self.switch
            phone = {"phone": PERSON} if name == "phone" else {}
            gateway.set_switch(name, value, **phone, **({"seconds": self.seconds} if self.seconds else {}))
        if self.tell:
            # A date counts from when it is told: the cases may have been made long before.
            headers = {name: said() if callable(said) else said for name, said in self.tell.get("headers", {}).items()}
            gateway.tell(**self.tell | ({"headers": headers} if headers else {}))


def told(row: str, what: str, status: int, content: Any = None, *, retry_after: float | None = None, **more) -> Case:
    """A case in which the gateway gives this very answer."""
    return Case(
        row,
        what,
        tell={"status": status, "content": content, **more},
        texts=int(more.get("taken", False)),
        retry_after=retry_after,
    )


def classic(code: int, parameter: str | None = None) -> dict[str, Any]:
    return {"errors": [{"code": code, "description": "no", "parameter": parameter}]}


def bird(code: str, name: str = "", **details: str) -> dict[str, Any]:
    problems = [{"param": param.replace("_0_", "[0]."), "message": text} for param, text in details.items()]
    return {"error": {"type": "t", "code": code, "name": name, "message": "no", "details": problems}}


def in_an_hour() -> str:
    return format_datetime(timezone.now() + timedelta(hours=1), usegmt=True)


def common(url_option: str) -> list[Case]:
    """What is the same in both protocols."""
    return [
        Case(UNREACHED, "unknown name", options={url_option: "http://no-such-host.invalid"}),
        Case(UNREACHED, "connection refused", options={url_option: "http://127.0.0.1:1"}),
        Case(UNREACHED, "no TLS there", options={url_option: "https://{host}"}),
        Case(BUSY, "Retry-After: 7", ("answers", "busy"), seconds=7, retry_after=7),
        Case(BUSY, "without Retry-After", ("answers", "busy_without_hint")),
        told(BUSY, "Retry-After is a date", 429, {}, headers={"Retry-After": in_an_hour}, retry_after=3600),
        Case(CLOSED, "Retry-After: 9", ("answers", "down"), seconds=9, retry_after=9),
        Case(KEY, "the key is not known", ("account", "wrong_key")),
        told(KEY, "401, a web page", 401, text=HTML),
        told(KEY, "404, a web page", 404, text=HTML),
        told(KEY, "405", 405),
        told(KEY, "redirect", 302, headers={"Location": "http://127.0.0.1:1/"}),
        Case(SENDER, "the sender's number is not known", ("account", "unknown_sender")),
        Case(POOR, "the gateway's own answer", ("account", "no_money")),
        Case(REFUSED, "the number is refused", ("phone", "refused")),
        Case(SILENCE, "taken, then silence", ("answers", "silent"), seconds=1.5, options=IMPATIENT, texts=1),
        Case(
            SILENCE,
            "taken, answered too late",
            ("answers", "slow"),
            seconds=1.5,
            options=IMPATIENT,
            texts=1,
        ),
        Case(BROKEN, "before it was taken", tell={"status": 200, "fault": "lost"}),
        Case(BROKEN, "after it was taken", ("answers", "lost"), texts=1),
        Case(FAILED, "500 before it was taken", ("answers", "error")),
        Case(FAILED, "500 after it was taken", ("answers", "failed"), texts=1),
        told(FAILED, "502, a web page, before", 502, text=HTML),
        told(FAILED, "502, a web page, after", 502, text=HTML, taken=True),
        told(FAILED, "504 after it was taken", 504, taken=True),
        told(FAILED, "503 without a hint", 503, text="Service unavailable"),
        told(FAILED, "408", 408),
        told(FAILED, "408 with an error of theirs", 408, {"errors": [{"code": 9, "description": "Too late."}]}),
        told(FAILED, "409 with an error of theirs", 409, {"errors": [{"code": 9, "description": "At work."}]}),
        told(FAILED, "400, a web page", 400, text=HTML),
        Case(UNREADABLE, "cut in the middle", ("answers", "cut"), texts=1),
        Case(UNREADABLE, "a web page", ("answers", "garbled"), texts=1),
        told(UNREADABLE, "nothing at all", 201, taken=True),
        told(UNREADABLE, "204", 204, taken=True),
        told(UNREADABLE, "a list", 201, [], taken=True),
        told(UNREADABLE, "names nobody", 201, {"id": "m"}, taken=True),
        told(UNREADABLE, "words of another company", 201, {"errors": None, "error": None}, taken=True),
        Case(TAKEN, "the gateway's own answer", texts=1),
        Case(TAKEN, "slow, but in time", ("answers", "slow"), seconds=0.2, texts=1),
    ]


def classic_taken(status: int) -> Case:
    item = {"recipient": int(PERSON.lstrip("+")), "status": "sent"}
    return told(TAKEN, str(status), status, {"id": "m", "recipients": {"totalCount": 1, "items": [item]}}, taken=True)


CLASSIC = [
    *common("REST_URL"),
    told(KEY, "code 2, 401", 401, classic(2, "access_key")),
    told(KEY, "code 2, 403", 403, classic(2, "access_key")),
    told(KEY, "code 98, 404", 404, classic(98)),
    told(KEY, "code 20, 404", 404, classic(20)),
    *(told(SENDER, f"code 9 for originator, {status}", status, classic(9, "originator")) for status in (400, 422)),
    *(told(SENDER, f"code 10 for originator, {status}", status, classic(10, "originator")) for status in (400, 422)),
    *(told(POOR, f"code 25, {status}", status, classic(25)) for status in (400, 402, 422)),
    *(told(REFUSED, f"code 9 for recipients, {status}", status, classic(9, "recipients")) for status in (400, 422)),
    *(told(REFUSED, f"code 10 for recipients, {status}", status, classic(10, "recipients")) for status in (400, 422)),
    *(told(REFUSED, f"code 9 for body, {status}", status, classic(9, "body")) for status in (400, 422)),
    *(told(REFUSED, f"code 10 for body, {status}", status, classic(10, "body")) for status in (400, 422)),
    told(REFUSED, "code 21, 400", 400, classic(21)),
    told(REFUSED, "code 10 in a 200", 200, classic(10, "body")),
    told(FAILED, "code 99, 500", 500, classic(99)),
    *(classic_taken(status) for status in (200, 201, 202)),
]


def bird_taken(status: int) -> Case:
    message = {"id": "sms_1", "to": PERSON, "status": "accepted"}
    return told(TAKEN, str(status), status, {"data": [message], "summary": {"accepted_count": 1}}, taken=True)


BIRD = [
    *common("API_URL"),
    told(CLOSED, "E01033 without a hint", 503, bird("E01033", "IdempotencyUnavailable")),
    told(KEY, "E02035, 403", 403, bird("E02035", "InsufficientScope")),
    told(KEY, "E01002, 404", 404, bird("E01002", "NotFound")),
    told(SENDER, "SMSSenderNotConfigured", 422, bird("E1", "SMSSenderNotConfigured")),
    told(SENDER, "SMSNoEligibleSender", 422, bird("E1", "SMSNoEligibleSender")),
    told(SENDER, "E01001 for from", 422, bird("E01001", "ValidationError", messages_0_from="no")),
    told(POOR, "402", 402, bird("E1", "InsufficientBalance")),
    told(REFUSED, "SMSInvalidRecipient", 422, bird("E1", "SMSInvalidRecipient", messages_0_to="no")),
    told(REFUSED, "SMSInvalidRecipient that names nobody", 422, bird("E1", "SMSInvalidRecipient")),
    told(REFUSED, "SenderCategoryNotPermitted", 422, bird("E1", "SenderCategoryNotPermitted", messages_0_to="no")),
    told(REFUSED, "E01001 for text", 422, bird("E01001", "ValidationError", messages_0_text="too long")),
    told(REFUSED, "400", 400, bird("E01000", "BadRequest")),
    told(REFUSED, "413", 413, bird("E01000", "PayloadTooLarge")),
    told(FAILED, "E01004, 409: the first try goes on", 409, bird("E01004", "RequestInProgress"), taken=True),
    told(FAILED, "E01005, 409: the key is another's", 409, bird("E01005", "IdempotencyKeyReuse")),
    *(bird_taken(status) for status in (200, 201, 202)),
]
PROTOCOLS = {"messagebird": CLASSIC, "bird": BIRD}


def make_provider(protocol: str, gateway, case: Case) -> SMSProvider:
    host = gateway.url.removeprefix("http://")
    urls = {name: value.format(host=host) for name, value in case.options.items() if isinstance(value, str)}
    options = case.options | urls
    if protocol == "bird":
        return BirdProvider("default", gateway.bird_options(**options))
    return MessageBirdProvider("default", gateway.provider_options(**options))


def outcome(send: Callable[[], list]) -> tuple[str, float | None]:
    """In the words of the table, and the provider's wish for a pause."""
    try:
        (result,) = send()
    except ProviderUnavailable as error:
        return "not sent", error.retry_after
    except ProviderConfigurationError:
        return "configuration", None
    except ProviderOutOfFunds:
        return "out of funds", None
    return result.outcome.value.replace("_", " "), None


def run(case: Case, protocol: str, gateway) -> tuple[str, float | None, int]:
    """(outcome, pause asked for, texts that the gateway took)."""
    gateway.reset()
    case.arrange(gateway)
    batch = OutboundBatch("reference-1", "+12015550100", "Hello", "GSM-7", (PERSON,))
    provider = make_provider(protocol, gateway, case)
    try:
        became, pause = outcome(lambda: provider.send(batch))
    finally:
        provider.close()
    return became, pause, len(gateway.messages())
