"""Starting the gateway and asking it what it got."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import Request, urlopen


@dataclass(frozen=True, slots=True)
class Stub:
    """The gateway's address."""

    url: str

    def reset(self, *, latency_ms: int = 0) -> None:
        """Forget what came and answer after so many milliseconds from now on."""
        self._ask(f"/reset?latency={latency_ms / 1000}", method="POST")

    def stats(self) -> dict:
        """`requests, recipients, duplicates, connections, cpu_seconds` since the reset."""
        return self._ask("/stats")

    def times(self) -> list[float]:
        """The monotonic second in which each request came."""
        return self._ask("/times")

    def _ask(self, path: str, *, method: str = "GET"):
        with urlopen(Request(self.url + path, method=method), timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def running_gateway() -> Iterator[Stub]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.gateway"], stdout=subprocess.PIPE, text=True)
    try:
        yield Stub(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
