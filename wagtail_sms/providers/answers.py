"""What a request came to, whatever the company: after a failure one question matters, whether it can have arrived."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from django.utils import timezone


class NothingSent(Exception):
    """The request did not arrive, or was turned away unread. `retry_after` is in seconds or None."""

    def __init__(self, reason: str, retry_after: float | None = None):
        self.retry_after = retry_after
        super().__init__(reason)


class AnswerLost(Exception):
    """The request left; what became of it is unknown."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """RFC 9110 10.2.3: seconds, or the date of a moment."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - timezone.now()).total_seconds())
    except (ValueError, TypeError):
        return None
