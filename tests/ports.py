"""Ports for what a test starts, out of the way of those that the system lends to outgoing connections."""

import os
import socket
from contextlib import ExitStack, suppress
from itertools import count


LOWEST, PAIRS = 12_000, 8_000
_asked = count(os.getpid() * 37)


def two_free_ports() -> int:
    """The first of two neighbours that nobody listens at, and that no other test of this process was given."""
    for _attempt in range(PAIRS):
        port = LOWEST + 2 * (next(_asked) % PAIRS)
        with ExitStack() as taken, suppress(OSError):
            for one in (port, port + 1):
                taken.enter_context(socket.socket()).bind(("127.0.0.1", one))
            return port
    raise AssertionError("no two free ports")
