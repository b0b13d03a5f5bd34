"""Sending the texts to one person, in a lane of their own that never waits behind a campaign."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.models import Notice, new_reference
from wagtail_sms.delivery.webhook_urls import report_url
from wagtail_sms.delivery.wire import Answer, Pace, Parcel, deadline, send
from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.providers.base import OutboundBatch, Outcome
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import NoticePurpose, NoticeStatus, SubscriberStatus


TURN_SECONDS = 30
NO_SENDER_YET = timedelta(seconds=5)
OPERATOR_MUST_ACT = timedelta(minutes=10)
# STOP and HELP are answered although the person is not to be texted any more.
ALWAYS = (NoticePurpose.STOP_REPLY, NoticePurpose.HELP_REPLY, NoticePurpose.CODE)


@dataclass(frozen=True, slots=True)
class _Fate:
    status: str
    captured: bool = False
    released: bool = False


FATES = {
    Outcome.ACCEPTED: _Fate(NoticeStatus.ACCEPTED, captured=True),
    Outcome.REJECTED: _Fate(NoticeStatus.REJECTED, released=True),
    Outcome.NOT_SENT: _Fate(NoticeStatus.REJECTED, released=True),
    Outcome.UNCERTAIN: _Fate(NoticeStatus.UNCERTAIN),
}


def send_notices(*, provider: str = "default", turn_seconds: float = TURN_SECONDS) -> int:
    """Send the queued notices. Returns how many were handled. Every step is a transaction of its own."""
    lane = f"notices:{provider}"
    holder = lanes.acquire(lane, now=timezone.now())
    if holder is None:
        return 0
    handled, pace, end = 0, Pace(app_settings.MAX_REQUESTS_PER_SECOND), time.monotonic() + turn_seconds
    try:
        while time.monotonic() < end and lanes.renew(lane, holder, now=timezone.now()):
            claimed = _claim(app_settings.CONCURRENT_REQUESTS * 2, now=timezone.now())
            if not claimed:
                break
            handled += len(claimed)
            if not _work_off(claimed, provider=provider, lane=lane, pace=pace):
                break
    finally:
        lanes.leave(lane, holder)
    return handled


def expire_leases(*, now: datetime) -> int:
    """Notices whose worker is gone become UNCERTAIN and are not sent again. Returns how many."""
    late = Notice.objects.filter(status=NoticeStatus.SENDING, lease_until__lt=now - timedelta(seconds=5))
    return late.update(status=NoticeStatus.UNCERTAIN, next_attempt_at=now)


def _claim(count: int, *, now: datetime) -> list[Notice]:
    """Claim notices and write the number each goes out from. Runs in its own transaction."""
    token = new_reference()
    with transaction.atomic():
        waiting = Notice.objects.filter(status=NoticeStatus.QUEUED, next_attempt_at__lte=now).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True)
        ids = list(waiting.values_list("pk", flat=True)[:count])
        lease_until = now + timedelta(seconds=app_settings.LEASE_SECONDS)
        Notice.objects.filter(pk__in=ids, status=NoticeStatus.QUEUED).update(
            status=NoticeStatus.SENDING, claim=token, lease_until=lease_until, attempts=F("attempts") + 1
        )
        claimed = list(Notice.objects.filter(claim=token).select_related("site", "subscriber").order_by("pk"))
        for notice in claimed:
            _prepare(notice, now)
    return claimed


def _prepare(notice: Notice, now: datetime) -> None:
    if _must_not_go(notice):
        notice.status = NoticeStatus.CANCELLED
        _settle(notice, _Fate(NoticeStatus.CANCELLED, released=True))
    elif not notice.sender:
        sender = sender_for(notice.site)
        notice.sender = sender.number if sender else ""
        if not sender:
            notice.status, notice.next_attempt_at = NoticeStatus.QUEUED, now + NO_SENDER_YET
    notice.save(update_fields=["status", "sender", "next_attempt_at"])


def _must_not_go(notice: Notice) -> bool:
    if notice.purpose in ALWAYS or notice.purpose == NoticePurpose.TEST:
        return False
    return notice.subscriber is None or notice.subscriber.status != SubscriberStatus.ACTIVE


def _work_off(claimed: list[Notice], *, provider: str, lane: str, pace: Pace) -> bool:
    by_key = {notice.pk: notice for notice in claimed if notice.status == NoticeStatus.SENDING}
    refused: list[tuple[Notice, Exception]] = []
    for answer in send([_parcel(notice, provider) for notice in by_key.values()], provider=provider, pace=pace):
        if answer.refused is None:
            _record(by_key[answer.key], answer, now=timezone.now())
        else:
            refused.append((by_key[answer.key], answer.refused))
    return _put_back(refused, lane=lane, now=timezone.now())


def _parcel(notice: Notice, provider: str) -> Parcel:
    outbound = OutboundBatch(
        reference=notice.reference,
        sender=notice.sender,
        body=notice.body,
        encoding=notice.encoding,
        recipients=(notice.number,),
        report_url=report_url(provider),
    )
    return Parcel(notice.pk, outbound, deadline())


def _record(notice: Notice, answer: Answer, *, now: datetime) -> None:
    """Write down the answer and settle the credits. Runs in its own transaction."""
    result = answer.results[0]
    fate = FATES[result.outcome]
    with transaction.atomic():
        ours = Notice.objects.filter(
            pk=notice.pk, claim=notice.claim, status__in=(NoticeStatus.SENDING, NoticeStatus.UNCERTAIN)
        ).update(
            status=fate.status,
            provider_id=result.provider_id,
            error_code=result.error_code[:40],
            error_text=result.error_text[:255],
            lease_until=None,
            next_attempt_at=now + timedelta(minutes=1),
            finished_at=now,
        )
        if ours:
            _settle(notice, fate)


def _settle(notice: Notice, fate: _Fate) -> None:
    reservation = Reservation.objects.filter(key=f"notice:{notice.pk}").first()
    if reservation is None:
        return
    if fate.captured:
        ledger.capture(reservation, amount=reservation.amount, key=f"notice:{notice.pk}:capture")
    if fate.captured or fate.released:
        ledger.close(reservation, key=f"notice:{notice.pk}:close")


def settle_accepted(notice: Notice) -> None:
    """A report proves that the provider took an uncertain notice: spend its credits. In the caller's transaction."""
    _settle(notice, FATES[Outcome.ACCEPTED])


def _put_back(refused: list[tuple[Notice, Exception]], *, lane: str, now: datetime) -> bool:
    if not refused:
        lanes.reset(lane)
        return True
    error = refused[0][1]
    if isinstance(error, ProviderUnavailable):
        resume_at = lanes.back_off(lane, now=now, retry_after=error.retry_after)
    else:
        resume_at = now + OPERATOR_MUST_ACT
    for notice, _error in refused:
        Notice.objects.filter(pk=notice.pk, claim=notice.claim, status=NoticeStatus.SENDING).update(
            status=NoticeStatus.QUEUED,
            lease_until=None,
            next_attempt_at=resume_at,
            error_text=str(error)[:255],
        )
    return False
