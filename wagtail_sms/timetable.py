"""Work that one process does at a time, and only every so often, whoever asks how often for it.

When it was done last is kept in a leased row, so a process that is killed in the middle delays it and loses nothing.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils import timezone


#: A turn that takes longer may be taken by another process too.
LEASE = timedelta(minutes=15)
AGAIN_AT_ONCE = timedelta(0)


@contextmanager
def turn(name: str, *, every: timedelta = AGAIN_AT_ONCE, now: datetime | None = None) -> Iterator[bool]:
    """Whether the block may do this work now. Done, it is not due again before `every` is over since `now`.

    A block that raises stays due, and a process that dies leaves it due after LEASE. `name` has at most 60 characters.
    """
    now, holder = now or timezone.now(), uuid.uuid4().hex
    row = _rows().get_or_create(name=name)[0]
    mine = _rows().filter(pk=row.pk, holder=holder)
    if not _rows().filter(_due(every, now), pk=row.pk).update(holder=holder, lease_until=now + LEASE):
        yield False
        return
    try:
        yield True
    except Exception:
        mine.update(holder="", lease_until=None)
        raise
    mine.update(holder="", lease_until=None, resume_at=now + every)


def forget(beginning: str) -> None:
    """Turns whose names begin like this are as if they had never been taken."""
    _rows().filter(name__startswith=beginning).delete()


def _due(every: timedelta, now: datetime) -> Q:
    """Neither held nor done lately. What a clock wrote down that ran ahead by more than seconds counts for nothing."""
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
    return free & (Q(resume_at=None) | Q(resume_at__lte=now) | Q(resume_at__gt=now + 2 * every + LEASE))


def _rows() -> QuerySet:
    """The table is delivery's, which stands above those who use this."""
    return apps.get_model("wagtail_sms", "Lane").objects.all()
