"""What a sending task was about to do, written down beside it: after a `kill -9` it tells what surely was not begun.

One small file per task, one line per request, written just before the request leaves. The kernel keeps what was
written when the process is killed, so whoever finds the task's claims expired reads in it which requests may have
left. It counts on the same running system only: after a crash of the machine, or from another one, nothing is known.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from wagtail_sms.conf import app_settings


BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KEPT_SECONDS = 86_400


class Journal:
    """The journal of one task. Lines are appended by threads; each is one write."""

    def __init__(self, task: str):
        self._file, self._path = -1, None
        folder, system = _folder(), _running_system()
        if folder is None or not system:
            return
        self._path = folder / task
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._write(system)
        except OSError:
            self.discard()

    def begin(self, claim: str, key: int) -> None:
        """The request for the row `key` under this claim leaves now."""
        if self._file >= 0:
            try:
                self._write(f"{claim} {key}")
            except OSError:
                # Better no journal than one that lacks a line.
                self.discard()

    def _write(self, line: str) -> None:
        content = f"{line}\n".encode()
        if os.write(self._file, content) != len(content):
            raise OSError("The journal took only half a line.")

    def discard(self) -> None:
        """Nobody shall rely on it: its task came to an end by itself, or could not write."""
        file, self._file = self._file, -1
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if file >= 0:
            os.close(file)


def begun(task: str) -> set[tuple[str, int]] | None:
    """(claim, key) of every request that this task began; None when nobody here can tell."""
    folder, system = _folder(), _running_system()
    if folder is None or not system or not task:
        return None
    try:
        written, *lines = (folder / task).read_text().splitlines()
    except (OSError, ValueError):
        return None
    return {(claim, int(key)) for claim, key in map(str.split, lines)} if written == system else None


def forget_old() -> None:
    """Remove the journals of tasks that were killed long ago."""
    for path in _old(_folder()):
        path.unlink(missing_ok=True)


def _old(folder: Path | None) -> Iterator[Path]:
    for path in folder.iterdir() if folder is not None else ():
        try:
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                yield path
        except OSError:
            continue


def _folder() -> Path | None:
    """A folder that nobody else can write to; None when there is none."""
    configured = app_settings.JOURNAL_FOLDER
    folder = Path(configured or Path(tempfile.gettempdir()) / f"wagtail-sms-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if private else None


def _running_system() -> str:
    """Names the running kernel until its next start; "" where it has no such name."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""
