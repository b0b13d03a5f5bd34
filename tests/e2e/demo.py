"""`make demo` as a newcomer runs it: real web, worker, beat and gateway processes, in a folder of their own."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.ports import two_free_ports


ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Demo:
    """A running demo. `hall` is the first site's address, `atelier` the second's."""

    port: int
    folder: pathlib.Path

    @property
    def hall(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def atelier(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the running processes."""
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.port + 1),
            "SANDBOX_VAR": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "sandbox.settings",
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "sandbox" / "manage.py"), *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def switch_network(self, name: str, value: str) -> None:
        """Make the telephone network misbehave, or behave again."""
        self._control("switches", {"name": name, "value": value})

    def texts(self, phone: str) -> list[dict]:
        """Every text to and from one phone, oldest first."""
        return self._control(f"texts?phone={phone.strip('+')}")

    def text_from(self, phone: str, body: str) -> None:
        """Somebody texts the number that texted them last."""
        self._control("reply", {"from": phone.strip("+"), "to": "", "body": body, "style": "query"})

    def _control(self, path: str, content: dict | None = None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port + 1}/control/{path}",
            data=json.dumps(content).encode() if content else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@contextlib.contextmanager
def running_demo(folder: pathlib.Path) -> Iterator[Demo]:
    port, log = two_free_ports(), folder / "demo.log"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "sandbox" / "manage.py"), "demo", "--port", str(port), "--var", str(folder)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
        )
    try:
        wait_until(lambda: "is running" in log.read_text() or process.poll() is not None, seconds=180)
        assert process.poll() is None, log.read_text()
        yield Demo(port, folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def wait_until(condition: Callable[[], object], *, seconds: float = 30, every: float = 0.25):
    """The condition's first true value; an AssertionError when it does not come in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            if value := condition():
                return value
        time.sleep(every)
    raise AssertionError(f"{condition} did not come true in {seconds} seconds")
