"""From a batch to one result per recipient: which answer of Bird's `POST /v1/sms/batches` means what.

One batch is one request under one key, never several: a repeat must come to the same end as the first try.
"""

import re
from typing import Any

from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.providers.answers import AnswerLost, NothingSent
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult
from wagtail_sms.providers.bird_errors import operator_error, stops_everything
from wagtail_sms.providers.bird_http import Api, Refused


PATH = "/v1/sms/batches"
FAILED_AT_ONCE = {"rejected", "failed", "undelivered", "expired", "canceled"}
CODES = "authentication"
TO_ONE_PERSON = "service"
POSITION = re.compile(r"^messages(?:\[(\d+)\]|\.(\d+))(?:\.|$)")


def hand_over(api: Api, batch: OutboundBatch, *, category: str) -> list[SendResult]:
    """One request. When Bird refuses some of the people it took none, and the others are NOT_SENT: next time."""
    try:
        answer = api.post(PATH, {"messages": messages(batch, category)}, key=batch.idempotency_key)
    except NothingSent as failure:
        raise ProviderUnavailable(retry_after=failure.retry_after) from failure
    except AnswerLost as failure:
        return [SendResult(recipient, Outcome.UNCERTAIN, error_text=str(failure)) for recipient in batch.recipients]
    except Refused as failure:
        if stops_everything(failure):
            raise operator_error(failure) from failure
        return _without_the_refused(batch, failure)
    return _read_answer(answer, batch)


def messages(batch: OutboundBatch, category: str) -> list[dict[str, Any]]:
    """A message per recipient. `metadata` comes back in every event, so that a report finds its batch."""
    common = {
        "from": batch.sender,
        "text": batch.body,
        "category": {"campaign": category, "code": CODES}.get(batch.purpose, TO_ONE_PERSON),
        "metadata": {"reference": batch.reference},
    }
    return [{"to": recipient, **common} for recipient in batch.recipients]


def _without_the_refused(batch: OutboundBatch, failure: Refused) -> list[SendResult]:
    """Whoever Bird names is rejected. When it names nobody, or speaks of all, everybody is."""
    named = {position: text for param, text in failure.params.items() if (position := _position(param)) is not None}
    everybody = not any(position < len(batch.recipients) for position in named)
    results = []
    for position, recipient in enumerate(batch.recipients):
        if everybody or position in named:
            text = named.get(position) or failure.text
            code = failure.name or failure.code
            results.append(SendResult(recipient, Outcome.REJECTED, error_code=code, error_text=text[:300]))
        else:
            results.append(SendResult(recipient, Outcome.NOT_SENT))
    return results


def _position(param: str) -> int | None:
    found = POSITION.match(param)
    return int(found[1] or found[2]) if found else None


def _read_answer(answer: dict[str, Any], batch: OutboundBatch) -> list[SendResult]:
    """By the recipients' numbers. Whoever is left out is uncertain: see `SMSProvider.send`."""
    data = answer.get("data")
    taken = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    items = {str(item.get("to")): item for item in taken if item.get("id")}
    return [_read_item(items[recipient], recipient) for recipient in batch.recipients if recipient in items]


def _read_item(item: dict[str, Any], recipient: str) -> SendResult:
    failed = item.get("status") in FAILED_AT_ONCE
    error = item.get("last_error") if isinstance(item.get("last_error"), dict) else {}
    segments = item.get("segments") if isinstance(item.get("segments"), dict) else {}
    count = segments.get("count")
    return SendResult(
        recipient,
        Outcome.REJECTED if failed else Outcome.ACCEPTED,
        provider_id=str(item["id"]),
        segments=count if isinstance(count, int) and count > 0 else None,
        error_code=str(error.get("code") or item["status"]) if failed else "",
        error_text=str(error.get("description") or "")[:300] if failed else "",
    )
