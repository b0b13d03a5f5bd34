"""A figure: what was measured, what it is compared with, what it must reach, and whether it does."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is how many times better than `baseline`; without a bound the figure is there to read the others by."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    needs: str = ""
    ok: bool = True
    note: str = ""

    def line(self) -> str:
        return json.dumps({name: _short(value) for name, value in asdict(self).items()})


def faster(
    name: str, value: float, baseline: float, unit: str, *, at_least: float | None = None, note: str = ""
) -> Figure:
    """A figure of which less is better when it is a time (unit "s", "ms"), and more when it is a rate."""
    ratio = baseline / value if unit in ("s", "ms") else value / baseline
    needs = f">= {at_least:g} x" if at_least else ""
    return Figure(name, value, unit, baseline, ratio, needs, at_least is None or ratio >= at_least, note)


def at_most(name: str, value: float, unit: str, limit: float, *, note: str = "") -> Figure:
    return Figure(name, value, unit, needs=f"<= {_short(limit)} {unit}", ok=value <= limit, note=note)


def at_least(name: str, value: float, unit: str, limit: float, *, note: str = "") -> Figure:
    return Figure(name, value, unit, needs=f">= {_short(limit)} {unit}", ok=value >= limit, note=note)


def table(figures: Iterable[Figure]) -> str:
    """The figures in columns; one that misses its bound is marked."""
    rows = [("", "name", "value", "unit", "baseline", "ratio", "needs", "note")]
    for figure in figures:
        mark = "" if not figure.needs else "ok" if figure.ok else "MISSED"
        numbers = [_column(number) for number in (figure.value, figure.baseline, figure.ratio)]
        rows.append((mark, figure.name, numbers[0], figure.unit, *numbers[1:], figure.needs, figure.note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.rjust(width) if column in (2, 4, 5) else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _column(number: float | None) -> str:
    return "" if number is None else f"{_short(number):,}"


def _short(value):
    """Four significant digits; whole numbers stay whole."""
    if not isinstance(value, float):
        return value
    return round(value) if abs(value) >= 1000 else float(f"{value:.4g}")
