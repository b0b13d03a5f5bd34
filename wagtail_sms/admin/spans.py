"""The spans of months (UTC) that the report on spending can be asked for."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateformat import format as format_date
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from wagtail_sms.campaigns.spending import EVER, Span
from wagtail_sms.credits import periods


DEFAULT = "12"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """One span as the form offers it; `name` is its value in the address."""

    name: str
    label: str
    span: Span


def choices(*, opened: str, now: datetime) -> list[Choice]:
    """The spans to choose from: the latest months, each calendar year since the month `opened`, and all of them."""
    this = periods.period_of(now)
    years = [str(year) for year in range(int(this[:4]), int(opened[:4]) - 1, -1)]
    return [
        Choice("1", _("This month"), Span(this, this)),
        Choice("3", _("Last 3 months"), Span(_back(this, 2), this)),
        Choice(DEFAULT, _("Last 12 months"), Span(_back(this, 11), this)),
        *(Choice(year, year, Span(f"{year}-01", min(f"{year}-12", this))) for year in years),
        Choice(ALL, _("All months"), EVER),
    ]


def chosen(offered: list[Choice], name: str) -> Choice:
    """The choice of this name; the default one for a name that is not offered."""
    by_name = {choice.name: choice for choice in offered}
    return by_name.get(name) or by_name[DEFAULT]


def in_words(first: str, last: str) -> str:
    """ "2025-12" and "2026-11" give "December 2025 – November 2026"."""
    return month_name(first) if first == last else f"{month_name(first)} – {month_name(last)}"


def month_name(period: str) -> str:
    """ "2026-11" gives "November 2026" in the active language."""
    return capfirst(format_date(periods.start_of(period), "F Y"))


def _back(period: str, months: int) -> str:
    year, month = (int(part) for part in period.split("-"))
    index = year * 12 + month - 1 - months
    return f"{index // 12:04d}-{index % 12 + 1:02d}"
