"""Leased rows: at any time one task sends in a lane, whichever process it runs in."""

from datetime import datetime, timedelta

from django.db.models import F, Q

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.models import Lane, new_reference


LEASE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)


def acquire(name: str, *, now: datetime) -> str | None:
    """Lease the lane; returns the holder's token, or None while another holds it or the lane is paused."""
    Lane.objects.get_or_create(name=name)
    holder = new_reference()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    ready = Q(resume_at=None) | Q(resume_at__lte=now)
    taken = Lane.objects.filter(free, ready, name=name).update(holder=holder, lease_until=now + LEASE)
    return holder if taken else None


def renew(name: str, holder: str, *, now: datetime) -> bool:
    """Hold the lane for longer; False when it was lost."""
    return bool(Lane.objects.filter(name=name, holder=holder).update(lease_until=now + LEASE))


def leave(name: str, holder: str) -> None:
    Lane.objects.filter(name=name, holder=holder).update(lease_until=None, holder="")


def back_off(name: str, *, now: datetime, retry_after: float | None = None) -> datetime:
    """Pause the lane because the provider could not be reached; returns when it may be tried again.

    `retry_after` is the provider's own wish in seconds. Without one the pause doubles from RETRY_SECONDS up to ten
    minutes.
    """
    Lane.objects.filter(name=name, failures__lt=20).update(failures=F("failures") + 1)
    failures = Lane.objects.values_list("failures", flat=True).get(name=name)
    doubled = timedelta(seconds=app_settings.RETRY_SECONDS * 2 ** (failures - 1))
    pause = timedelta(seconds=retry_after) if retry_after else doubled
    resume_at = now + min(pause, LONGEST_PAUSE)
    Lane.objects.filter(name=name).update(resume_at=resume_at)
    return resume_at


def reset(name: str) -> None:
    """The provider answered: the next failure starts from the shortest pause again."""
    Lane.objects.filter(name=name).exclude(failures=0, resume_at=None).update(failures=0, resume_at=None)
