"""Texts going through the network: taking them, letting them arrive, and sending replies to the site."""

import re
import time
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

from sandbox.gateway import bird_messages, switches
from sandbox.gateway.coding import as_received, coding_for, parts_of
from sandbox.gateway.prices import country_of
from sandbox.gateway.store import Store


BEHAVIOURS = ("refused", "left_out", "unreachable", "gone", "opted_out")
COMING_BACK = ("START", "UNSTOP")
FAILURES = {
    "unreachable": ("unavailable subscriber", 27),
    "gone": ("unknown subscriber", 1),
    "opted_out": ("opted out", 103),
    "undelivered": ("received network error", 34),
}


@dataclass(frozen=True)
class Network:
    """What every part of the gateway shares. `delivery_seconds` is the span in which a text arrives."""

    store: Store
    access_key: str
    signing_key: str
    inbound_url: str = ""
    delivery_seconds: tuple[float, float] = (1.0, 3.0)
    bird_key: str = ""
    bird_secret: str = ""
    bird_url: str = ""

    @property
    def site_url(self) -> str:
        """Where texts to the site go."""
        return self.store.fact("inbound_url", self.inbound_url)

    @property
    def bird_webhook(self) -> str:
        """Where everything goes that Bird's protocol tells: one address, of the workspace."""
        return self.store.fact("bird_url", self.bird_url)


class Refusal(Exception):
    """A request that the network refuses: MessageBird's error code and the field it is about."""

    def __init__(self, code: int, description: str, parameter: str | None = None, *, status: int = 422):
        self.status = status
        self.error = {"code": code, "description": description, "parameter": parameter}
        super().__init__(description)


@dataclass(frozen=True)
class Submission:
    """The readable part of one request to send."""

    originator: str
    body: str
    recipients: tuple[str, ...]  # digits
    reference: str | None
    report_url: str
    datacoding: str


def digits(number: Any) -> str:
    """International digits: no plus, no 00, no separators."""
    return re.sub(r"\D", "", str(number)).removeprefix("00")


def take(network: Network, submission: Submission, *, message_id: str = "", blocked: bool = False) -> str:
    """Accept a request: the texts are on their way, journalled, and their reports planned. Gives the message id.

    Whoever is `blocked` gets nothing, and the reports say so.
    """
    store, message_id = network.store, message_id or uuid4().hex
    with store.writing():
        reached = _reached(store, submission.recipients)
        parts = parts_of(submission.body, submission.datacoding)
        store.write(
            "INSERT INTO messages VALUES (?, 'mt', ?, ?, ?, ?, ?, ?, ?)",
            message_id,
            submission.reference,
            submission.originator,
            as_received(submission.body, submission.datacoding),
            submission.datacoding,
            submission.report_url,
            parts,
            time.time(),
        )
        reports = switches.use(store, "reports", "late", "twice", "shuffled", "undelivered", "off")
        for phone, behaviour in reached:
            text_id = _text(store, message_id, submission.originator, phone, "to_phone", "sent")
            _plan(network, submission, text_id, phone, "opted_out" if blocked else behaviour, reports)
    store.journal([_entry(message_id, submission.reference, phone) for phone, _ in reached])
    return message_id


def _entry(message_id: str, reference: str | None, phone: str) -> dict[str, Any]:
    return {"id": message_id, "reference": reference, "recipient": phone}


def _reached(store: Store, recipients: tuple[str, ...]) -> list[tuple[str, str]]:
    reached = []
    for phone in dict.fromkeys(recipients):
        behaviour = switches.use(store, "phone", *BEHAVIOURS, phone=phone).value
        if behaviour == "refused":
            raise Refusal(9, "no (correct) recipients found", "recipients")
        if behaviour != "left_out":
            reached.append((phone, behaviour))
    return reached


