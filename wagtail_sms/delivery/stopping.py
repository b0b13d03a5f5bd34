"""Ending early when the worker is told to stop: what is in flight is finished, nothing more is begun.

Celery tells its main process only, and lets tasks run out; a task of a minute would outlast most deploys' patience.
So the main process passes the word on through a byte of memory that it shares with the processes it forks.
"""

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery.signals import worker_init, worker_shutting_down


_shared: mmap.mmap | None = None
_signalled = threading.Event()


@worker_init.connect
def _make(**kwargs) -> None:
    global _shared
    _shared = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _pass_on(**kwargs) -> None:
    if _shared is not None:
        _shared[0] = 1


def is_wanted() -> bool:
    """Whether this process, or the worker it belongs to, was told to stop."""
    return _signalled.is_set() or (_shared is not None and _shared[0] == 1)


@contextmanager
def watched() -> Iterator[None]:
    """While a task sends, SIGTERM to its own process ends it after what is in flight, instead of in the middle.

    systemd and containers send it to every process of the service unless they are told otherwise.
    """
    if threading.current_thread() is not threading.main_thread() or not _ends_process(signal.getsignal(signal.SIGTERM)):
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: _signalled.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if _signalled.is_set():
            signal.raise_signal(signal.SIGTERM)


def _ends_process(handler: object) -> bool:
    """Whether the signal would end this process at once, as it does in the processes that a worker forks.

    A worker without any, such as `--pool solo`, has a handler of its own, which passes the word on.
    """
    return handler == signal.SIG_DFL or getattr(handler, "__module__", "") == "billiard.common"
