"""A broker of the trial's own, which may be killed without harming anybody else's."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from chaos.processes import free_port, wait_for_port


PROGRAMS = {"rabbitmq": ("rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server"), "redis": ("redis-server",)}
START_SECONDS = 60


class BrokerServer:
    """RabbitMQ or Redis in a folder of its own, at an address that stays the same."""

    def __init__(self, kind: str, folder: Path):
        self.kind, self.port = kind, free_port()
        self.folder = folder / f"{kind}-server"
        self.folder.mkdir()
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        if self.kind == "redis":
            return f"redis://127.0.0.1:{self.port}/0"
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Returns when it takes connections."""
        command, env = getattr(self, f"_{self.kind}")()
        with open(self.folder / "server.log", "a") as log:
            self._process = subprocess.Popen(
                command, env=os.environ | env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        wait_for_port(self.port, seconds=START_SECONDS)

    def kill(self) -> None:
        """`kill -9` to all of it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _rabbitmq(self) -> tuple[list[str], dict[str, str]]:
        (self.folder / "plugins").write_text("[].\n")
        return [_program(self.kind)], {
            # Erlang keeps its cookie there.
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
        }

    def _redis(self) -> tuple[list[str], dict[str, str]]:
        # It keeps nothing: whatever waits in it dies with it.
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return [_program(self.kind), *options, "--dir", str(self.folder)], {}


def _program(kind: str) -> str:
    """Debian's own script in PATH changes to another user, so the one behind it comes first."""
    names = PROGRAMS[kind]
    found = [name for name in reversed(names) if shutil.which(name)]
    if not found:
        raise SystemExit(f"{names[0]} is not installed, and this trial needs a broker that it may kill.")
    return str(shutil.which(found[0]))
