"""MessageBird's webhooks: signatures, delivery reports and inbound texts, in every shape that was seen."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from messagebird import RequestValidator

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.providers.base import InboundText, ReportStatus, Signed, StatusReport
from wagtail_sms.states import FailureKind


# The validator's own second, and some for clocks that are set back.
LEEWAY = timedelta(seconds=60)
SIGNATURE_HEADER = "MessageBird-Signature-JWT"

STATUSES = {
    "scheduled": ReportStatus.SENT,
    "pending": ReportStatus.SENT,
    "sent": ReportStatus.SENT,
    "buffered": ReportStatus.SENT,
    "delivered": ReportStatus.DELIVERED,
    "expired": ReportStatus.EXPIRED,
    "delivery_failed": ReportStatus.UNDELIVERED,
    "rejected": ReportStatus.REJECTED,
}
FINE = (ReportStatus.SENT, ReportStatus.DELIVERED)
# `statusErrorCode`: 103 says that the person texted STOP; the others are those that MessageBird calls permanent, with
# the advice to remove the number ("SMS errors and error codes"): unknown or illegal subscriber, no service for texts.
OPTED_OUT = frozenset({"103"})
BAD_NUMBER = frozenset({"1", "2", "3", "5", "9", "10", "11", "12"})
# `statusErrorCode` and `statusReason`, of which either may be missing.
FAILURE_KINDS = {
    **dict.fromkeys(("8", "26", "27", "31", "unavailable subscriber", "expired"), FailureKind.OUT_OF_REACH),
    **dict.fromkeys(("34", "received network error", "received_network_error"), FailureKind.NETWORK),
    **dict.fromkeys(("104", "carrier rejected"), FailureKind.BLOCKED),
    "unknown subscriber": FailureKind.NO_SUCH_NUMBER,
    "opted out": FailureKind.OPTED_OUT,
    "dlr not received": FailureKind.NO_REPORT,
    "pending dlr": FailureKind.NO_REPORT,
    "generic delivery failure": FailureKind.UNEXPLAINED,
}


def verify(request: HttpRequest, signing_keys: list[str]) -> Signed:
    """Raise WebhookRejected unless one of the keys signed this address and this body, about now.

    A call without an id of its own (`jti`) is known by its signature.
    """
    signature = request.headers.get(SIGNATURE_HEADER, "")
    if not app_settings.WEBHOOK_BASE_URL:
        raise WebhookRejected("WAGTAIL_SMS['WEBHOOK_BASE_URL'] is not set, so no signature can be checked.")
    for key in signing_keys:
        try:
            claims = RequestValidator(key).validate_signature(signature, public_url(request), request.body)
            until = datetime.fromtimestamp(int(claims["exp"]), UTC) + LEEWAY
            return Signed(event_key("call", str(claims.get("jti") or signature)), until)
        except Exception as error:  # noqa: BLE001  # a strange token makes the validator raise anything
            reason = error
    raise WebhookRejected("The signature is missing or wrong.") from (reason if signing_keys else None)


def public_url(request: HttpRequest) -> str:
    """The address as MessageBird called it. The query is taken raw: the signature covers its exact bytes."""
    query = request.META.get("QUERY_STRING", "")
    return app_settings.WEBHOOK_BASE_URL + request.path + (f"?{query}" if query else "")


def reports(request: HttpRequest) -> list[StatusReport]:
    """The delivery reports in a request: one in a query or a form, one or many in JSON."""
    return [report(fields) for fields in _fields(request)]


def report(fields: Mapping[str, Any]) -> StatusReport:
    """One report from MessageBird's field names."""
    provider_id, recipient = _text(fields, "id"), _number(fields, "recipient")
    raw_status, at = _text(fields, "status"), _text(fields, "statusDatetime")
    if not (recipient and raw_status):
        raise WebhookRejected("A delivery report needs a recipient and a status.")
    status = STATUSES.get(raw_status, ReportStatus.UNKNOWN)
    code = _text(fields, "statusErrorCode")
    reference = _text(fields, "reference")
    return StatusReport(
        reference,
        provider_id,
        recipient,
        status,
        moment(at) or timezone.now(),
        event_key("report", provider_id, reference, recipient, raw_status, at, code),
        error_code="" if code == "0" else code,
        error_text="" if status in FINE else _text(fields, "statusReason"),
        raw_status=raw_status[:50],
    )


def inbound(request: HttpRequest) -> list[InboundText]:
    """The texts in a request; numbers, short codes and flows name their fields differently."""
    return [_inbound(fields) for fields in _fields(request)]


def _inbound(fields: Mapping[str, Any]) -> InboundText:
    provider_id = _text(fields, "id", "message_id", "mid")
    sender = _number(fields, "originator", "sender")
    recipient = _number(fields, "recipient", "receiver", "shortcode")
    body = _text(fields, "body", "payload", "message", strip=False)
    at = _text(fields, "createdDatetime", "receive_datetime", "date_utc", "date")
    if not sender:
        raise WebhookRejected("An inbound text needs an originator.")
    key = event_key("inbound", provider_id) if provider_id else event_key("inbound", sender, recipient, body, at)
    return InboundText(provider_id, sender, recipient, body, moment(at) or timezone.now(), key)


def event_key(*parts: str) -> str:
    """32 hexadecimal digits, the same for the same parts."""
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def moment(text: str) -> datetime | None:
    """An aware datetime, from ISO 8601 (its plus may be lost in a query), YmdHis (taken as UTC) or epoch."""
    text = re.sub(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$", r"\1+\2", text.strip())
    try:
        if re.fullmatch(r"\d{14}", text):
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if re.fullmatch(r"\d{9,10}", text):
            return datetime.fromtimestamp(int(text), UTC)
        found = parse_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and timezone.is_naive(found) else found


def _fields(request: HttpRequest) -> list[Mapping[str, Any]]:
    if request.method != "POST":
        return [request.GET]
    if request.content_type == "application/json":
        return _json_fields(request)
    return [{**request.GET.dict(), **request.POST.dict()}]


def _json_fields(request: HttpRequest) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise WebhookRejected("The body is not JSON.") from error
    items = content if isinstance(content, list) else [content]
    if not all(isinstance(item, dict) for item in items):
        raise WebhookRejected("The body is not an object.")
    return items


def _text(fields: Mapping[str, Any], *names: str, strip: bool = True) -> str:
    values = (fields.get(name) for name in names)
    found = next((str(value) for value in values if value not in (None, "")), "")
    return found.strip() if strip else found


def _number(fields: Mapping[str, Any], *names: str) -> str:
    """E.164 for a full number; a short code or a name stays as it is."""
    text = re.sub(r"[\s().-]", "", _text(fields, *names)).removeprefix("+")
    return f"+{text}" if re.fullmatch(r"[1-9]\d{6,14}", text) else text
