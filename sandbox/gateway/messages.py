"""The message objects of the REST protocol: one by its id, and lists of them."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.gateway.prices import COUNTRIES, country_name, country_of, price_of
from sandbox.gateway.traffic import Network, Refusal
from sandbox.gateway.web import Request, Response, as_json


PAGE = 20
FIXED = {"type": "sms", "validity": None, "gateway": 10, "typeDetails": {}, "mclass": 1, "scheduledDatetime": None}


def read(network: Network, message_id: str) -> dict[str, Any]:
    row = network.store.row("SELECT * FROM messages WHERE id = ?", message_id)
    if row is None:
        raise Refusal(20, "message not found", status=404)
    return _message(network, row)


def _message(network: Network, row: tuple) -> dict[str, Any]:
    message_id, direction, reference, originator, body, coding, report_url, parts, created_at = row
    texts = network.store.rows(
        "SELECT phone, status, status_at, reason, code FROM texts WHERE message_id = ? ORDER BY id", message_id
    )
    items = [_item(text, parts, len(body)) for text in texts]
    return FIXED | {
        "id": message_id,
        "href": f"/messages/{message_id}",
        "direction": direction,
        "originator": originator,
        "body": body,
        "reference": reference,
        "datacoding": coding,
        "createdDatetime": iso(created_at),
        "reportUrl": report_url or None,
        "recipients": _recipients(items),
    }


def _recipients(items: list[dict[str, Any]]) -> dict[str, Any]:
    statuses = [item["status"] for item in items]
    return {
        "totalCount": len(items),
        "totalSentCount": len(items),
        "totalDeliveredCount": statuses.count("delivered"),
        "totalDeliveryFailedCount": statuses.count("delivery_failed"),
        "items": items,
    }


def _item(text: tuple, parts: int, length: int) -> dict[str, Any]:
    phone, status, status_at, reason, code = text
    country = country_of(phone)
    _, calling_code, mcc, _ = COUNTRIES.get(country, ("", "0", "000", None))
    return {
        "recipient": int(phone),
        "originator": None,
        "status": status,
        "statusDatetime": iso(status_at),
        "messagePartCount": parts,
        "messageLength": length,
        "recipientCountry": country_name(country),
        "recipientCountryPrefix": int(calling_code),
        "mccmnc": f"{mcc}01",
        "statusReason": reason or None,
        "statusErrorCode": code,
        "price": {"amount": float(price_of(country)), "currency": "USD"},
    }


def list_all(network: Network, request: Request) -> Response:
    """Newest first; filters: originator, reference, direction, status, recipient and from (a moment)."""
    limit, offset = min(request.number("limit", PAGE), 200), request.number("offset", 0)
    where, values = _filters(request)
    total = network.store.value(f"SELECT COUNT(*) FROM messages WHERE {where}", *values)
    rows = network.store.rows(
        f"SELECT * FROM messages WHERE {where} ORDER BY created_at DESC LIMIT ? OFFSET ?",
        *values,
        limit,
        offset,
    )
    items = [_message(network, row) for row in rows]
    page = {"offset": offset, "limit": limit, "count": len(items), "totalCount": total, "items": items}
    first = "/messages?" + urlencode({"limit": limit, "offset": 0})
    return as_json(page | {"links": {"first": first, "previous": None, "next": None, "last": first}})


def _filters(request: Request) -> tuple[str, list[Any]]:
    conditions, values = ["1"], []
    for name in ("originator", "reference", "direction"):
        if request.param(name):
            conditions.append(f"{name} = ?")
            values.append(request.param(name))
    for name, column in (("recipient", "phone"), ("status", "status")):
        if request.param(name):
            conditions.append(f"id IN (SELECT message_id FROM texts WHERE {column} = ?)")
            values.append(request.param(name))
    if request.param("from"):
        conditions.append("created_at >= ?")
        values.append(_moment(request.param("from")))
    return " AND ".join(conditions), values


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise Refusal(10, "from is not a date", "from") from error


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
