"""Answers that a test tells the network to give, for whatever no switch on the handset page does."""

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.gateway.store import Store
from sandbox.gateway.web import Response


NAME = "told"


@dataclass(frozen=True)
class Told:
    """Give this answer to requests of `method`: after taking what they bring (`taken`) or without looking at it."""

    status: int
    content: Any = None  # becomes JSON
    text: str = ""  # instead of content; as a web page
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    method: str = "POST"
    taken: bool = False

    def response(self) -> Response:
        if self.content is None:
            return Response(self.status, self.text.encode(), "text/html; charset=utf-8", self.headers, self.fault)
        return Response(self.status, json.dumps(self.content).encode(), headers=self.headers, fault=self.fault)


def tell(store: Store, *, times: int | None = None, **answer: Any) -> None:
    """The next `times` answers, or all; TypeError for a field that isn't one."""
    Told(**answer)
    store.write("DELETE FROM switches WHERE name = ?", NAME)
    store.write("INSERT INTO switches VALUES (?, '', ?, 0, ?)", NAME, json.dumps(answer), times)


def use(store: Store, method: str, *, taken: bool) -> Response | None:
    """The answer that was told for such a request, counted down."""
    with store.writing():
        row = store.row("SELECT value, remaining FROM switches WHERE name = ?", NAME)
        told = Told(**json.loads(row[0])) if row else None
        if told is None or (told.method, told.taken) != (method, taken):
            return None
        if row[1] is not None:
            store.write("UPDATE switches SET remaining = remaining - 1 WHERE name = ?", NAME)
            store.write("DELETE FROM switches WHERE name = ? AND remaining <= 0", NAME)
    return told.response()
