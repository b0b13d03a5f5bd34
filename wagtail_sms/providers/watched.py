"""Lines to a provider, kept open, that note when the first byte of a request leaves.

From the class of an error alone, a broken TLS handshake and a broken answer look the same. One sent nothing, the
other may have sent fifty texts. Python's own HTTP client is enough for that, and takes half the time of `requests`:
what the pool of a sending process costs is what limits it.
"""

import ssl
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection, InvalidURL
from select import POLLIN, poll
from threading import local
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

import certifi


#: Per thread: whether the request that it makes has left. The maker of the request sets it to False before.
progress = local()
#: Routers forget silent lines without a word; a request into such a line is lost, and nobody can tell.
SILENCE_SECONDS = 20.0


class Response(NamedTuple):
    """An answer that was read to its end."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Watched:
    read_timeout = None
    last_used = float("inf")

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self.read_timeout)

    def send(self, data: bytes) -> None:
        if self.sock is None:
            self.connect()
        progress.request_left = True
        self.last_used = monotonic()
        super().send(data)

    def is_usable(self) -> bool:
        """Whether a request may be made on it: nobody has hung up, and nothing is left over from before."""
        if self.sock is None:
            return True
        look = poll()
        look.register(self.sock, POLLIN)
        return monotonic() - self.last_used <= SILENCE_SECONDS and not look.poll(0)


class _HTTPLine(_Watched, HTTPConnection):
    pass


class _HTTPSLine(_Watched, HTTPSConnection):
    pass


class Pool:
    """Lines to the host of one address, for all threads. Reads neither proxies nor ~/.netrc, and takes no cookies.

    `timeout` is for connecting and for each wait for a byte, in seconds; `size` lines are kept while nobody uses them.
    """

    def __init__(self, address: str, *, timeout: tuple[float, float], size: int):
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidURL(f"{address!r} is not the address of a web service.")
        self._host, self._port, self._timeout = parts.hostname, parts.port, timeout
        self._tls = ssl.create_default_context(cafile=certifi.where()) if parts.scheme == "https" else None
        self._size, self._idle = size, deque()

    def exchange(self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """One request, made once and followed nowhere; raises OSError or http.client.HTTPException."""
        line = self._take()
        try:
            line.request(method, path, body=body, headers=headers)
            answer = line.getresponse()
            response = Response(answer.status, answer.headers, answer.read())
        except BaseException:
            line.close()
            raise
        self._put_back(line)
        return response

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> HTTPConnection:
        try:
            line = self._idle.pop()
        except IndexError:
            return self._new()
        if not line.is_usable():
            line.close()
        return line

    def _new(self) -> HTTPConnection:
        connect, read = self._timeout
        if self._tls is None:
            line = _HTTPLine(self._host, self._port, timeout=connect)
        else:
            line = _HTTPSLine(self._host, self._port, timeout=connect, context=self._tls)
        line.read_timeout = read
        return line

    def _put_back(self, line: HTTPConnection) -> None:
        if len(self._idle) < self._size:
            self._idle.append(line)
        else:
            line.close()
