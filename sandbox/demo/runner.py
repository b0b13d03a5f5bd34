"""`sandbox/manage.py demo`: set up what is missing, start everything, watch it, stop it."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from sandbox.demo import checks
from sandbox.demo.processes import ROOT, Child


WAITS = 120  # seconds for a process to answer
MANAGE = [sys.executable, str(ROOT / "sandbox" / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "-A", "sandbox"]


class Failed(Exception):
    """The demo can't go on; the text says why and what to do."""


class Demo:
    """Everything between the first line printed and the last process stopped."""

    def __init__(self, *, port: int, folder: Path):
        self.port, self.folder = port, folder
        self.gateway_port = int(os.environ.get("GATEWAY_PORT") or port + 1)
        self.stopping = Event()
        self.children: list[Child] = []
        self.environment = {
            **os.environ,
            "PORT": str(port),
            "GATEWAY_PORT": str(self.gateway_port),
            "SANDBOX_VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "sandbox.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self) -> int:
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        held = checks.lock(self.folder)
        try:
            if held is None:
                raise Failed(f"A demo is running in {self.folder} already. Stop it with Ctrl-C in its terminal.")
            self._refuse_taken_ports()
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(name, self._on_signal)
            self._start()
            self._watch()
        except Failed as problem:
            print(f"\n{problem}", file=sys.stderr, flush=True)
            return 1
        finally:
            self._stop()
            if held:
                held.close()
        return 0

    def _refuse_taken_ports(self) -> None:
        for port, user in ((self.port, "the sites"), (self.gateway_port, "the telephone network")):
            if not checks.is_free(port):
                raise Failed(
                    f"Port {port}, which {user} would use, is taken. Stop what runs there, or choose another one:"
                    f"\n    make demo PORT={self.port + 100}"
                )

    def _start(self) -> None:
        """What needs nothing of the others starts beside them: a first run is half as long for it."""
        print("Preparing the database, drawing the pictures ...", flush=True)
        pictures = self._child("pictures", [sys.executable, "-m", "sandbox.art", str(self.folder / "drawn")])
        gateway = self._child("gateway", [*MANAGE, "gateway"])
        self._end_of(self._child("database", [*MANAGE, "migrate", "--noinput"]))
        self._end_of(pictures)
        self._until(gateway, lambda: checks.answers(self.gateway_port, "/gateway/"))
        print("Loading the sites, texting the first subscribers ...", flush=True)
        self._end_of(self._child("data", [*MANAGE, "load_sandbox_data"]))
        print("Starting web, worker and beat ...", flush=True)
        self._start_the_site()
        if not self.stopping.is_set():
            print(self._welcome(), flush=True)

    def _start_the_site(self) -> None:
        options = ["--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
        web = self._child("web", [*MANAGE, "runserver", "--noreload", f"{checks.HOST}:{self.port}"])
        worker = self._child("worker", [*CELERY, "worker", *options])
        # Without a pid file: one left by a crash would keep the next beat from starting.
        beat = self._child("beat", [*CELERY, "beat", "--pidfile=", "--loglevel", "INFO"])
        self._until(web, lambda: checks.answers(self.port, "/"))
        self._until(worker, lambda: " ready." in worker.said())
        self._until(beat, lambda: "Starting" in beat.said())

    def _end_of(self, child: Child) -> None:
        """Wait for a process that has one thing to do."""
        code = child.wait(self.stopping)
        if code is not None:
            self.children.remove(child)
        if code:
            raise Failed(f"{child.name} failed:\n{child.last_lines()}\n  More in {child.log}")

    def _until(self, child: Child, is_ready: Callable[[], bool]) -> None:
        """Wait until a process that stays answers."""
        end = time.monotonic() + WAITS
        while not self.stopping.is_set() and not is_ready():
            if child.exit_code is not None:
                raise Failed(self._obituary(child))
            if time.monotonic() > end:
                raise Failed(f"{child.name} does not answer after {WAITS} seconds:\n{child.last_lines()}")
            time.sleep(0.2)

    def _child(self, name: str, command: list[str]) -> Child:
        log = self.folder / "log" / f"{name}.log"
        child = Child(name, command, log=log, environment=self.environment)
        self.children.append(child)
        return child

    def _watch(self) -> None:
        """Until somebody stops the demo or a process dies."""
        while not self.stopping.wait(0.3):
            for child in self.children:
                if child.exit_code is not None:
                    raise Failed(self._obituary(child))

    def _obituary(self, child: Child) -> str:
        said = child.last_lines() or "    (nothing)"
        how = f"{child.name} stopped by itself (exit code {child.exit_code}). It said last:"
        return f"{how}\n{said}\n  More in {child.log}"

    def _stop(self) -> None:
        """First whatever schedules, sends and serves; the gateway, which they talk to, when they have gone."""
        if self.children:
            print("Stopping ...", flush=True)
        for child in reversed(self.children):
            if child.name != "gateway":
                child.ask_to_stop()
        for child in sorted(self.children, key=lambda child: child.name == "gateway"):
            child.stop()
        self.children.clear()

    def _on_signal(self, *_: object) -> None:
        self.stopping.set()

    def _welcome(self) -> str:
        first, second = f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}"
        return f"""
  wagtail-sms is running. Nothing leaves this computer.

  Halle Nord     {first}/           a concert hall that texts its visitors
  Atelier Sud    {second}/           a workshop with nothing set up yet
  Admin          {first}/admin/     the hall's, or {second}/admin/
  Phones         {first}/gateway/   every phone of the local network

  Sign in        admin / admin        everything, on both sites
                 editor / editor      writes pages and sends messages for Halle Nord
                 writer / writer      writes pages there, may not send
                 south / south        Atelier Sud only

  Begin with     {first}/ in a window as narrow as a phone: open two pages.
  Logs           {self.folder}/log/
  Stop           Ctrl-C
"""


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="sandbox/manage.py demo", description="Run the whole demo.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--var", type=Path, default=Path(os.environ.get("SANDBOX_VAR") or ROOT / "var"))
    options = parser.parse_args(given)
    return Demo(port=options.port, folder=options.var.resolve()).run()
