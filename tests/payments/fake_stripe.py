"""A Stripe that speaks HTTP over loopback: the few endpoints we use, with its idempotency, and its signed events."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from wagtail_sms.payments.stripe_events import REFERENCE


class FakeStripe:
    """Sessions, payments, charges and disputes of one account, and everything that was asked of it."""

    def __init__(self):
        self.sessions, self.payments, self.disputes = {}, {}, {}
        self.requests, self.answers, self.failures = [], {}, []
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # What a buyer, a bank and the operator do.

    def pay(self, session_id: str) -> dict:
        session = self.sessions[session_id]
        payment = self._payment(session, status="succeeded")
        payment["latest_charge"]["receipt_url"] = f"https://pay.example/receipts/{payment['id']}"
        session |= {"status": "complete", "payment_status": "paid", "url": None}
        return session

    def pay_later(self, session_id: str) -> dict:
        """With a method that takes days."""
        session = self.sessions[session_id]
        self._payment(session, status="processing")
        session |= {"status": "complete", "payment_status": "unpaid", "url": None}
        return session

    def fail_later(self, session_id: str, message: str) -> dict:
        session = self.sessions[session_id]
        payment = self.payments[session["payment_intent"]]
        payment |= {"status": "requires_payment_method", "last_payment_error": {"message": message}}
        return session

    def expire(self, session_id: str) -> dict:
        self.sessions[session_id] |= {"status": "expired", "url": None}
        return self.sessions[session_id]

    def refund(self, session_id: str, cents: int) -> dict:
        charge = self.payments[self.sessions[session_id]["payment_intent"]]["latest_charge"]
        charge["amount_refunded"] += cents
        return charge

    def dispute(self, session_id: str, status: str = "needs_response", *, cents: int | None = None) -> dict:
        session = self.sessions[session_id]
        dispute = {
            "id": f"dp_{session_id}",
            "object": "dispute",
            "amount": session["amount_total"] if cents is None else cents,
            "currency": session["currency"],
            "reason": "fraudulent",
            "status": status,
            "metadata": {},
            "payment_intent": session["payment_intent"],
        }
        self.disputes[dispute["id"]] = dispute
        return dispute

    def _payment(self, session: dict, *, status: str) -> dict:
        payment_id = f"pi_{session['id']}"
        charge = {
            "id": f"ch_{session['id']}",
            "object": "charge",
            "amount": session["amount_total"],
            "amount_refunded": 0,
            "currency": session["currency"],
            "metadata": dict(session["payment_metadata"]),
            "payment_intent": payment_id,
            "receipt_url": None,
        }
        self.payments[payment_id] = {
            "id": payment_id,
            "object": "payment_intent",
            "status": status,
            "metadata": dict(session["payment_metadata"]),
            "last_payment_error": None,
            "latest_charge": charge,
        }
        session["payment_intent"] = payment_id
        return self.payments[payment_id]

    # What the package asks.

    def fail(self, how: str, times: int = 1) -> None:
        """The next requests: "before" (cut before they are read), "after" (done, and the answer lost), or a status."""
        self.failures += [how] * times

    def asked(self, method: str, path: str) -> list[dict]:
        return [entry for entry in self.requests if (entry["method"], entry["path"]) == (method, path)]

    def answer(self, method: str, path: str, fields: dict, headers) -> tuple[int, dict]:
        with self.lock:
            entry = {"method": method, "path": path, "fields": fields, "headers": dict(headers)}
            self.requests.append(entry)
            key = headers.get("Idempotency-Key")
            if method == "POST" and key in self.answers:
                before, answered = self.answers[key]
                return answered if before == (path, fields) else _error(400, "idempotency_error", "idempotency_error")
            answered = self._work(method, path.removeprefix("/v1/"), fields)
            if method == "POST" and key and answered[0] == 200:
                self.answers[key] = (path, fields), answered
            return answered

    def _work(self, method: str, path: str, fields: dict) -> tuple[int, dict]:
        kind, _slash, rest = path.removeprefix("checkout/").partition("/")
        if (method, path) == ("POST", "checkout/sessions"):
            return self._create(fields)
        if method == "POST" and kind == "sessions" and rest.endswith("/expire"):
            session = self.sessions.get(rest.removesuffix("/expire"))
            if session is None or session["status"] != "open":
                return _error(400, "invalid_request_error", "resource_missing" if session is None else "")
            return 200, self.expire(session["id"])
        found = getattr(self, {"payment_intents": "payments"}.get(kind, kind), {}).get(rest)
        if method != "GET" or found is None:
            return _error(404, "invalid_request_error", "resource_missing")
        return 200, self._expanded(found, [value for name, value in fields.items() if name.startswith("expand")])

    def _create(self, fields: dict) -> tuple[int, dict]:
        item = "line_items[0]"
        quantity, unit = int(fields[f"{item}[quantity]"]), int(fields[f"{item}[price_data][unit_amount]"])
        if quantity * unit < 50:
            return _error(400, "invalid_request_error", "amount_too_small")
        number = len(self.sessions) + 1
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": quantity * unit,
            "currency": fields[f"{item}[price_data][currency]"],
            "client_reference_id": fields["client_reference_id"],
            "metadata": {REFERENCE: fields[f"metadata[{REFERENCE}]"]},
            "payment_metadata": {REFERENCE: fields[f"payment_intent_data[metadata][{REFERENCE}]"]},
            "payment_intent": None,
            "url": f"https://checkout.example/c/pay/cs_test_{number}",
        }
        self.sessions[session["id"]] = session
        return 200, dict(session)

    def _expanded(self, found: dict, paths: list[str]) -> dict:
        shown = json.loads(json.dumps(found))
        if any(path.startswith("payment_intent") for path in paths) and shown.get("payment_intent"):
            shown["payment_intent"] = json.loads(json.dumps(self.payments[shown["payment_intent"]]))
            if not any("latest_charge" in path for path in paths):
                shown["payment_intent"]["latest_charge"] = shown["payment_intent"]["latest_charge"]["id"]
        return shown

    def _handler(fake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                self.handle_one("GET")

            def do_POST(self):
                self.handle_one("POST")

            def handle_one(self, method):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                where = urlsplit(self.path)
                failure = fake.failures.pop(0) if fake.failures else None
                if failure == "before":
                    return self.cut()
                if isinstance(failure, int):
                    return self.say(*_error(failure, *FAILURES.get(failure, ("api_error", ""))))
                fields = dict(parse_qsl(where.query) + parse_qsl(body, keep_blank_values=True))
                status, content = fake.answer(method, where.path, fields, self.headers)
                if failure == "after":
                    return self.cut()
                self.say(status, content)

            def cut(self):
                self.close_connection = True

            def say(self, status, content):
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Request-Id", "req_1")
                # Stripe says itself what is worth another try, and its package would pause before that.
                self.send_header("Stripe-Should-Retry", "false")
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(data)

        return Handler


#: The first request with this key is still being worked on.
FAILURES = {409: ("idempotency_error", "idempotency_key_in_use")}


def _error(status: int, kind: str, code: str) -> tuple[int, dict]:
    return status, {"error": {"type": kind, "code": code or None, "message": f"{kind} {code}"}}


def event(kind: str, about: dict, *, event_id: str = "", livemode: bool = False) -> dict:
    """An event as Stripe sends it."""
    about = {name: value for name, value in about.items() if name != "payment_metadata"}
    return {
        "id": event_id or f"evt_{kind}_{about['id']}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": livemode,
        "type": kind,
        "data": {"object": about},
    }
