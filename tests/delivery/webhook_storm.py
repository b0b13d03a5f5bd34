"""Webhook calls as MessageBird makes them, and as somebody makes them who wants to do harm."""

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sandbox.gateway.signing import HEADER, signature
from tests.factories import SENDER


KEY, OTHER_KEY = "k" * 40, "o" * 40
HOST = "http://testserver"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
#: Best last; of equal ones the first that happened stays.
RANKS = {"sent": 1, "buffered": 1, "delivery_failed": 2, "expired": 2, "delivered": 3}


@dataclass(frozen=True)
class Call:
    """One call, not yet signed. `signed` is what its signature covers, if that is something else than itself."""

    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    key: str = KEY
    age: float = 0
    signed: tuple[str, bytes] | None = None
    header: str | None = None

    @property
    def address(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")

    def token(self, now: float) -> str:
        address, body = self.signed or (self.address, self.body)
        return signature(self.key, HOST + address, body, now=now - self.age) if self.header is None else self.header

    def overheard(self, now: float) -> "Call":
        """The same call down to its signature, as whoever overheard it makes it once more."""
        return replace(self, header=self.token(now))

    def make(self, client, now: float) -> int:
        """Make it; returns the status of the answer."""
        headers = {HEADER: self.token(now)} if self.header != "" else {}
        if self.body:
            return client.post(self.address, self.body, content_type=self.content_type, headers=headers).status_code
        return client.get(self.address, headers=headers).status_code


@dataclass
class Story:
    """What happened to each person: the reports about their text, and what they texted, with the moments of both."""

    dice: random.Random
    token: str
    reports: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def tell(self, number: str, reference: str, *, since: datetime) -> None:
        words = [self.dice.choice(list(RANKS)) for _ in range(self.dice.randint(0, 3))]
        for place, word in enumerate(words):
            self.calls.append(self.report(number, reference, word, since + timedelta(seconds=place)))
        said = [self.dice.choice(["STOP", "START"]) for _ in range(self.dice.choice([0, 0, 1, 2, 3]))]
        for place, word in enumerate(said):
            self.calls.append(self.text(number, word, since + timedelta(seconds=60 + place)))
        self.reports[number], self.texts[number] = words, said

    def report(self, number: str, reference: str, word: str, at: datetime) -> Call:
        fields = {
            "id": reference[:20],
            "reference": reference,
            "recipient": number.removeprefix("+"),
            "status": word,
            "statusDatetime": at.isoformat(timespec="seconds"),
        }
        return self._in_some_shape("reports", fields)

    def text(self, number: str, word: str, at: datetime) -> Call:
        fields = {
            "id": f"mo-{number}-{at.timestamp()}",
            "originator": number.removeprefix("+"),
            "recipient": SENDER.removeprefix("+"),
            "body": word,
            "createdDatetime": at.isoformat(timespec="seconds"),
        }
        return self._in_some_shape("inbound", fields)

    def _in_some_shape(self, direction: str, fields: dict[str, str]) -> Call:
        path = f"/sms/hooks/default/{self.token}/{direction}/"
        shape = self.dice.choice(["query", "form", "json"])
        if shape == "query":
            # MessageBird leaves the plus of a time zone as it is.
            return Call(path, query=urlencode(fields, safe="+:"))
        if shape == "form":
            return Call(path, body=urlencode(fields).encode(), content_type=FORM)
        return Call(path, body=json.dumps(fields).encode(), content_type=JSON)

    def forged(self, call: Call) -> Call:
        """The same call, spoilt in a way that its signature shows."""
        ways = [
            lambda: replace(call, header=""),
            lambda: replace(call, header=self.dice.choice(["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "." * 3000])),
            lambda: replace(call, key=OTHER_KEY),
            lambda: replace(call, age=3600),
            lambda: replace(call, age=-3600),
            lambda: replace(call, signed=("/elsewhere/", call.body)),
            lambda: replace(call, path=call.path.replace(self.token, "0" * len(self.token))),
            lambda: replace(call, path=call.path.replace("/default/", "/nobody/")),
            lambda: self._spoilt(call),
            lambda: replace(call, body=call.body + b" " * 65_600, content_type=call.content_type or FORM),
        ]
        return self.dice.choice(ways)()

    def _spoilt(self, call: Call) -> Call:
        """A byte of it is another one, and the signature is that of the call as it was."""
        signed = (call.address, call.body)
        if call.body:
            place = self.dice.randrange(len(call.body))
            other = bytes([call.body[place] ^ (1 << self.dice.randrange(7))])
            return replace(call, body=call.body[:place] + other + call.body[place + 1 :], signed=signed)
        place = self.dice.randrange(len(call.query))
        other = self.dice.choice([letter for letter in "0a%&=+" if letter != call.query[place]])
        return replace(call, query=call.query[:place] + other + call.query[place + 1 :], signed=signed)

    def nonsense(self) -> Call:
        """Signed by the right key, so it comes from MessageBird; but nothing that anybody could use."""
        path = f"/sms/hooks/default/{self.token}/{self.dice.choice(['reports', 'inbound'])}/"
        bodies = [b"{", b"[1]", b"null", b'"x"', b"\xff\xfe", b"[" * 9000, b"{}", b'{"recipient": null}', b"[[]]"]
        if self.dice.random() < 0.7:
            return Call(path, body=self.dice.choice(bodies), content_type=JSON)
        return Call(path, query=self.dice.choice(["", "a=%00", "recipient=", "status=sent", "body=STOP"]))


def best(words: list[str]) -> str | None:
    """What the reports about one text come to, in whatever order they arrive."""
    return max(words, key=RANKS.get, default=None)


def minutes_ago(minutes: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)
