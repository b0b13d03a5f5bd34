"""Starting processes in groups of their own, and ending, freezing and thawing such a group."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from chaos.nursery import Forked, Nursery


ROOT = Path(__file__).resolve().parent.parent


# Below what the system lends to outgoing connections: one of those could take the place of a server that restarts.
PORTS = range(20_000, 30_000)
_places = count(os.getpid() * 41)


def free_port() -> int:
    for _attempt in PORTS:
        port = PORTS[next(_places) % len(PORTS)]
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


def wait_for_port(port: int, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"Nothing answers on port {port}.")


def environment(env: dict[str, str]) -> dict[str, str]:
    """That of a process of a trial."""
    return {**os.environ, **env, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def new_nursery(env: dict[str, str]) -> Nursery:
    return Nursery(cwd=ROOT, env=environment(env))


class Child:
    """One process and whatever it forks, restartable under the same name. Its output goes to a file.

    `arguments` are a module and what it is given. It is forked by the nursery, if there is one.
    """

    def __init__(
        self, name: str, arguments: list[str], *, env: dict[str, str], logs: Path, nursery: Nursery | None = None
    ):
        self.name, self.arguments, self.starts = name, arguments, 0
        self._env, self._log, self._nursery = env, logs / f"{name}.log", nursery
        self._process: subprocess.Popen | Forked | None = None

    def start(self) -> None:
        module, *arguments = self.arguments
        if self._nursery is not None:
            self._process = self._nursery.fork(module, arguments, log=self._log)
        else:
            self._process = self._started_alone(module, arguments)
        self.starts += 1

    def _started_alone(self, module: str, arguments: list[str]) -> subprocess.Popen:
        with open(self._log, "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=environment(self._env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9 of the process and all that it forked, whether frozen or not."""
        if self._process is not None:
            self.signal_group(signal.SIGKILL)
            self._process.wait()

    def kill_one_fork(self, dice) -> bool:
        """kill -9 of one process of its pool, which leaves its parent to find out. False if it has none."""
        forks = [pid for pid in _children(self.pid) if pid != self.pid]
        if forks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(forks), signal.SIGKILL)
        return bool(forks)

    def successor(self) -> "Child":
        """Another process of the same kind, for when this one leaves."""
        return Child(self.name, self.arguments, env=self._env, logs=self._log.parent, nursery=self._nursery)

    def send_sigterm(self, *, group: bool = False) -> None:
        """What a deploy does: to the process, or to its forks as well."""
        if group:
            self.signal_group(signal.SIGTERM)
        else:
            self._process.terminate()

    def wait(self, *, seconds: float) -> bool:
        """True if it ended by itself in time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        return self._process.poll() is not None

    def output(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def freeze(self) -> None:
        self.signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal_group(signal.SIGCONT)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
