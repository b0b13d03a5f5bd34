"""Starting, watching and stopping the processes of the demo."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event


ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 15  # seconds a process may take to end by itself
PR_SET_PDEATHSIG = 1


class Child:
    """One process in a group of its own, its output in a log file. Ctrl-C in the terminal does not reach it."""

    def __init__(self, name: str, command: list[str], *, log: Path, environment: dict[str, str]):
        self.name = name
        self.log = log
        self._was_asked = False
        self._starts_at = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait(self, stopping: Event) -> int | None:
        """Its exit code; None when `stopping` was set before it ended."""
        while self.exit_code is None and not stopping.is_set():
            time.sleep(0.1)
        return self.exit_code

    def said(self) -> str:
        """What it wrote since it was started."""
        with self.log.open("rb") as written:
            written.seek(self._starts_at)
            return written.read().decode(errors="replace")

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(f"    {line}" for line in self.said().splitlines()[-count:])

    def ask_to_stop(self) -> None:
        """Once: Celery takes a second SIGTERM for impatience and drops what it is doing."""
        if not self._was_asked:
            self._was_asked = True
            self._signal(signal.SIGTERM)

    def stop(self, patience: float = PATIENCE) -> None:
        """End it and everything it started."""
        self.ask_to_stop()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        # Whatever is left of the group, also after a leader that died by itself.
        self._signal(signal.SIGKILL, group=True)
        self._process.wait()

    def _signal(self, number: int, *, group: bool = False) -> None:
        try:
            if group:
                os.killpg(self._process.pid, number)
            elif self.exit_code is None:
                self._process.send_signal(number)
        except ProcessLookupError:
            pass


def _end_with_parent() -> None:
    """Linux: a child is told to stop should the demo itself be killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
