"""What the network knows of the texts that came over Bird's protocol, and how it tells a site about them."""

import hmac
import json
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sandbox.gateway.prices import country_of
from sandbox.gateway.store import Store
from sandbox.gateway.web import Request


MARK = "bird:"  # in the place of an address for reports: Bird's go to the workspace's webhook
PAGE = 100
STOP, START = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET"}, {"START", "UNSTOP"}
STATUSES = {"sent": "sent", "delivered": "delivered", "delivery_failed": "failed", "expired": "expired"}
#: MessageBird's error codes, as the network keeps them, in Bird's words.
ERRORS = {
    27: ("undelivered", "unreachable"),
    103: ("rejected", "recipient_opted_out"),
    104: ("failed", "blocked_by_carrier"),
    1: ("failed", "invalid_destination"),
}
NO_TEMPLATE = dict.fromkeys(
    ("requested_language", "resolved_language", "template_id", "template_version_id", "template_content_hash")
)
QUERY = """
SELECT messages.id, texts.phone, texts.status, texts.status_at, texts.reason, texts.code, messages.body,
       messages.datacoding, messages.parts, messages.created_at, bird_messages.metadata, bird_messages.sender,
       bird_messages.category, texts.id
FROM messages JOIN texts ON texts.message_id = messages.id JOIN bird_messages ON bird_messages.message_id = messages.id
"""


def read(network, message_id: str) -> dict[str, Any] | None:
    row = network.store.row(f"{QUERY} WHERE messages.id = ?", message_id)
    return _message(row) if row else None


def list_all(network, request: Request) -> dict[str, Any]:
    """Newest first, a page at a time; filters: `to` and `created_after`."""
    conditions, values = ["1"], []
    if request.param("to"):
        conditions.append("texts.phone = ?")
        values.append(request.param("to").lstrip("+"))
    if request.param("created_after"):
        conditions.append("messages.created_at >= ?")
        values.append(datetime.fromisoformat(request.param("created_after")).timestamp())
    if request.param("starting_after"):
        conditions.append("texts.id < ?")
        values.append(int(request.param("starting_after")))
    limit = min(request.number("limit", PAGE), PAGE)
    where = " AND ".join(conditions)
    rows = network.store.rows(f"{QUERY} WHERE {where} ORDER BY texts.id DESC LIMIT ?", *values, limit + 1)
    more = rows[limit - 1][-1] if len(rows) > limit else None
    page = {"data": [_message(row) for row in rows[:limit]], "next_cursor": more and str(more)}
    return page | {"prev_cursor": None, "refresh_cursor": None}


def _message(row: tuple) -> dict[str, Any]:
    message_id, phone, status, at, reason, code, body, coding, parts, created, metadata, sender, category, _id = row
    word, error = _fate(status, code)
    return NO_TEMPLATE | {
        "id": message_id,
        "direction": "outbound",
        "status": word,
        "to": f"+{phone}",
        "from": sender,
        "text": "**REDACTED**" if category == "authentication" else body,
        "category": category,
        "segments": _segments(body, coding, parts),
        "cost": None,
        "metadata": json.loads(metadata),
        "last_error": error and {"code": error, "description": reason, "occurred_at": _iso(at)},
        "country_code": country_of(phone) or None,
        "created_at": _iso(created),
        "sent_at": _iso(at),
        "delivered_at": _iso(at) if word == "delivered" else None,
    }


def _fate(status: str, code: int | None) -> tuple[str, str | None]:
    if status == "delivery_failed" and code:
        return ERRORS.get(code, ("failed", "unknown"))
    return STATUSES.get(status, status), None


def _segments(body: str, coding: str, parts: int) -> dict[str, Any]:
    return {"count": parts, "encoding": "GSM_7BIT" if coding == "plain" else "UCS2", "characters": len(body)}


def is_suppressed(store: Store, sender: str, recipient: str) -> bool:
    pair = (sender.lstrip("+"), recipient.lstrip("+"))
    return bool(store.row("SELECT 1 FROM bird_suppressions WHERE originator = ? AND destination = ?", *pair))


