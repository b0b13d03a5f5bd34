"""A request and a response, as the parts of the gateway see them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    def param(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        value = self.param(name)
        return int(value) if value.isdecimal() else default

    def content(self) -> dict[str, Any]:
        """The fields of a JSON or form body; {} if it can't be read."""
        if "json" in self.headers.get("content-type", ""):
            try:
                found = json.loads(self.body or b"{}")
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


@dataclass(frozen=True)
class Response:
    """`fault` makes the server misbehave while it answers: "lost", "cut" or ""."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    wait: float = 0.0


def as_json(content: Any, status: int = 200, **more: Any) -> Response:
    return Response(status, json.dumps(content).encode(), **more)


def as_html(markup: str, status: int = 200, **more: Any) -> Response:
    return Response(status, markup.encode(), "text/html; charset=utf-8", **more)


def see_other(location: str) -> Response:
    return Response(303, content_type="text/plain", headers={"Location": location})
