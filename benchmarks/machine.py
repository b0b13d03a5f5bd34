"""The machine the figures come from: without it they can't be compared."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile


def describe(**services: str) -> str:
    """Some lines: cores, memory, processor, versions, and how long a small write takes to reach the disk."""
    packages = ("Django", "wagtail", "celery", "psycopg", "redis", "requests", "messagebird")
    return "\n".join(
        [
            f"machine   {os.cpu_count()} cores, {_memory()}, {_processor()}, load {os.getloadavg()[0]:.1f}",
            f"software  Python {platform.python_version()}, " + ", ".join(_version(name) for name in packages),
            "services  " + ", ".join(f"{name} {what}" for name, what in services.items()),
            f"disk      {_fsync_ms():.2f} ms per fsync",
        ]
    )


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except ImportError:
        return f"no {package}"


def _fsync_ms(times: int = 20) -> float:
    with NamedTemporaryFile() as file:
        start = time.perf_counter()
        for _ in range(times):
            file.write(b"x" * 512)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - start) / times * 1000


def peak_memory(pid: int | str = "self") -> float:
    """The most memory a process has had so far (VmHWM), in MB. Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
