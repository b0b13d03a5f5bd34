"""Whether the demo may start here, and whether a part of it answers."""

import fcntl
import http.client
import socket
from pathlib import Path
from typing import TextIO


HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as attempt:
        # As servers do, so that a port that was left a moment ago counts as free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int, path: str) -> bool:
    """Whether an HTTP request is answered well."""
    line = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        line.request("GET", path)
        return line.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def lock(folder: Path) -> TextIO | None:
    """A lock that lasts as long as the file stays open; None when another demo uses this folder."""
    held = (folder / "demo.lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        return None
    return held
