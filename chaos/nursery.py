"""`python -m chaos.nursery`: a process that has imported everything, and of which workers are forked.

A worker that is killed two hundred times would otherwise spend most of its lives on importing: nothing could be
killed in the middle of anything. Each fork is a process like any other, with its own connections and threads.

Orders are lines of JSON on its input, `[log file, module, arguments]`; each is answered by the number of a process.
"""

import contextlib
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from django.core.wsgi import get_wsgi_application


IMPORTED = ("celery.__main__", "celery.bin.celery", "celery.apps.worker", "celery.concurrency.prefork")
IMPORTED += ("celery.concurrency.solo", "chaos.celeryapp", "chaos.beat", "chaos.web", "wagtail_sms.tasks")


class Nursery:
    """The harness's end of it."""

    def __init__(self, *, cwd: Path, env: dict[str, str]):
        self._order = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.nursery"],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def fork(self, module: str, arguments: list[str], *, log: Path) -> "Forked":
        with self._order:
            self._process.stdin.write(json.dumps([str(log), module, arguments]) + "\n")
            self._process.stdin.flush()
            return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


class Forked:
    """As `subprocess.Popen`, for a process that is somebody else's child and gone when it is over."""

    def __init__(self, pid: int):
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self, timeout: float = 60.0) -> int:
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return 0

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)


def main() -> None:
    _import_everything()
    # Whoever ends is gone at once: nobody here asks how it ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while line := sys.stdin.readline():
        log, module, arguments = json.loads(line)
        pid = os.fork()
        if not pid:
            _live(log, module, arguments)
            return
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        print(pid, flush=True)


def _import_everything() -> None:
    import django
    from django.urls import get_resolver

    django.setup()
    for module in IMPORTED:
        import_module(module)
    get_wsgi_application()
    assert get_resolver().url_patterns


def _live(log: str, module: str, arguments: list[str]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    sys.stdin = open(0)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
