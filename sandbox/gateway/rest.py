"""MessageBird's classic REST protocol: sending, reading, the balance, prices and lookups."""

import hmac
import re
from typing import Any

from sandbox.gateway import faults, messages, numbers, switches
from sandbox.gateway.coding import MAX_PARTS, coding_for, parts_of
from sandbox.gateway.prices import COUNTRIES, country_of, price_list
from sandbox.gateway.traffic import Network, Refusal, Submission, digits, take
from sandbox.gateway.web import Request, Response, as_json


MAX_RECIPIENTS = 50


def answer(network: Network, request: Request) -> Response:
    """The network's answer, with the faults that are switched on."""
    if (broken := faults.before(network, request, _broken)) is not None:
        return broken
    try:
        _authorise(network, request)
        response = _route(network, request)
    except Refusal as refusal:
        return as_json({"errors": [refusal.error]}, refusal.status)
    return faults.after(network, request, response, _broken)


def _broken(status: int, headers: dict[str, str]) -> Response:
    code, description = (21, "too many requests") if status == 429 else (99, "internal error")
    return as_json({"errors": [{"code": code, "description": description, "parameter": None}]}, status, headers=headers)


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
            return messages.list_all(network, request)
        case "GET", ["messages", message_id]:
            return as_json(messages.read(network, message_id))
        case "DELETE", ["messages", message_id]:
            messages.read(network, message_id)
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
    return as_json(messages.read(network, take(network, submission)), 201)


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


def _lookup(number: str) -> dict[str, Any]:
    phone = digits(number)
    country = country_of(phone)
    if not country:
        raise Refusal(20, "number not found", "number", status=404)
    prefix = COUNTRIES[country][1]
    formats = {"e164": f"+{phone}", "rfc3966": f"tel:+{phone}"}
    known = {"href": f"/lookup/{phone}", "countryCode": country, "countryPrefix": int(prefix)}
    return known | {"phoneNumber": int(phone), "type": "mobile", "formats": formats}
