"""A peer on loopback that answers with exactly the bytes a test wants, for answers the gateway never gives."""

import json
import socket
from contextlib import contextmanager
from threading import Thread


def answer(status, content="", *, headers=""):
    """The bytes of an HTTP answer; content may be text or something for JSON."""
    body = (content if isinstance(content, str) else json.dumps(content)).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def error(code, parameter=None, description="no"):
    return {"errors": [{"code": code, "description": description, "parameter": parameter}]}


class Peer:
    """`requests` are the raw requests it received; `lines` counts the connections."""

    def __init__(self, answers, *, keep_alive):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests, self.lines, self._answers, self._keep_alive = [], 0, list(answers), keep_alive

    def run(self):
        while self._answers:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.lines += 1
            with line:
                self._serve(line)

    def _serve(self, line):
        while self._answers:
            request = _read(line)
            if not request:
                return
            self.requests.append(request)
            line.sendall(self._last_words(self._answers.pop(0)))
            if not self._keep_alive:
                return

    def _last_words(self, reply):
        return reply if self._keep_alive else reply.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

    def close(self):
        self._socket.close()


def _read(line):
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = line.recv(65536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def peer(*answers, keep_alive=False):
    server = Peer(answers, keep_alive=keep_alive)
    Thread(target=server.run, daemon=True).start()
    try:
        yield server
    finally:
        server.close()