def _plan(
    network: Network,
    submission: Submission,
    text_id: int,
    phone: str,
    behaviour: str,
    reports: switches.Setting,
) -> None:
    """Write down what will be reported about a text, and when."""
    listens = network.bird_webhook if submission.report_url == bird_messages.MARK else submission.report_url
    call = bool(submission.reference and listens and reports.value != "off")
    seed = f"{submission.reference}{phone}"
    moments = _moments(network, Random(seed), behaviour, reports) * (2 if reports.value == "twice" else 1)
    network.store.write_all(
        "INSERT INTO events (text_id, kind, status, reason, code, due_at, happened_at, call) "
        "VALUES (?, 'report', ?, ?, ?, ?, ?, ?)",
        [(text_id, status, reason, code, at, at, call) for at, status, reason, code in moments],
    )


def _moments(
    network: Network, random: Random, behaviour: str, reports: switches.Setting
) -> list[tuple[float, str, str, int | None]]:
    """(when, status, reason, code) of the first and the last thing that happens to a text."""
    soonest, latest = network.delivery_seconds
    first, last = time.time() + soonest / 10, time.time() + random.uniform(soonest, latest)
    if reports.value == "late":
        last += reports.seconds
    if reports.value == "shuffled":
        first, last = last, first
    reason, code = FAILURES.get(behaviour) or FAILURES.get(reports.value) or ("successfully delivered", 0)
    status = "delivery_failed" if code else "delivered"
    return [(first, "sent", "pending DLR", None), (last, status, reason, code)]


def reply(network: Network, *, phone: str, number: str, body: str, style: str = "query") -> str:
    """A person texts the site. `style` is how the site hears of it: query, form or json. Gives the message id."""
    store, message_id, now = network.store, uuid4().hex, time.time()
    by_bird = bird_messages.is_ours(store, phone=phone, number=number)
    style = "bird" if by_bird else style
    coding = coding_for(body, "auto")
    with store.writing():
        store.write(
            "INSERT INTO messages VALUES (?, 'mo', NULL, ?, ?, ?, '', ?, ?)",
            message_id,
            phone,
            body,
            coding,
            parts_of(body, coding),
            now,
        )
        text_id = _text(store, message_id, number, phone, "from_phone", "sending")
        store.write(
            "INSERT INTO events (text_id, kind, status, reason, due_at, happened_at, call) "
            "VALUES (?, 'inbound', 'delivered', ?, ?, ?, 1)",
            text_id,
            style,
            now,
            now,
        )
        if body.strip().upper() in COMING_BACK:
            switches.lift(store, phone, "opted_out")
        if by_bird and bird_messages.hear(store, originator=number, destination=phone, body=body):
            _tell_suppression(store, text_id, now)
    return message_id


def _tell_suppression(store: Store, text_id: int, now: float) -> None:
    store.write(
        "INSERT INTO events (text_id, kind, status, reason, due_at, happened_at, call) "
        "VALUES (?, 'suppression', 'delivered', 'bird', ?, ?, 1)",
        text_id,
        now,
        now,
    )


def opt_out(network: Network, *, phone: str, number: str, reason: str) -> None:
    """The carrier, or somebody in the dashboard, blocks what this number sends to this phone."""
    store, now = network.store, time.time()
    with store.writing():
        sql = "SELECT id FROM texts WHERE phone = ? AND number = ? ORDER BY id DESC LIMIT 1"
        bird_messages.suppress(store, originator=number, destination=phone, reason=reason)
        _tell_suppression(store, store.value(sql, phone, number), now)


def _text(store: Store, message_id: str, number: str, phone: str, direction: str, status: str) -> int:
    """One text, at the top of its phone's conversation."""
    now, unread = time.time(), int(direction == "to_phone")
    text_id = store.write(
        "INSERT INTO texts (message_id, phone, number, direction, status, status_at, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        message_id,
        phone,
        number,
        direction,
        status,
        now,
        now,
    )
    store.write(
        "INSERT INTO phones VALUES (?, ?, ?, ?) ON CONFLICT (number) DO UPDATE "
        "SET last_text = excluded.last_text, unread = unread + excluded.unread",
        phone,
        country_of(phone),
        text_id,
        unread,
    )
    return text_id


def latest_number(store: Store, phone: str) -> str:
    """The number that last texted this phone, "" if none did."""
    sql = "SELECT number FROM texts WHERE phone = ? AND direction = 'to_phone' ORDER BY id DESC LIMIT 1"
    return store.value(sql, phone) or ""
