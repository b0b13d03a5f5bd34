"""Connections that note when the first byte of a request leaves, for `requests`.

From the class of an error alone, a broken TLS handshake and a broken answer look the same. One sent nothing, the
other may have sent fifty texts.
"""

from threading import local
from time import monotonic
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


#: Per thread: whether the request that it makes has left. The maker of the request sets it to False before.
progress = local()
#: Routers forget silent lines without a word; a request into such a line is lost, and nobody can tell.
SILENCE_SECONDS = 20.0


class _Watched:
    last_used = float("inf")

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        progress.request_left = True
        self.last_used = monotonic()
        super().send(data)


class _WatchedPool:
    def _get_conn(self, timeout: float | None = None) -> Any:
        line = super()._get_conn(timeout)
        if monotonic() - line.last_used > SILENCE_SECONDS:
            line.close()
        return line


class _HTTPConnection(_Watched, HTTPConnection):
    pass


class _HTTPSConnection(_Watched, HTTPSConnection):
    pass


class _HTTPPool(_WatchedPool, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(_WatchedPool, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class WatchedAdapter(HTTPAdapter):
    """For `Session.mount`. It has no proxies: a line through one would go unwatched."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
