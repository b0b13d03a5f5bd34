"""Stopwatches: in turns, so that what else the machine does meets both sides; and counting statements."""

import contextlib
import time
from collections.abc import Callable, Iterator
from statistics import median

from django.db import connection


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(*works: Callable[[], object], rounds: int = 5) -> list[float]:
    """The median seconds of each, taken ABAB; a first round is not counted."""
    for work in works:
        work()
    taken = [[seconds(work) for work in works] for _ in range(rounds)]
    return [median(column) for column in zip(*taken, strict=True)]


@contextlib.contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The SQL that this thread's connection is given meanwhile."""
    statements: list[str] = []

    def note(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements
