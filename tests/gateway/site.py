"""A site that the gateway can call: it remembers each call and answers as told."""

from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from django.test import RequestFactory


@dataclass(frozen=True)
class Call:
    method: str
    address: str
    headers: dict
    body: bytes

    def request(self):
        """The same call as Django would see it."""
        return RequestFactory().generic(
            self.method,
            self.address,
            self.body,
            content_type=self.headers.get("Content-Type", ""),
            headers={
                name: value for name, value in self.headers.items() if name.startswith(("MessageBird", "webhook-"))
            },
        )


class Site:
    """`answers` are statuses for the next calls; after them 200."""

    def __init__(self, port=0):
        self.calls, self.answers, self._lock = [], [], Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def _take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status = site.take(Call(self.command, self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _take

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, call):
        with self._lock:
            status = self.answers.pop(0) if self.answers else 200
            if status == 200:
                self.calls.append(call)
            return status

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_site(port=0):
    site = Site(port)
    try:
        yield site
    finally:
        site.close()
