"""The HTTP server of the network: HTTP/1.1 with keep-alive, a thread per line."""

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.gateway import bird, control, handset, rest
from sandbox.gateway.traffic import Network
from sandbox.gateway.web import Request, Response, see_other


LONGEST_BODY = 1_000_000


class Gateway(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], network: Network):
        self.network = network
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "LocalTelephoneNetwork"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75
    server: Gateway

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the pages show everything there is to see."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            self._answer(Response(413))
            return
        parts = urlsplit(self.path)
        request = Request(
            "GET" if self.command == "HEAD" else self.command,
            unquote(parts.path),
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self._answer(route(self.server.network, request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _answer(self, response: Response) -> None:
        if response.wait:
            time.sleep(response.wait)
        if response.fault == "lost":
            self._hang_up()
            return
        self.send_response(response.status)
        if response.status != 204:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if response.fault == "cut":
            self.wfile.write(response.body[: len(response.body) // 2])
            self.wfile.flush()
            self._hang_up()
        elif self.command != "HEAD":
            self.wfile.write(response.body)

    def _hang_up(self) -> None:
        """Reset the line, as a crash would."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def route(network: Network, request: Request) -> Response:
    first = request.path.strip("/").split("/")[0]
    if not first:
        return see_other("/gateway/")
    if request.path.startswith("/v1/sms/"):
        return bird.answer(network, request)
    parts = {"gateway": handset.answer, "control": control.answer}
    return parts.get(first, rest.answer)(network, request)
