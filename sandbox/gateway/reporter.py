"""The thread that lets texts arrive and calls the site: delivery reports, and what people reply.

What is due is kept in the store, so a restart goes on where it stopped, and a site that is down hears it later.
"""

import http.client
import json
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread, local
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.gateway import bird_messages, signing
from sandbox.gateway.messages import iso
from sandbox.gateway.prices import COUNTRIES, country_of, price_of
from sandbox.gateway.traffic import Network


AT_ONCE = 200
CALLERS = 8
PATIENCE = 10  # seconds for one call
GIVE_UP_AFTER = 5  # calls that the site refuses with 4xx
LONGEST_PAUSE = 8.0
NEVER = 9e12
DUE = """
SELECT events.id, events.kind, events.status, events.reason, events.code, events.happened_at, events.call,
       events.attempts, texts.id, texts.phone, texts.number, messages.id, messages.reference, messages.body,
       messages.report_url, messages.parts, messages.datacoding
FROM events JOIN texts ON texts.id = events.text_id JOIN messages ON messages.id = texts.message_id
WHERE events.due_at <= ? ORDER BY events.due_at, events.id LIMIT ?
"""
RANK = {"sent": 1, "delivered": 2, "delivery_failed": 2, "expired": 2}


@dataclass(frozen=True)
class Due:
    """One event whose time has come."""

    id: int
    kind: str
    status: str
    reason: str
    code: int | None
    happened_at: float
    call: int
    attempts: int
    text_id: int
    phone: str
    number: str
    message_id: str
    reference: str | None
    body: str
    report_url: str
    parts: int
    datacoding: str


class Reporter(Thread):
    def __init__(self, network: Network):
        super().__init__(name="reporter", daemon=True)
        self.network = network
        self.stopping = Event()
        self._lines = local()
        self._pool = ThreadPoolExecutor(CALLERS, "caller")

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                is_idle = not self.work()
            except Exception:  # noqa: BLE001 a network whose reports end for good would tell nobody why
                traceback.print_exc()
                is_idle = True
            if is_idle:
                self.stopping.wait(0.05)
        self._pool.shutdown()

    def stop(self) -> None:
        self.stopping.set()

    def work(self) -> int:
        """Do what is due; how many events that was."""
        rows = [Due(*row) for row in self.network.store.rows(DUE, time.time(), AT_ONCE)]
        # The calls of one round overtake each other, so a text has one of them at a time.
        due = list({event.text_id: event for event in reversed(rows)}.values())
        if not due:
            return 0
        self._arrive([event for event in due if event.kind == "report" and not event.attempts])
        calls = [event for event in due if event.call]
        answers = list(self._pool.map(self._call, calls))
        with self.network.store.writing():
            for event in due:
                if not event.call:
                    self.network.store.write("DELETE FROM events WHERE id = ?", event.id)
            for event, problem in zip(calls, answers, strict=True):
                self._conclude(event, problem)
        return len(due)

    def _arrive(self, events: list[Due]) -> None:
        """Move the texts on, never back."""
        with self.network.store.writing():
            for event in events:
                current = self.network.store.value("SELECT status FROM texts WHERE id = ?", event.text_id)
                if RANK.get(event.status, 1) >= RANK.get(current, 0) and current != "delivered":
                    self.network.store.write(
                        "UPDATE texts SET status = ?, status_at = ?, reason = ?, code = ? WHERE id = ?",
                        event.status,
                        event.happened_at,
                        event.reason,
                        event.code,
                        event.text_id,
                    )

    def _conclude(self, event: Due, problem: str) -> None:
        store = self.network.store
        if not problem:
            store.write("DELETE FROM events WHERE id = ?", event.id)
            if event.kind == "inbound":
                at = time.time()
                store.write("UPDATE texts SET status = 'delivered', status_at = ? WHERE id = ?", at, event.text_id)
            return
        refused = problem.startswith("4") and event.attempts + 1 >= GIVE_UP_AFTER
        pause = min(0.25 * 2**event.attempts, LONGEST_PAUSE)
        store.write(
            "UPDATE events SET attempts = attempts + 1, due_at = ?, problem = ? WHERE id = ?",
            NEVER if refused else time.time() + pause,
            problem,
            event.id,
        )

    def _call(self, event: Due) -> str:
        """Call the site about an event: "" if it took it, or what was wrong."""
        try:
            status = self._request(event)
        except bird_messages.Forgotten:
            return ""
        except (OSError, http.client.HTTPException, ValueError):
            return "no answer"
        return "" if 200 <= status < 300 else str(status)

    def _request(self, event: Due) -> int:
        if bird_messages.MARK in (event.report_url, f"{event.reason}:"):
            return self._tell_bird(event)
        if event.kind == "report":
            return self._exchange("GET", with_query(event.report_url, report_fields(event)), b"", "")
        fields, url = inbound_fields(event), self.network.site_url
        if event.reason == "form":
            return self._exchange("POST", url, urlencode(fields).encode(), "application/x-www-form-urlencoded")
        if event.reason == "json":
            return self._exchange("POST", url, http_json(fields), "application/json")
        return self._exchange("GET", with_query(url, fields), b"", "")

    def _tell_bird(self, event: Due) -> int:
        body = bird_messages.event(self.network.store, event)
        headers = bird_messages.signed(self.network.bird_secret, body, event_id=f"msg_{event.id}")
        return self._exchange("POST", self.network.bird_webhook, body, "application/json", headers=headers)

    def _exchange(
        self, method: str, url: str, body: bytes, content_type: str, *, headers: dict[str, str] | None = None
    ) -> int:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("only http addresses of this computer can be called")
        headers = headers or {signing.HEADER: signing.signature(self.network.signing_key, url, body)}
        if content_type:
            headers["Content-Type"] = content_type
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        line = self._line(parts.netloc)
        try:
            line.request(method, target, body or None, headers)
            response = line.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            line.close()
            raise

    def _line(self, netloc: str) -> http.client.HTTPConnection:
        lines = self._lines.__dict__.setdefault("open", {})
        if netloc not in lines:
            lines[netloc] = http.client.HTTPConnection(netloc, timeout=PATIENCE)
        return lines[netloc]


def with_query(url: str, fields: dict[str, Any]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(fields)}"


def http_json(fields: dict[str, Any]) -> bytes:

    return json.dumps(fields).encode()


def report_fields(event: Due) -> dict[str, Any]:
    country = country_of(event.phone)
    fields = {
        "id": event.message_id,
        "reference": event.reference,
        "recipient": event.phone,
        "status": event.status,
        "statusDatetime": iso(event.happened_at),
        "statusReason": event.reason,
        "mccmnc": COUNTRIES.get(country, ("", "", "000", None))[2] + "01",
        "ported": 0,
        "messageLength": len(event.body),
        "messagePartCount": event.parts,
        "datacoding": event.datacoding,
        "price[amount]": price_of(country),
        "price[currency]": "USD",
    }
    return fields | ({"statusErrorCode": event.code} if event.code is not None else {})


def inbound_fields(event: Due) -> dict[str, Any]:
    return {
        "id": event.message_id,
        "recipient": event.number,
        "originator": event.phone,
        "body": event.body,
        "createdDatetime": iso(event.happened_at),
    }
