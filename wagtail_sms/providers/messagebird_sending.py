"""From a batch to one result per recipient: which answer of MessageBird's `POST /messages` means what."""

from dataclasses import replace
from time import monotonic, sleep
from typing import Any

from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError, ProviderUnavailable
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult
from wagtail_sms.providers.messagebird_errors import operator_error, stops_everything
from wagtail_sms.providers.messagebird_http import AnswerLost, Api, NothingSent, Refused


FAILED_AT_ONCE = {"delivery_failed", "expired"}
#: How long one batch may be taken apart to find the number that MessageBird refuses.
SECONDS_FOR_PARTS = 20


def digits(number: str) -> str:
    """MessageBird writes E.164 without the plus."""
    return number.removeprefix("+")


def hand_over(api: Api, batch: OutboundBatch, *, deadline: float | None = None) -> list[SendResult]:
    """One request, or several if one number in it makes MessageBird refuse all."""
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
            return _in_parts(api, batch, deadline or monotonic() + SECONDS_FOR_PARTS)
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


def _in_parts(api: Api, batch: OutboundBatch, deadline: float) -> list[SendResult]:
    """A refusal sent nothing, so the halves can be tried. Once a part went out, errors become results."""
    middle = len(batch.recipients) // 2
    results: list[SendResult] = []
    for recipients in (batch.recipients[:middle], batch.recipients[middle:]):
        part = replace(batch, recipients=recipients)
        try:
            results += _patiently(api, part, deadline)
        except (ProviderError, ProviderConfigurationError) as error:
            if not results:
                raise
            results += _same_for_all(part, Outcome.NOT_SENT, text=str(error))
    return results


def _patiently(api: Api, part: OutboundBatch, deadline: float) -> list[SendResult]:
    """Wait for a provider that is busy: when a part went out, the batch can't go back to the queue."""
    while monotonic() < deadline:
        try:
            return hand_over(api, part, deadline=deadline)
        except ProviderUnavailable as error:
            pause = error.retry_after or 1.0
            if monotonic() + pause >= deadline:
                raise
            sleep(pause)
    return _same_for_all(part, Outcome.NOT_SENT, text="MessageBird refuses too many numbers of this batch.")


def _read_answer(answer: dict[str, Any], batch: OutboundBatch) -> list[SendResult]:
    provider_id, recipients = answer.get("id"), answer.get("recipients")
    if not provider_id or not isinstance(recipients, dict):
        return _same_for_all(batch, Outcome.UNCERTAIN, text="MessageBird's answer names no message.")
    items = _items(recipients)
    asked = {digits(recipient) for recipient in batch.recipients}
    # MessageBird counts what it took. Only a count that fits proves that the others were left out.
    complete = recipients.get("totalCount") == len(asked & items.keys())
    return [
        _read_item(items.get(digits(recipient)), recipient, str(provider_id), complete)
        for recipient in batch.recipients
    ]


def _items(recipients: dict[str, Any]) -> dict[str, dict[str, Any]]:
    items = recipients.get("items")
    items = items if isinstance(items, list) else []
    return {str(item.get("recipient")).lstrip("+"): item for item in items if isinstance(item, dict)}


def _read_item(item: dict[str, Any] | None, recipient: str, provider_id: str, complete: bool) -> SendResult:
    if item is None:
        outcome = Outcome.REJECTED if complete else Outcome.UNCERTAIN
        return SendResult(recipient, outcome, error_code="left_out", error_text="MessageBird left it out.")
    failed = item.get("status") in FAILED_AT_ONCE
    return SendResult(
        recipient,
        Outcome.REJECTED if failed else Outcome.ACCEPTED,
        provider_id=provider_id,
        segments=_count(item.get("messagePartCount")),
        error_code=str(item.get("statusErrorCode") or item["status"]) if failed else "",
        error_text=str(item.get("statusReason") or "")[:300] if failed else "",
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
