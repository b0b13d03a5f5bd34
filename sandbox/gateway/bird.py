"""The Bird platform's protocol: batches of up to 100 messages under an idempotency key, reading, suppressions."""

import hmac
import json
import re
import time
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sandbox.gateway import bird_messages, faults, switches
from sandbox.gateway.coding import coding_for, parts_of
from sandbox.gateway.traffic import Network, Submission, digits, take
from sandbox.gateway.web import Request, Response, as_json


MOST_MESSAGES, MOST_PARTS = 100, 12
KEY_SECONDS = 3 * 3600
TYPES = {401: "auth_error", 402: "billing_error", 404: "not_found_error", 409: "conflict_error"}
TYPES |= {422: "validation_error", 429: "rate_limit_error", 500: "internal_error"}


class Refusal(Exception):
    """`details` are {field path: what is wrong}."""

    def __init__(self, status: int, code: str, name: str, message: str, details: dict[str, str] | None = None):
        self.status, self.code, self.name, self.message, self.details = status, code, name, message, details or {}
        super().__init__(message)


def answer(network: Network, request: Request) -> Response:
    """The network's answer, with the faults that are switched on."""
    if (broken := faults.before(network, request, _broken)) is not None:
        return broken
    try:
        _authorise(network, request)
        response = _once(network, request) if request.method == "POST" else _route(network, request)
    except Refusal as refusal:
        return _envelope(refusal)
    return faults.after(network, request, response, _broken)


def _broken(status: int, headers: dict[str, str]) -> Response:
    code, name = {429: ("E01003", "RateLimited")}.get(status, ("E01000", "InternalError"))
    return _envelope(Refusal(status, code, name, "try again later"), headers)


def _envelope(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    error: dict[str, Any] = {"type": TYPES.get(refusal.status, "bad_request_error"), "code": refusal.code}
    error |= {"name": refusal.name, "message": refusal.message, "request_id": f"req_{uuid4().hex[:26]}"}
    if refusal.details:
        error["param"] = next(iter(refusal.details))
        error["details"] = [{"param": param, "message": text} for param, text in refusal.details.items()]
    return as_json({"error": error}, refusal.status, headers=headers or {})


def _authorise(network: Network, request: Request) -> None:
    given = request.headers.get("authorization", "").encode()
    known = network.bird_key and hmac.compare_digest(given, f"Bearer {network.bird_key}".encode())
    if not known or switches.use(network.store, "account", "wrong_key").value == "wrong_key":
        raise Refusal(401, "E02001", "Unauthenticated", "The API key is not known.")


def _once(network: Network, request: Request) -> Response:
    """The request, or under a key that was used before the answer that it had then."""
    key = request.headers.get("idempotency-key", "")
    if not key:
        return _route(network, request)
    asked = sha256(request.path.encode() + b"\n" + request.body).hexdigest()
    store = network.store
    with store.writing():
        store.write("DELETE FROM bird_keys WHERE used_at < ?", time.time() - KEY_SECONDS)
        known = store.row("SELECT asked, status, body FROM bird_keys WHERE key = ?", key)
        if known and known[0] != asked:
            raise Refusal(409, "E01005", "IdempotencyKeyReuse", "The key was used for another request.")
        if known:
            store.write("UPDATE bird_keys SET uses = uses + 1 WHERE key = ?", key)
            return Response(known[1], known[2].encode(), headers={"Idempotency-Replay": "true"})
        try:
            response = _route(network, request)
        except Refusal as refusal:
            response = _envelope(refusal)
        row = (key, asked, response.status, response.body.decode(), time.time())
        store.write("INSERT INTO bird_keys VALUES (?, ?, ?, ?, ?, 1)", *row)
    return response


def _route(network: Network, request: Request) -> Response:
    match request.method, request.path.strip("/").split("/")[1:]:
        case "POST", ["sms", "batches"]:
            messages = request.content().get("messages")
            sent = _send(network, messages if isinstance(messages, list) else [])
            return as_json({"data": sent, "summary": {"accepted_count": len(sent)}}, 202)
        case "POST", ["sms", "messages"]:
            return as_json(_send(network, [request.content()])[0], 202)
        case "GET", ["sms", "messages"]:
            return as_json(bird_messages.list_all(network, request))
        case "GET", ["sms", "messages", message_id]:
            if (found := bird_messages.read(network, message_id)) is not None:
                return as_json(found)
        case "GET", ["sms", "suppressions"]:
            return as_json(bird_messages.suppressions(network))
    raise Refusal(404, "E01002", "NotFound", "There is nothing here.")


def _send(network: Network, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All or nothing: every message is looked at before one is taken."""
    if not 1 <= len(messages) <= MOST_MESSAGES:
        raise Refusal(422, "E01001", "ValidationError", "1 to 100 messages", {"messages": "1 to 100 messages"})
    match switches.use(network.store, "account", "no_money", "unknown_sender").value:
        case "no_money":
            raise Refusal(402, "E07001", "InsufficientBalance", "The wallet is empty.")
        case "unknown_sender":
            wrong = {"messages[0].from": "not a sender of the workspace"}
            raise Refusal(422, "E11003", "SMSSenderNotConfigured", "The sender is not configured.", wrong)
    problems = {path: text for at, one in enumerate(messages) for path, text in _problems(network, one, at)}
    if problems:
        recipients = all(path.endswith(".to") for path in problems)
        name = "SMSInvalidRecipient" if recipients else "ValidationError"
        raise Refusal(422, "E01001", name, "The request is not valid.", problems)
    with network.store.writing():
        sent = [_take(network, message) for message in messages]
    return [message for message in sent if message is not None]


def _problems(network: Network, message: dict[str, Any], at: int) -> list[tuple[str, str]]:
    phone, text = digits(message.get("to") or ""), str(message.get("text") or "")
    found = []
    refused = switches.use(network.store, "phone", "refused", phone=phone).value == "refused"
    if refused or not re.fullmatch(r"\+[1-9]\d{6,14}", str(message.get("to") or "")):
        found.append((f"messages[{at}].to", "can't be routed"))
    if not message.get("from"):
        found.append((f"messages[{at}].from", "is required"))
    if not text or parts_of(text, coding_for(text, "auto")) > MOST_PARTS:
        found.append((f"messages[{at}].text", "is empty or longer than 12 segments"))
    if message.get("category") not in ("marketing", "transactional", "authentication", "service"):
        found.append((f"messages[{at}].category", "is required"))
    if len(json.dumps(message.get("metadata") or {})) > 2048:
        found.append((f"messages[{at}].metadata", "is larger than 2 KB"))
    return found


def _take(network: Network, message: dict[str, Any]) -> dict[str, Any] | None:
    """One message on its way; None for a phone that is skipped without a word."""
    phone, text = digits(message["to"]), str(message["text"])
    metadata, message_id = message.get("metadata"), f"sms_{uuid4().hex[:26]}"
    blocked = bird_messages.is_suppressed(network.store, str(message["from"]), str(message["to"]))
    submission = Submission(
        digits(message["from"]),
        text,
        (phone,),
        str((metadata or {}).get("reference") or message_id),
        bird_messages.MARK,
        coding_for(text, "auto"),
    )
    network.store.write(
        "INSERT INTO bird_messages VALUES (?, ?, ?, ?)",
        message_id,
        json.dumps(metadata),
        str(message["from"]),
        str(message.get("category")),
    )
    take(network, submission, message_id=message_id, blocked=blocked)
    found = bird_messages.read(network, message_id)
    return found and found | {"status": "accepted"}
