"""Texts going through the network: taking them, letting them arrive, and sending replies to the site."""

import re
import time
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

from sandbox.gateway import switches
from sandbox.gateway.prices import country_of
from sandbox.gateway.store import Store


GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = set("^{}\\[]~|€")
MAX_PARTS = 9
BEHAVIOURS = ("refused", "left_out", "unreachable", "opted_out")
FAILURES = {
    "unreachable": ("unavailable subscriber", 27),
    "opted_out": ("opted out", 103),
    "undelivered": ("generic delivery failure", 1),
}


@dataclass(frozen=True)
class Network:
    """What every part of the gateway shares. `delivery_seconds` is the span in which a text arrives."""

    store: Store
    access_key: str
    signing_key: str
    inbound_url: str = ""
    delivery_seconds: tuple[float, float] = (1.0, 3.0)

    @property
    def site_url(self) -> str:
        """Where texts to the site go."""
        return self.store.fact("inbound_url", self.inbound_url)


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


def parts_of(body: str, datacoding: str) -> int:
    """Segments by GSM 03.38 and UCS-2."""
    if datacoding == "plain":
        units = sum(2 if character in GSM_EXTENSION else 1 for character in body)
        return 1 if units <= 160 else -(-units // 153)
    units = len(body.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else -(-units // 67)


def coding_for(body: str, asked: str) -> str:
    if asked == "auto":
        return "plain" if set(body) <= GSM | GSM_EXTENSION else "unicode"
    return asked


def as_received(body: str, datacoding: str) -> str:
    """What a phone shows: GSM 03.38 has no other characters, so they get lost."""
    if datacoding != "plain":
        return body
    return "".join(character if character in GSM | GSM_EXTENSION else "?" for character in body)


def digits(number: Any) -> str:
    """International digits: no plus, no 00, no separators."""
    return re.sub(r"\D", "", str(number)).removeprefix("00")


def take(network: Network, submission: Submission) -> str:
    """Accept a request: the texts are on their way, journalled, and their reports planned. Gives the message id."""
    store, message_id = network.store, uuid4().hex
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
            text_id = _to_phone(store, message_id, submission.originator, phone)
            _plan(network, submission, text_id, phone, behaviour, reports)
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


def _to_phone(store: Store, message_id: str, number: str, phone: str) -> int:
    now = time.time()
    text_id = store.write(
        "INSERT INTO texts (message_id, phone, number, direction, status, status_at, created_at) "
        "VALUES (?, ?, ?, 'to_phone', 'sent', ?, ?)",
        message_id,
        phone,
        number,
        now,
        now,
    )
    store.write(
        "INSERT INTO phones VALUES (?, ?, ?, 1) ON CONFLICT (number) DO UPDATE "
        "SET last_text = excluded.last_text, unread = unread + 1",
        phone,
        country_of(phone),
        text_id,
    )
    return text_id


def _plan(
    network: Network,
    submission: Submission,
    text_id: int,
    phone: str,
    behaviour: str,
    reports: switches.Setting,
) -> None:
    """Write down what will be reported about a text, and when."""
    now, (soonest, latest) = time.time(), network.delivery_seconds
    sent_at = now + soonest / 10
    end_at = now + Random(f"{submission.reference}{phone}").uniform(soonest, latest)
    if reports.value == "late":
        end_at += reports.seconds
    reason, code = FAILURES.get(behaviour) or FAILURES.get(reports.value) or ("successfully delivered", 0)
    end = ("delivery_failed" if code else "delivered", reason, code)
    moments = [(sent_at, "sent", "pending DLR", None), (end_at, *end)]
    if reports.value == "shuffled":
        moments = [(end_at, "sent", "pending DLR", None), (sent_at, *end)]
    call = bool(submission.reference and submission.report_url and reports.value != "off")
    copies = 2 if reports.value == "twice" else 1
    network.store.write_all(
        "INSERT INTO events (text_id, kind, status, reason, code, due_at, happened_at, call) "
        "VALUES (?, 'report', ?, ?, ?, ?, ?, ?)",
        [(text_id, status, why, number, at, at, call) for at, status, why, number in moments for _ in range(copies)],
    )


def reply(network: Network, *, phone: str, number: str, body: str, style: str = "query") -> str:
    """A person texts the site. `style` is how the site hears of it: query, form or json. Gives the message id."""
    store, message_id, now = network.store, uuid4().hex, time.time()
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
        text_id = store.write(
            "INSERT INTO texts (message_id, phone, number, direction, status, status_at, created_at) "
            "VALUES (?, ?, ?, 'from_phone', 'sending', ?, ?)",
            message_id,
            phone,
            number,
            now,
            now,
        )
        store.write(
            "INSERT INTO phones VALUES (?, ?, ?, 0) ON CONFLICT (number) DO UPDATE SET last_text = excluded.last_text",
            phone,
            country_of(phone),
            text_id,
        )
        store.write(
            "INSERT INTO events (text_id, kind, status, reason, due_at, happened_at, call) "
            "VALUES (?, 'inbound', 'delivered', ?, ?, ?, 1)",
            text_id,
            style,
            now,
            now,
        )
    return message_id


def latest_number(store: Store, phone: str) -> str:
    """The number that last texted this phone, "" if none did."""
    sql = "SELECT number FROM texts WHERE phone = ? AND direction = 'to_phone' ORDER BY id DESC LIMIT 1"
    return store.value(sql, phone) or ""