def suppressions(network) -> dict[str, Any]:
    rows = network.store.rows("SELECT id, originator, destination, reason, created_at FROM bird_suppressions")
    names = ("id", "originator", "destination", "reason", "effective_at")
    found = [dict(zip(names, (row[0], f"+{row[1]}", f"+{row[2]}", row[3], _iso(row[4])), strict=True)) for row in rows]
    return {"data": [item | {"blocking": True} for item in found], "next_cursor": None}


def suppress(store: Store, *, originator: str, destination: str, reason: str) -> None:
    """Let this number text this phone no more."""
    row = (f"ssu_{uuid4().hex[:26]}", originator, destination, reason, time.time())
    store.write("INSERT INTO bird_suppressions VALUES (?, ?, ?, ?, ?)", *row)


def hear(store: Store, *, originator: str, destination: str, body: str) -> bool:
    """A person's own word: whether it was a STOP that blocks their number from now on."""
    word = body.strip().upper()
    if word in START:
        pair = (originator, destination)
        store.write("DELETE FROM bird_suppressions WHERE originator = ? AND destination = ?", *pair)
    if word not in STOP or is_suppressed(store, originator, destination):
        return False
    suppress(store, originator=originator, destination=destination, reason="keyword_stop")
    return True


def is_ours(store: Store, *, phone: str, number: str) -> bool:
    """Whether this number's latest text to this phone came over Bird's protocol."""
    sql = (
        "SELECT messages.report_url FROM texts JOIN messages ON messages.id = texts.message_id "
        "WHERE texts.phone = ? AND texts.number = ? AND texts.direction = 'to_phone' ORDER BY texts.id DESC LIMIT 1"
    )
    return store.value(sql, phone, number) == MARK


class Forgotten(Exception):
    """The network was emptied meanwhile: there is nothing to tell any more."""


def event(store: Store, due) -> bytes:
    """The body of one call to the webhook. Raises Forgotten."""
    if due.kind == "suppression":
        return _suppression_event(store, due)
    if due.kind == "inbound":
        data = {"sms_id": f"sms_{due.message_id[:26]}", "to": f"+{due.number}", "from": f"+{due.phone}"}
        data |= {
            "text": due.body,
            "metadata": None,
            "tags": None,
            "segments": _segments(due.body, due.datacoding, due.parts),
        } | NO_TEMPLATE
        return _event("sms.received", due.happened_at, data)
    found = store.row("SELECT metadata, sender FROM bird_messages WHERE message_id = ?", due.message_id)
    if found is None:
        raise Forgotten
    metadata, sender = found
    word, error = _fate(due.status, due.code)
    data = NO_TEMPLATE | {"sms_id": due.message_id, "to": f"+{due.phone}", "from": sender, "tags": None}
    data |= {"metadata": json.loads(metadata), "segments": _segments(due.body, due.datacoding, due.parts)}
    if error:
        data["error"] = {"code": error, "description": due.reason, "occurred_at": _iso(due.happened_at)}
    return _event(f"sms.{word}", due.happened_at, data)


def _suppression_event(store: Store, due) -> bytes:
    sql = "SELECT id, reason FROM bird_suppressions WHERE originator = ? AND destination = ? ORDER BY created_at DESC"
    found, reason = store.row(sql, due.number, due.phone) or ("ssu_ended", "keyword_stop")
    data = {"suppression_id": found, "destination": f"+{due.phone}", "originator": f"+{due.number}", "reason": reason}
    return _event("sms_suppression.created", due.happened_at, data)


def _event(kind: str, at: float, data: dict[str, Any]) -> bytes:
    content = {"type": kind, "timestamp": _iso(at), "data": {"workspace_id": f"ws_{'0' * 26}", **data}}
    return json.dumps(content).encode()


def signed(secret: str, body: bytes, *, event_id: str, now: float | None = None) -> dict[str, str]:
    """Standard Webhooks: the headers of one call."""
    at = str(int(time.time() if now is None else now))
    key = b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{at}.".encode() + body, sha256).digest()
    return {"webhook-id": event_id, "webhook-timestamp": at, "webhook-signature": f"v1,{b64encode(mac).decode()}"}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
