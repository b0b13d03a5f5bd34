"""Months, always in UTC, so that every site and every worker agrees on when one ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta


def period_of(moment: datetime) -> str:
    """The month of an aware moment, as "2026-11"."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def start_of(period: str) -> datetime:
    """The first instant of the month, in UTC."""
    year, month = _numbers(period)
    return datetime(year, month, 1, tzinfo=UTC)


def end_of(period: str) -> datetime:
    """The first instant after the month, in UTC: from then on its free credits have lapsed."""
    year, month = _numbers(period)
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def following(period: str) -> str:
    """The month after: "2026-12" gives "2027-01"."""
    return period_of(end_of(period))


def preceding(period: str) -> str:
    """The month before: "2027-01" gives "2026-12"."""
    return period_of(start_of(period) - timedelta(days=1))


def through(first: str, last: str) -> Iterator[str]:
    """Every month from `first` to `last`, both included; none when `first` is later."""
    while first <= last:
        yield first
        first = following(first)


def _numbers(period: str) -> tuple[int, int]:
    year, month = period.split("-")
    return int(year), int(month)
