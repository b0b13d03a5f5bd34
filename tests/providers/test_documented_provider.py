"""The provider of docs/how-to/add-a-provider.md, taken from the page, keeps the contract, and the page's promises."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from wagtail_sms.exceptions import ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.providers.base import OutboundBatch, Outcome


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-provider.md"
THE_CLASS, THE_TESTS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
scope = {"__name__": __name__}
exec(compile(THE_CLASS, "the class in add-a-provider.md", "exec"), scope)
exec(compile(THE_TESTS, "the tests in add-a-provider.md", "exec"), scope)
TestPigeon = scope["TestPigeon"]
A = "+33612345678"


class Pigeon(ThreadingHTTPServer):
    """The imaginary company: `answers` are (status, headers, body) for the next requests, `texts` what it took."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.refused, self.loses_answers, self.answers, self.texts = set(), 0, [], []

    def take(self, content):
        texts = []
        for number in content["to"]:
            refused = number in self.refused
            texts.append({"to": number, "id": None if refused else f"p{len(self.texts)}", "problem": "nobody there"})
            self.texts += [] if refused else [number]
        return json.dumps({"texts": texts}).encode()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, headers, body = self.server.answers.pop(0) if self.server.answers else (200, {}, None)
        body = self.server.take(content) if body is None else body
        if self.server.loses_answers:
            self.server.loses_answers -= 1
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def pigeon():
    server = Pigeon()
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def provider(pigeon):
    return scope["PigeonProvider"]("default", {"TOKEN": "t", "SECRET": "s", "URL": pigeon.url})


def batch():
    return OutboundBatch("reference-1", "+12015550100", "Hello", "GSM-7", (A,))


@pytest.mark.parametrize(
    "answer, error",
    [
        ((429, {"Retry-After": "7"}, b""), ProviderUnavailable),
        ((402, {}, b""), ProviderOutOfFunds),
        ((401, {}, b""), ProviderConfigurationError),
        ((404, {}, b"<h1>"), ProviderConfigurationError),
    ],
)
def test_errors_say_that_nothing_was_sent(pigeon, provider, answer, error):
    pigeon.answers.append(answer)
    with pytest.raises(error) as caught:
        provider.send(batch())
    assert getattr(caught.value, "retry_after", None) in (7, None)


@pytest.mark.parametrize("status, body", [(500, b""), (302, b""), (200, b"<h1>"), (200, b"{}"), (200, b"[]")])
def test_whatever_may_have_arrived_is_uncertain(pigeon, provider, status, body):
    pigeon.answers.append((status, {}, body))
    assert [result.outcome for result in provider.send(batch())] == [Outcome.UNCERTAIN]


def test_the_class_is_about_sixty_lines():
    lines = [line for line in THE_CLASS.splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(lines) <= 66
