import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import two_free_ports


ROOT = Path(__file__).resolve().parent.parent.parent
READY = "Stop           Ctrl-C"
MANAGE = [sys.executable, str(ROOT / "sandbox" / "manage.py")]


def manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run([*MANAGE, *command], env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def own_environment() -> dict[str, str]:
    """This process's, without what would lead the sandbox elsewhere."""
    unwanted = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "PORT", "GATEWAY_PORT", "SANDBOX_VAR")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


class RunningDemo:
    """The demo as a person starts it, with a folder of its own."""

    def __init__(self, folder: Path, port: int | None = None):
        self.folder, self.port = folder, port or two_free_ports()
        self.output = folder / "terminal.txt"
        self.environment = own_environment()
        with self.output.open("w") as terminal:
            self.process = subprocess.Popen(
                [*MANAGE, "demo", "--port", str(self.port), "--var", str(folder)],
                stdout=terminal,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_it_says(self, text: str, seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.2)

    def wait_for_the_reports(self, seconds: float = 60) -> None:
        """Until the gateway has nothing more to tell the site."""
        end = time.monotonic() + seconds
        while self._calls_pending():
            assert time.monotonic() < end, "The gateway still has reports for the site."
            time.sleep(0.3)
        time.sleep(1)

    def _calls_pending(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/control/pending", timeout=10) as answer:
            return json.load(answer)["calls"]

    def manage(self, *command: str) -> str:
        """Run another management command beside the demo, in the same settings."""
        environment = {**self.environment, "PORT": str(self.port), "SANDBOX_VAR": str(self.folder)}
        return manage(environment, *command)

    def get(self, host: str, path: str) -> tuple[int, str]:
        """Status and text of a page, redirects not followed."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("GET", path, headers={"Host": f"{host}:{self.port}"})
            answer = line.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            line.close()

    def processes(self) -> dict[int, str]:
        """Everything that the demo started and that still runs, itself left out: pid and command."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                environment = (entry / "environ").read_text().replace("\0", "\n")
                command = (entry / "cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue
            if f"PORT={self.port}\n" in environment and command:
                found[int(entry.name)] = command
        return found

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


@pytest.fixture(scope="session")
def loaded_folder(tmp_path_factory) -> Path:
    """What a first run leaves behind: it was started in an empty folder, heard every report, and was stopped."""
    running = RunningDemo(tmp_path_factory.mktemp("first-run"))
    try:
        running.wait_until_it_says(READY)
        running.wait_for_the_reports()
    finally:
        code = running.stop()
    assert (code, running.processes()) == (0, {})
    return running.folder


@pytest.fixture(scope="module")
def demo(loaded_folder, tmp_path_factory) -> Iterator[RunningDemo]:
    """A second run, on other ports than the first."""
    folder = tmp_path_factory.mktemp("second-run") / "var"
    shutil.copytree(loaded_folder, folder)
    running = RunningDemo(folder)
    try:
        running.wait_until_it_says(READY)
        yield running
    finally:
        running.stop()
