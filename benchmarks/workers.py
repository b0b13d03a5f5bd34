"""Real Celery workers, as processes of their own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import peak_memory
from benchmarks.names import ROOT


OPTIONS = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
START_SECONDS = 60


@dataclass(slots=True)
class Worker:
    """A worker's main process, and what it wrote."""

    process: subprocess.Popen
    log: Path
    ready: Path

    def check(self) -> None:
        """A worker that died is a broken run, not a slow one."""
        if self.process.poll() is not None:
            raise RuntimeError(f"A worker ended with {self.process.returncode}:\n{self.words()}")

    def words(self) -> str:
        return self.log.read_text()[-3000:]

    def peak_memory(self) -> float:
        """MB, of a worker whose tasks run in its main process."""
        return peak_memory(self.process.pid)


@contextlib.contextmanager
def running_workers(
    broker: str,
    *,
    folder: Path,
    pool: str = "prefork",
    size: int = 2,
    processes: int = 1,
    prefetch: int = 1,
    **environment: str,
) -> Iterator[list[Worker]]:
    """`processes` workers with a pool of `size` each, ready to take tasks; other keywords are environment variables."""
    command = ["celery", "-A", "benchmarks.app", "worker", *OPTIONS]
    command += [f"--pool={pool}", f"--concurrency={size}", f"--prefetch-multiplier={prefetch}"]
    workers = [_start(command, broker, folder, place, environment) for place in range(processes)]
    try:
        _await(workers)
        yield workers
        for worker in workers:
            worker.check()
    finally:
        _stop(workers)


def _start(command: list[str], broker: str, folder: Path, place: int, environment: dict[str, str]) -> Worker:
    name = f"worker-{time.monotonic_ns()}-{place}"
    log, ready = folder / f"{name}.log", folder / f"{name}.ready"
    variables = (
        os.environ
        | environment
        | {
            "BENCH_BROKER": broker,
            "BENCH_READY": str(ready),
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "CELERY_SKIP_CHECKS": "1",
        }
    )
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, f"--hostname={name}@localhost"],
            cwd=ROOT,
            env=variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Worker(process, log, ready)


def _await(workers: list[Worker]) -> None:
    end = time.monotonic() + START_SECONDS
    for worker in workers:
        while not worker.ready.exists():
            worker.check()
            if time.monotonic() > end:
                raise RuntimeError(f"A worker is not ready after {START_SECONDS} s:\n{worker.words()}")
            time.sleep(0.05)


def _stop(workers: list[Worker]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGTERM)
    for worker in workers:
        try:
            worker.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait(5)
