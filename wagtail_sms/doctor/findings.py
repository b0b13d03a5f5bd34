from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class Level(IntEnum):
    """How bad it is: an error keeps texts from going out, or STOPs from coming in."""

    OK = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what is found, and what to do about it ("" when nothing has to be done)."""

    level: Level
    subject: str
    sentence: str
    way_on: str = ""


def fine(subject: str, sentence: str) -> Finding:
    return Finding(Level.OK, subject, sentence)


def warning(subject: str, sentence: str, way_on: str = "") -> Finding:
    return Finding(Level.WARNING, subject, sentence, way_on)


def error(subject: str, sentence: str, way_on: str = "") -> Finding:
    return Finding(Level.ERROR, subject, sentence, way_on)


def ago(moment: datetime, now: datetime) -> str:
    """ "2 minutes ago", in the largest whole unit."""
    seconds = max(0, int((now - moment).total_seconds()))
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(seconds // length, name)} ago"
    return f"{count(seconds, 'second')} ago"


def span(length: timedelta) -> str:
    return count(int(length.total_seconds()) // 60, "minute")


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
