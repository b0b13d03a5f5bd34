"""MessageBird's classic REST protocol: sending, reading, the balance, prices and lookups."""

import hmac
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.gateway import numbers, switches
from sandbox.gateway.prices import COUNTRIES, country_name, country_of, price_list, price_of
from sandbox.gateway.traffic import MAX_PARTS, Network, Refusal, Submission, coding_for, digits, parts_of, take
from sandbox.gateway.web import Request, Response, as_html, as_json


MAX_RECIPIENTS = 50
PAGE = 20


def answer(network: Network, request: Request) -> Response:
    """The network's answer, with the faults that are switched on."""
    if (broken := _out_of_order(network, request)) is not None:
        return broken
    try:
        _authorise(network, request)
        response = _route(network, request)
    except Refusal as refusal:
        return as_json({"errors": [refusal.error]}, refusal.status)
    return _spoil(network, response) if request.method == "POST" else response


def _out_of_order(network: Network, request: Request) -> Response | None:
    """The faults in which nothing is taken; a network that is down takes no questions either."""
    faults = ("down", "busy", "busy_without_hint", "error") if request.method == "POST" else ("down",)
    setting = switches.use(network.store, "answers", *faults)
    hint = {"Retry-After": f"{setting.seconds:g}"} if setting.seconds else {}
    match setting.value:
        case "down":
            return Response(503, b"Service unavailable", "text/plain", hint)
        case "busy" | "busy_without_hint":
            return _error(429, 21, "too many requests", headers=hint)
        case "error":
            return _error(500, 99, "internal error")
    return None


def _error(status: int, code: int, description: str, parameter: str | None = None, **more: Any) -> Response:
    error = {"code": code, "description": description, "parameter": parameter}
    return as_json({"errors": [error]}, status, **more)


def _spoil(network: Network, response: Response) -> Response:
    """The faults in which the request was taken and the answer suffers."""
    setting = switches.use(network.store, "answers", "slow", "lost", "cut", "garbled")
    if setting.value == "slow":
        return Response(response.status, response.body, headers=response.headers, wait=setting.seconds)
    if setting.value in ("lost", "cut"):
        return Response(response.status, response.body, fault=setting.value)
    if setting.value == "garbled":
        return as_html("<!doctype html><title>Bad gateway</title><h1>Oops</h1>", response.status)
    return response


def _authorise(network: Network, request: Request) -> None:
    given = request.headers.get("authorization", "").encode()
    known = hmac.compare_digest(given, f"AccessKey {network.access_key}".encode())
    if not known or switches.use(network.store, "account", "wrong_key").value == "wrong_key":
        raise Refusal(2, "Request not allowed (incorrect access_key)", "access_key", status=401)


def _route(network: Network, request: Request) -> Response:
    path = request.path.strip("/")
    if path.startswith("v1/"):
        return numbers.answer(network, request, path.removeprefix("v1/"))
    match request.method, path.split("/"):
        case "POST", ["messages"]:
            return _send(network, request)
        case "GET", ["messages"]:
            return _list(network, request)
        case "GET", ["messages", message_id]:
            return as_json(_read(network, message_id))
        case "DELETE", ["messages", message_id]:
            _read(network, message_id)
            return Response(204)
        case "GET", ["balance"]:
            return as_json({"payment": "prepaid", "type": "usd", "amount": _money(network)})
        case "GET", ["pricing", "sms", "outbound"]:
            return as_json(price_list())
        case "GET", ["lookup", number]:
            return as_json(_lookup(number))
    raise Refusal(98, "API not found", None, status=404)


def _money(network: Network) -> float:
    return 0.0 if switches.read(network.store, "account").value == "no_money" else 1000.0


def _send(network: Network, request: Request) -> Response:
    submission = _submission(request.content())
    account = switches.use(network.store, "account", "no_money", "unknown_sender").value
    if account == "no_money":
        raise Refusal(25, "Not enough balance")
    if account == "unknown_sender":
        raise Refusal(9, "originator is invalid", "originator")
    return as_json(_read(network, take(network, submission)), 201)


def _submission(content: dict[str, Any]) -> Submission:
    originator, body = str(content.get("originator") or ""), str(content.get("body") or "")
    for name, value in (("originator", originator), ("body", body)):
        if not value:
            raise Refusal(9, f"{name} is required", name)
    if not originator.lstrip("+").isdigit() and len(originator) > 11:
        raise Refusal(10, "originator is invalid", "originator")
    coding = coding_for(body, str(content.get("datacoding") or "plain"))
    if parts_of(body, coding) > MAX_PARTS:
        raise Refusal(10, "body is too long", "body")
    reference = content.get("reference")
    return Submission(
        originator.lstrip("+"),
        body,
        _recipients(content.get("recipients")),
        str(reference)[:128] if reference else None,
        str(content.get("reportUrl") or ""),
        coding,
    )


def _recipients(asked: Any) -> tuple[str, ...]:
    """Both forms: an array, or numbers joined with commas. Numbers that can't be any are skipped."""
    listed = asked if isinstance(asked, list) else str(asked or "").split(",")
    found = tuple(number for number in map(digits, listed) if re.fullmatch(r"[1-9]\d{6,14}", number))
    if not found:
        raise Refusal(9, "no (correct) recipients found", "recipients")
    if len(listed) > MAX_RECIPIENTS:
        raise Refusal(10, f"recipients has more than {MAX_RECIPIENTS} numbers", "recipients")
    return found


def _read(network: Network, message_id: str) -> dict[str, Any]:
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
    statuses = [item["status"] for item in items]
    return {
        "id": message_id,
        "href": f"/messages/{message_id}",
        "direction": direction,
        "type": "sms",
        "originator": originator,
        "body": body,
        "reference": reference,
        "validity": None,
        "gateway": 10,
        "typeDetails": {},
        "datacoding": coding,
        "mclass": 1,
        "scheduledDatetime": None,
        "createdDatetime": iso(created_at),
        "reportUrl": report_url or None,
        "recipients": {
            "totalCount": len(items),
            "totalSentCount": len(items),
            "totalDeliveredCount": statuses.count("delivered"),
            "totalDeliveryFailedCount": statuses.count("delivery_failed"),
            "items": items,
        },
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


def _list(network: Network, request: Request) -> Response:
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


def _lookup(number: str) -> dict[str, Any]:
    phone = digits(number)
    country = country_of(phone)
    if not country:
        raise Refusal(20, "number not found", "number", status=404)
    prefix = COUNTRIES[country][1]
    formats = {"e164": f"+{phone}", "rfc3966": f"tel:+{phone}"}
    known = {"href": f"/lookup/{phone}", "countryCode": country, "countryPrefix": int(prefix)}
    return known | {"phoneNumber": int(phone), "type": "mobile", "formats": formats}


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
