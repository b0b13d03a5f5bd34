"""Making time pass in the database: what would happen minutes or hours later happens now.

The package asks after uncertain texts 1, 5 and 30 minutes, 6 and 24 hours later, and lets half a minute pass before
the lane of a dead worker is another's. A trial can't wait for that, so due moments are moved back in time: what waiting
would have done. Nothing that decides whether a text is sent (a batch's lease, a campaign's pause) is touched.
"""

from datetime import timedelta

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone

from wagtail_sms.states import BatchStatus, NoticeStatus


LANE_SECONDS = 5


def make_lookups_due() -> None:
    """Uncertain rows are asked after at the next sweep, at most five times in all, as the schedule says."""
    for name, status in (("Batch", BatchStatus.UNCERTAIN), ("Notice", NoticeStatus.UNCERTAIN)):
        rows = apps.get_model("wagtail_sms", name).objects.filter(status=status, next_attempt_at__gt=timezone.now())
        rows.update(next_attempt_at=timezone.now())


def shorten_lanes() -> None:
    """The lane of whoever was killed is free after five seconds instead of thirty; a living holder renews it."""
    soon = timezone.now() + timedelta(seconds=LANE_SECONDS)
    _bring_forward("lease_until", soon)


def end_rests() -> None:
    """Lanes that rest after many refusals in a row go on."""
    _bring_forward("resume_at", timezone.now())


def _bring_forward(name: str, moment) -> None:
    """Lanes are the engine's own affair: where it has none, or none with such a moment, there is nothing to do."""
    try:
        lanes = apps.get_model("wagtail_sms", "Lane")
        lanes._meta.get_field(name)
    except (LookupError, FieldDoesNotExist):
        return
    lanes.objects.filter(**{f"{name}__gt": moment}).update(**{name: moment})
