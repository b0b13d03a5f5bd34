"""From a batch to one result per recipient: which answer of MessageBird's `POST /messages` means what."""

from dataclasses import replace
from time import monotonic, sleep
from typing import Any

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError, ProviderUnavailable
from wagtail_sms.providers.answers import AnswerLost, NothingSent
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult
from wagtail_sms.providers.messagebird_errors import operator_error, stops_everything
from wagtail_sms.providers.messagebird_http import Api, Refused


FAILED_AT_ONCE = {"delivery_failed", "expired"}
#: Requests that may go into taking one batch apart. Halving 50 recipients finds one refused number in 12, four in 38.
MOST_REQUESTS = 40
#: Callers start a batch in the first half of its lease; this share of it is left for the search, the rest for its end.
SHARE_OF_LEASE = 0.4


class Search:
    """What is left for finding the numbers that MessageBird refuses, from the first request of the batch on."""

    def __init__(self) -> None:
        self._requests = MOST_REQUESTS
        self._deadline = monotonic() + app_settings.LEASE_SECONDS * SHARE_OF_LEASE

    def may_ask(self, *, after: float = 0.0) -> bool:
        """Whether another request may start `after` so many seconds."""
        return self._requests > 0 and monotonic() + after < self._deadline

    def count(self) -> None:
        self._requests -= 1


def digits(number: str) -> str:
    """MessageBird writes E.164 without the plus."""
    return number.removeprefix("+")


def hand_over(api: Api, batch: OutboundBatch, *, search: Search | None = None) -> list[SendResult]:
    """One request, or several if one number in it makes MessageBird refuse all."""
    search = search or Search()
    try:
        answer = api.call("messages", "POST", parameters(batch))
    except NothingSent as failure:
        raise ProviderUnavailable(retry_after=failure.retry_after) from failure
    except AnswerLost as failure:
        return _same_for_all(batch, Outcome.UNCERTAIN, text=str(failure))
    except Refused as failure:
        if stops_everything(failure):
            raise operator_error(failure) from failure
        if "recipients" in failure.parameters and len(batch.recipients) > 1:
            return _in_parts(api, batch, search)
        return _same_for_all(batch, Outcome.REJECTED, code=failure.code, text=failure.text)
    return _read_answer(answer, batch)


def parameters(batch: OutboundBatch) -> dict[str, Any]:
    """The request's fields. Without a `reference` MessageBird sends no reports."""
    fields = {
        "originator": digits(batch.sender),
        "recipients": [digits(recipient) for recipient in batch.recipients],
        "body": batch.body,
        "type": "sms",
        "datacoding": "plain" if batch.encoding == "GSM-7" else "unicode",
        "reference": batch.reference,
    }
    return fields | ({"reportUrl": batch.report_url} if batch.report_url else {})


def _same_for_all(batch: OutboundBatch, outcome: Outcome, *, code: str = "", text: str = "") -> list[SendResult]:
    return [SendResult(recipient, outcome, error_code=code, error_text=text) for recipient in batch.recipients]


def _in_parts(api: Api, batch: OutboundBatch, search: Search) -> list[SendResult]:
    """A refusal sent nothing, so the halves can be tried. Once a part went out, errors become results."""
    middle = len(batch.recipients) // 2
    results: list[SendResult] = []
    for recipients in (batch.recipients[:middle], batch.recipients[middle:]):
        part = replace(batch, recipients=recipients)
        try:
            results += _patiently(api, part, search)
        except (ProviderError, ProviderConfigurationError) as error:
            if not results:
                raise
            results += _same_for_all(part, Outcome.NOT_SENT, text=str(error))
    return results


def _patiently(api: Api, part: OutboundBatch, search: Search) -> list[SendResult]:
    """Wait for a provider that is busy: when a part went out, the batch can't go back to the queue."""
    while search.may_ask():
        search.count()
        try:
            return hand_over(api, part, search=search)
        except ProviderUnavailable as error:
            pause = error.retry_after or 1.0
            if not search.may_ask(after=pause):
                raise
            sleep(pause)
    return _same_for_all(part, Outcome.NOT_SENT, text="The search for the numbers that MessageBird refuses ran out.")


def _read_answer(answer: dict[str, Any], batch: OutboundBatch) -> list[SendResult]:
    provider_id, recipients = answer.get("id"), answer.get("recipients")
    if not provider_id or not isinstance(recipients, dict):
        return _same_for_all(batch, Outcome.UNCERTAIN, text="MessageBird's answer names no message.")
    items, asked = _items(recipients), {digits(recipient): recipient for recipient in batch.recipients}
    # MessageBird counts what it took. Only a count that fits proves that the others were left out.
    complete = recipients.get("totalCount") == len(asked.keys() & items.keys())
    name = str(provider_id)
    return [_read_item(items.get(key), recipient, name, complete) for key, recipient in asked.items()]


def _items(recipients: dict[str, Any]) -> dict[str, dict[str, Any]]:
    items = recipients.get("items")
    items = items if isinstance(items, list) else []
    return {str(item.get("recipient")).lstrip("+"): item for item in items if isinstance(item, dict)}


def _read_item(item: dict[str, Any] | None, recipient: str, provider_id: str, complete: bool) -> SendResult:
    if item is None:
        outcome = Outcome.REJECTED if complete else Outcome.UNCERTAIN
        return SendResult(recipient, outcome, error_code="left_out", error_text="MessageBird left it out.")
    segments = _count(item.get("messagePartCount"))
    if item.get("status") not in FAILED_AT_ONCE:
        return SendResult(recipient, Outcome.ACCEPTED, provider_id, segments)
    code, text = str(item.get("statusErrorCode") or item["status"]), str(item.get("statusReason") or "")[:300]
    return SendResult(recipient, Outcome.REJECTED, provider_id, segments, code, text)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
