"""The side door for tests and for setting the sandbox up: switches, replies, what was taken, a fresh start."""

import time
from typing import Any

from sandbox.gateway import switches, told
from sandbox.gateway.traffic import Network, digits, latest_number, opt_out, reply
from sandbox.gateway.web import Request, Response, as_json


TEXTS = """
SELECT texts.id, messages.id, messages.reference, texts.direction, texts.phone, texts.number, messages.body,
       messages.datacoding, messages.parts, texts.status, texts.code, texts.created_at
FROM texts JOIN messages ON messages.id = texts.message_id
WHERE (? = '' OR texts.phone = ?) ORDER BY texts.id
"""
NAMES = ("text", "id", "reference", "direction", "phone", "number", "body", "datacoding", "parts", "status")


def answer(network: Network, request: Request) -> Response:
    try:
        return _route(network, request)
    except (KeyError, TypeError, ValueError) as error:
        return as_json({"problem": str(error)}, 400)


def _route(network: Network, request: Request) -> Response:
    match request.method, request.path.strip("/").split("/")[1:]:
        case "GET", ["switches"]:
            return as_json(switches.everything(network.store))
        case "POST", ["switches"]:
            return _set(network, request.content())
        case "POST", ["answer"]:
            told.tell(network.store, **request.content())
            return as_json({})
        case "POST", ["report"]:
            return _report(network, request.content())
        case "POST", ["opt-out"]:
            return _opt_out(network, request.content())
        case "POST", ["bird-url"]:
            network.store.remember("bird_url", str(request.content()["url"]))
            return as_json({})
        case "GET", ["keys"]:
            rows = network.store.rows("SELECT key, status, uses FROM bird_keys ORDER BY used_at, key")
            return as_json([dict(zip(("key", "status", "uses"), row, strict=True)) for row in rows])
        case "POST", ["reply"]:
            return _reply(network, request.content())
        case "POST", ["reset"]:
            network.store.forget_everything()
            return as_json({})
        case "POST", ["inbound-url"]:
            network.store.remember("inbound_url", str(request.content()["url"]))
            return as_json({})
        case "GET", ["texts"]:
            phone = digits(request.param("phone"))
            return as_json([_text(row) for row in network.store.rows(TEXTS, phone, phone)])
        case "GET", ["journal"]:
            return as_json({"texts": network.store.journal_length()})
        case "GET", ["numbers"]:
            rows = network.store.rows("SELECT number, country, purchases FROM numbers ORDER BY number")
            return as_json([dict(zip(("number", "country", "purchases"), row, strict=True)) for row in rows])
        case "GET", ["pending"]:
            due = "SELECT COUNT(*) FROM events WHERE call AND due_at < 9e12"
            return as_json({"calls": network.store.value(due)})
    return as_json({"problem": "There is nothing here."}, 404)


def _set(network: Network, content: dict[str, Any]) -> Response:
    switches.set_switch(
        network.store,
        str(content["name"]),
        str(content["value"]),
        phone=digits(content.get("phone") or ""),
        seconds=content.get("seconds"),
        times=content.get("times"),
    )
    return as_json(switches.everything(network.store))


def _reply(network: Network, content: dict[str, Any]) -> Response:
    phone = digits(content["from"])
    number = digits(content.get("to") or "") or latest_number(network.store, phone)
    if not phone or not number:
        raise ValueError("A reply needs a phone, and a number that it goes to.")
    style = str(content.get("style") or "query")
    message_id = reply(network, phone=phone, number=number, body=str(content["body"]), style=style)
    return as_json({"id": message_id}, 201)


def _report(network: Network, content: dict[str, Any]) -> Response:
    """Report any status, reason and code about the latest text to a phone, now."""
    sql = "SELECT MAX(id) FROM texts WHERE phone = ? AND direction = 'to_phone'"
    text_id, now = network.store.value(sql, digits(content["phone"])), time.time()
    network.store.write(
        "INSERT INTO events (text_id, kind, status, reason, code, due_at, happened_at, call) "
        "VALUES (?, 'report', ?, ?, ?, ?, ?, 1)",
        text_id,
        str(content["status"]),
        str(content.get("reason") or ""),
        content.get("code"),
        now,
        now,
    )
    return as_json({}, 201)


def _opt_out(network: Network, content: dict[str, Any]) -> Response:
    phone, reason = digits(content["phone"]), str(content.get("reason") or "carrier_opted_out")
    opt_out(network, phone=phone, number=latest_number(network.store, phone), reason=reason)
    return as_json({}, 201)


def _text(row: tuple) -> dict[str, Any]:
    return dict(zip((*NAMES, "code", "created_at"), row, strict=True))
