"""The request rate of a provider's account, shared by all tasks and machines: each takes its turns from one row."""

from dataclasses import dataclass
from datetime import datetime

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.many import fetch
from wagtail_sms.delivery.models import RequestPace


MOVE_ON = """
    UPDATE wagtail_sms_requestpace SET free_from = CASE WHEN free_from > %s THEN free_from ELSE %s END + %s
    WHERE provider = %s RETURNING free_from
"""
# Turns are taken for this long at a time at most, so that a text to one person never waits for more than that.
LONGEST_BLOCK = 0.25


@dataclass(frozen=True, slots=True)
class Turns:
    """`count` requests may start, the first after `wait` seconds, the others `gap` seconds after one another."""

    count: int
    wait: float
    gap: float

    def starts(self) -> list[float]:
        """Seconds from now at which each request may start."""
        return [self.wait + position * self.gap for position in range(self.count)]


NONE = Turns(0, 0.0, 0.0)


def gap() -> float:
    """Seconds between two requests of an account."""
    return 1 / app_settings.MAX_REQUESTS_PER_SECOND


def take(provider: str, wanted: int, *, now: datetime) -> Turns:
    """Take the next turns of this account, `wanted` or as many as LONGEST_BLOCK has. One statement by itself."""
    each = gap()
    count = max(1, min(wanted, int(LONGEST_BLOCK / each)))
    block, moment = count * each, now.timestamp()
    step = [moment, moment, block, provider]
    moved = fetch(MOVE_ON, step)
    if not moved:
        RequestPace.objects.get_or_create(provider=provider, defaults={"free_from": moment})
        moved = fetch(MOVE_ON, step)
    ((free_from,),) = moved
    return Turns(count, max(0.0, free_from - block - moment), each)
