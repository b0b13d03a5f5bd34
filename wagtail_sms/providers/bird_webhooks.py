"""Bird's webhooks: Standard Webhooks signatures, and its events in our words.

Needs nothing of the package, so that a web process doesn't load it.
"""

import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.providers.base import InboundText, OptOut, ReportStatus, Signed, StatusReport


#: Seconds that a signature may be old, or from a clock that is ahead.
TOLERANCE = 300

STATUSES = {
    "scheduled": ReportStatus.SENT,
    "accepted": ReportStatus.SENT,
    "sent": ReportStatus.SENT,
    "delivered": ReportStatus.DELIVERED,
    "undelivered": ReportStatus.UNDELIVERED,
    "failed": ReportStatus.UNDELIVERED,
    "canceled": ReportStatus.UNDELIVERED,
    "expired": ReportStatus.EXPIRED,
    "rejected": ReportStatus.REJECTED,
}
RECEIVED, SUPPRESSED = "sms.received", "sms_suppression.created"


def secret_bytes(secret: str) -> bytes:
    """The key in a `whsec_...` secret; ValueError if it isn't one."""
    key = b64decode(secret.removeprefix("whsec_"), validate=True)
    if not key:
        raise ValueError("an empty secret")
    return key


def verify(request: HttpRequest, secrets: list[str]) -> Signed:
    """Raise WebhookRejected unless one of the secrets signed this body, about now."""
    headers = {name: request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")}
    if not all(headers.values()) or not re.fullmatch(r"[0-9]{1,12}", headers["timestamp"]):
        raise WebhookRejected("The signature is missing.")
    if abs(time.time() - int(headers["timestamp"])) > TOLERANCE:
        raise WebhookRejected("The signature is too old, or from the future.")
    signed = f"{headers['id']}.{headers['timestamp']}.".encode("utf-8", "surrogateescape") + request.body
    given = [entry.removeprefix("v1,").encode() for entry in headers["signature"].split() if entry.startswith("v1,")]
    for secret in secrets:
        expected = b64encode(hmac.new(secret_bytes(secret), signed, sha256).digest())
        if any(hmac.compare_digest(one, expected) for one in given):
            until = datetime.fromtimestamp(int(headers["timestamp"]) + 2 * TOLERANCE, UTC)
            return Signed(event_key("call", headers["id"]), until)
    raise WebhookRejected("The signature is wrong.")


def reports(request: HttpRequest) -> list[StatusReport]:
    """The delivery report in a request, if the event is one about a text that we sent."""
    kind, at, data = _event(request)
    if not kind.startswith("sms.") or kind == RECEIVED:
        return []
    return [report(data, kind.removeprefix("sms."), at)]


def report(data: Mapping[str, Any], raw_status: str, at: str) -> StatusReport:
    """One report from the fields of an event, or of a message that was read."""
    provider_id, recipient = str(data.get("sms_id") or data.get("id") or ""), str(data.get("to") or "")
    if not (provider_id and recipient):
        raise WebhookRejected("A delivery report needs an id and a recipient.")
    metadata, error = _object(data, "metadata"), _object(data, "error") or _object(data, "last_error")
    return StatusReport(
        str(metadata.get("reference") or ""),
        provider_id,
        recipient,
        STATUSES.get(raw_status, ReportStatus.UNKNOWN),
        moment(at) or timezone.now(),
        event_key("report", provider_id, raw_status, at),
        error_code=str(error.get("code") or ""),
        error_text=str(error.get("description") or "")[:300],
        raw_status=raw_status[:50],
    )


def inbound(request: HttpRequest) -> list[InboundText]:
    """The text in a request, if the event is one."""
    kind, at, data = _event(request)
    if kind != RECEIVED:
        return []
    provider_id, sender = str(data.get("sms_id") or ""), str(data.get("from") or "")
    if not (provider_id and sender):
        raise WebhookRejected("An inbound text needs an id and a sender.")
    body = str(data.get("text") or "")
    key = event_key("inbound", provider_id)
    return [InboundText(provider_id, sender, str(data.get("to") or ""), body, moment(at) or timezone.now(), key)]


def opt_outs(request: HttpRequest) -> list[OptOut]:
    """Whom Bird blocks from now on, if the event says so. It blocks a pair: one of our numbers and one person."""
    kind, at, data = _event(request)
    person = str(data.get("destination") or "")
    if kind != SUPPRESSED or not person:
        return []
    found, sender = str(data.get("suppression_id") or ""), str(data.get("originator") or "")
    key = event_key("opt-out", found) if found else event_key("opt-out", person, sender, at)
    return [OptOut(found, person, sender, str(data.get("reason") or ""), moment(at) or timezone.now(), key)]


def strange_events(request: HttpRequest) -> list[str]:
    """Whatever is neither about a text nor about who blocks them. A new status of a text is a report all the same."""
    kind, _at, _data = _event(request)
    return [] if kind.startswith("sms.") or kind == SUPPRESSED else [kind]


def event_key(*parts: str) -> str:
    """32 hexadecimal digits, the same for the same parts."""
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def moment(text: str) -> Any:
    """An aware datetime, or None."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or timezone.is_aware(found) else None


def _event(request: HttpRequest) -> tuple[str, str, Mapping[str, Any]]:
    """(type, timestamp, data)."""
    try:
        event = json.loads(request.body)
    except ValueError as error:
        raise WebhookRejected("The body is not JSON.") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise WebhookRejected("The body is no event.")
    return event["type"], str(event.get("timestamp") or ""), _object(event, "data")


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}
