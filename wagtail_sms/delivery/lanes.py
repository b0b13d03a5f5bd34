"""Leased rows: at any time one task sends in a lane, whichever process it runs in.

A provider's campaigns have SENDING_LANES lanes, its texts to one person one. They rest together: the first lane's
row says until when.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.models import Lane, new_reference


CAMPAIGNS = "campaigns:%s"
NOTICES = "notices:%s"
# Renewed every two seconds; whoever is killed keeps the lane for so long.
LEASE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)


class Lease:
    """A lane that this task holds until it leaves it, or lets it expire."""

    def __init__(self, name: str, holder: str):
        self.name, self.holder = name, holder

    def renew(self) -> bool:
        """Hold the lane for longer; False when it was lost."""
        return renew(self.name, self.holder, now=timezone.now())

    def leave(self) -> None:
        Lane.objects.filter(name=self.name, holder=self.holder).update(lease_until=None, holder="")


def acquire(kind: str, *, now: datetime) -> Lease | None:
    """Lease a free lane of this kind; None while others hold all of them, or while the provider is left in peace."""
    if resting_until(kind, now=now) is not None:
        return None
    free, holder = Q(lease_until=None) | Q(lease_until__lt=now), new_reference()[:20]
    for name in _names(kind):
        Lane.objects.get_or_create(name=name)
        if Lane.objects.filter(free, name=name).update(holder=holder, lease_until=now + LEASE):
            return Lease(name, holder)
    return None


def _names(kind: str) -> Iterator[str]:
    yield kind
    if kind.startswith(CAMPAIGNS % ""):
        yield from (f"{kind}:{number}" for number in range(2, app_settings.SENDING_LANES + 1))


def renew(name: str, holder: str, *, now: datetime) -> bool:
    """Hold the lane for longer; False when it was lost."""
    return bool(Lane.objects.filter(name=name, holder=holder).update(lease_until=now + LEASE))


def back_off(kind: str, *, now: datetime, retry_after: float | None = None) -> datetime:
    """Leave the provider in peace because it could not be reached; returns when it may be tried again.

    `retry_after` is the provider's own wish in seconds. Without one the pause doubles from RETRY_SECONDS up to ten
    minutes. Of several lanes that fail together only the first makes the pause longer.
    """
    resting = resting_until(kind, now=now)
    if resting is not None and retry_after is None:
        return resting
    Lane.objects.get_or_create(name=kind)
    Lane.objects.filter(name=kind, failures__lt=20).update(failures=F("failures") + 1)
    failures = Lane.objects.values_list("failures", flat=True).get(name=kind)
    doubled = timedelta(seconds=app_settings.RETRY_SECONDS * 2 ** (failures - 1))
    pause = timedelta(seconds=retry_after) if retry_after else doubled
    resume_at = max(now + min(pause, LONGEST_PAUSE), resting or now)
    Lane.objects.filter(name=kind).update(resume_at=resume_at)
    return resume_at


def resting_until(kind: str, *, now: datetime) -> datetime | None:
    """When the provider may be tried again; None while it needs no rest."""
    return Lane.objects.filter(name=kind, resume_at__gt=now).values_list("resume_at", flat=True).first()


def answered(kind: str, *, now: datetime) -> None:
    """The provider takes requests again: the next failure starts from the shortest pause. A pause goes on."""
    rested = Lane.objects.filter(Q(resume_at=None) | Q(resume_at__lte=now), name=kind)
    rested.exclude(failures=0, resume_at=None).update(failures=0, resume_at=None)


def reset(kind: str) -> None:
    """Try at once, whatever was noted about failures."""
    Lane.objects.filter(name=kind).update(failures=0, resume_at=None)
