"""The geometry of the charts, as text that goes into SVG attributes as it is: no language writes it with a comma.

Across, everything is in percent, so that a chart fills any width and its words keep their size; down, in pixels.
"""

from dataclasses import dataclass
from math import log10

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.dateformat import format as format_date
from django.utils.translation import get_language_bidi

from wagtail_sms.admin.spans import month_name
from wagtail_sms.credits import periods


TOP, BASE = 10, 210  # pixels from the upper edge: the highest a column can be, and where all of them stand
FEWEST = 6  # columns that the width is shared among at least: one alone must not become a wall
FILLED = 0.64  # of a column's share of the width
MOST_TICKS = 5
# Months up to which each has a label, and up to which the first of each quarter has one.
YEAR, SHORT = 13, 48
QUARTERS = (1, 4, 7, 10)
# How much room the numbers at the side need: "s" for three signs, "m" for six, "l" for more.
ROOMS = ((3, "s"), (6, "m"))


@dataclass(frozen=True, slots=True)
class Tick:
    y: str
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """A month. The ranks say on which screens its label and its year are shown: "" on all, "wide" or "never"."""

    x: str
    width: str
    middle: str
    y: str
    height: str
    label: str
    year: str
    rank: str
    year_rank: str
    words: str


@dataclass(frozen=True, slots=True)
class MonthChart:
    columns: list[Column]
    ticks: list[Tick]
    room: str
    height: str
    base: str
    is_mirrored: bool


def month_chart(figures: list[tuple[str, int]]) -> MonthChart:
    """Columns for (month, credits), the oldest first; mirrored in a language that is read from right to left."""
    top = _ticks(max([credits for _month, credits in figures], default=0))
    mirrored, share = get_language_bidi(), 100 / max(len(figures), FEWEST)
    columns = [
        _column(index, month, credits, highest=top[-1], share=share, count=len(figures), mirrored=mirrored)
        for index, (month, credits) in enumerate(figures)
    ]
    labels = [intcomma(value) for value in top]
    ticks = [Tick(_number(_y(value, top[-1])), label) for value, label in zip(top, labels, strict=True)]
    widest = max(map(len, labels))
    room = next((name for signs, name in ROOMS if widest <= signs), "l")
    return MonthChart(columns, ticks, room, str(BASE + 38), str(BASE), mirrored)


def percent_of(value: int, highest: int) -> str:
    """The length of a bar, as an SVG attribute; nothing for what is not above zero."""
    return f"{_number(100 * max(value, 0) / highest if highest > 0 else 0)}%"


def _column(index, month, credits, *, highest, share, count, mirrored) -> Column:
    start = 100 - (index + 1) * share if mirrored else index * share
    width, y = share * FILLED, _y(max(credits, 0), highest)
    date = periods.start_of(month)
    return Column(
        x=f"{_number(start + (share - width) / 2)}%",
        width=f"{_number(width)}%",
        middle=f"{_number(start + share / 2)}%",
        y=_number(y),
        height=_number(BASE - y),
        label=format_date(date, "M"),
        year=str(date.year) if _tells_year(index, date.month, count) else "",
        rank=_rank(index, date.month, count),
        year_rank=_year_rank(date.year, count),
        words=f"{month_name(month)}: {intcomma(credits)}",
    )


def _tells_year(index: int, month: int, count: int) -> bool:
    """At each January, and at the first month unless the first January is too near for both."""
    january = 13 - month
    return month == 1 or (index == 0 and (january >= count or january >= max(2, count // 8)))


def _rank(index: int, month: int, count: int) -> str:
    """Which labels fit: in a year all of them, in four years the quarters' first, beyond that each January."""
    if count <= FEWEST or _tells_year(index, month, count):
        return "" if count <= SHORT else "wide"
    if index == 1 or month not in QUARTERS:
        return "wide" if count <= YEAR else "never"
    if count <= YEAR:
        return ""
    return "wide" if count <= SHORT else "never"


def _year_rank(year: int, count: int) -> str:
    """Every second year where there are too many for a narrow screen."""
    return "wide" if count > 2 * SHORT and year % 2 else ""


def _y(value: int, highest: int) -> float:
    return BASE - (BASE - TOP) * value / highest


def _ticks(highest: int) -> list[int]:
    """Round figures from 0 to at least `highest`, at most `MOST_TICKS` steps of 1, 2 or 5 and zeros."""
    power = 10 ** max(0, int(log10(max(highest, 1))) - 1)
    step = next(
        base * factor
        for base in (power, power * 10, power * 100)
        for factor in (1, 2, 5)
        if base * factor * MOST_TICKS >= highest
    )
    return [step * count for count in range(max(1, -(-highest // step)) + 1)]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
