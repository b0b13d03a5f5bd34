"""Giving replaced numbers back, once they listened for long enough and nothing goes out from them any more."""

from datetime import datetime, timedelta

from django.utils import timezone

from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.senders.changing import due_for_release, keep_listening, release
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import BatchStatus, NoticeStatus


LOOK_AGAIN = timedelta(hours=1)
UNSENT_BATCHES = (BatchStatus.QUEUED, BatchStatus.SENDING)
UNSENT_NOTICES = (NoticeStatus.WAITING, NoticeStatus.QUEUED, NoticeStatus.SENDING)


def give_back(*, now: datetime | None = None) -> int:
    """Give back every number whose time is over. One that a paused campaign was planned with waits for its end.

    Returns how many were given back. Each is a request and a transaction of its own.
    """
    now, given = now or timezone.now(), 0
    for sender in due_for_release(now=now):
        if _still_sends(sender):
            keep_listening(sender, until=now + LOOK_AGAIN)
        else:
            given += release(sender, now=now)
    return given


def _still_sends(sender: SenderNumber) -> bool:
    batches = Batch.objects.filter(status__in=UNSENT_BATCHES, provider=sender.provider, sender=sender.number)
    notices = Notice.objects.filter(status__in=UNSENT_NOTICES, provider=sender.provider, sender=sender.number)
    return batches.exists() or notices.exists()
