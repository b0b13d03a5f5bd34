"""When something that must go on was seen last. Cheap enough to be noted at every webhook."""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from wagtail_sms.delivery.many import execute
from wagtail_sms.delivery.models import Heartbeat


REPORTS, INBOUND, SWEEP = "reports:%s", "inbound:%s", "sweep"
# It runs every 30 seconds.
SWEEP_IS_LATE = timedelta(minutes=3)
# One process writes a name this often at most: webhooks come by the thousand.
EVERY_SECONDS = 5.0
MARK = """
    INSERT INTO wagtail_sms_heartbeat (name, at) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""
_noted: dict[str, float] = {}


def note(name: str, *, now: datetime | None = None) -> None:
    """It was seen now, or within the last seconds. Runs in the caller's transaction, if there is one."""
    moment = time.monotonic()
    if moment < _noted.get(name, -EVERY_SECONDS) + EVERY_SECONDS:
        return
    mark(name, at=now or timezone.now())
    _noted[name] = moment


def mark(name: str, *, at: datetime) -> None:
    """Write down a moment, later or earlier than what was there: one statement, whoever else writes it just now."""
    execute(MARK, [name, connection.ops.adapt_datetimefield_value(at)])


def last(name: str) -> datetime | None:
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()


def forget() -> None:
    """As if this process had noted nothing: for tests, whose rows vanish."""
    _noted.clear()
