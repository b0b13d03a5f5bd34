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
from wagtail_sms.delivery import lanes, pace, stopping
from wagtail_sms.delivery.keys import REFUSED_FOR_GOOD, give_key, lifetime_of
from wagtail_sms.delivery.lanes import Lease
from wagtail_sms.delivery.models import Notice, new_reference
from wagtail_sms.delivery.requests import notice_request
from wagtail_sms.delivery.wire import Answer, Parcel, deadline, send
from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.providers.base import Outcome
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import NoticePurpose, NoticeStatus, SubscriberStatus
from wagtail_sms.subscribers.suppression import is_suppressed


TURN_SECONDS = 30
NO_SENDER_YET = timedelta(seconds=5)
OPERATOR_MUST_ACT = timedelta(minutes=10)
# Error code of a notice that was given up. A report that comes after all is believed, and charged to nobody.
LOST = "lost"
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
    lease = lanes.acquire(lanes.NOTICES % provider, now=timezone.now())
    if lease is None:
        return 0
    handled, end = 0, time.monotonic() + turn_seconds
    try:
        while time.monotonic() < end and not stopping.is_wanted() and lease.renew():
            until = deadline(time.monotonic())
            claimed = _claim(app_settings.CONCURRENT_REQUESTS, provider=provider, now=timezone.now())
            if not claimed:
                break
            handled += len(claimed)
            if not _work_off(claimed, provider=provider, lease=lease, until=until):
                break
    finally:
        lease.leave()
    return handled


def expire_leases(*, now: datetime) -> int:
    """Notices whose worker is gone become UNCERTAIN and are not sent again. Returns how many."""
    late = Notice.objects.filter(status=NoticeStatus.SENDING, lease_until__lt=now - timedelta(seconds=5))
    return late.update(status=NoticeStatus.UNCERTAIN, next_attempt_at=now, finished_at=now)


def waiting_providers(*, now: datetime) -> list[str]:
    """Aliases of the providers for which a notice could be claimed now."""
    return sorted(_due(now).order_by().values_list("provider", flat=True).distinct())


def _due(now: datetime):
    return Notice.objects.filter(status=NoticeStatus.QUEUED, next_attempt_at__lte=now)


def _claim(count: int, *, provider: str, now: datetime) -> list[Notice]:
    """Claim notices and write the number each goes out from. Runs in its own transaction."""
    token = new_reference()
    with transaction.atomic():
        waiting = _due(now).filter(provider=provider).order_by("pk")
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
    if must_not_go(notice):
        notice.status = NoticeStatus.CANCELLED
        _settle(notice, _Fate(NoticeStatus.CANCELLED, released=True))
    elif not notice.sender:
        sender = sender_for(notice.site, notice.provider)
        notice.sender = sender.number if sender else ""
        if not sender:
            notice.status, notice.next_attempt_at = NoticeStatus.QUEUED, now + NO_SENDER_YET
    if notice.status == NoticeStatus.SENDING and (lifetime := lifetime_of(notice.provider)):
        give_key(notice, lambda: notice_request(notice), lifetime=lifetime, now=now)
    notice.save(update_fields=["status", "sender", "next_attempt_at", "idempotency_key", "keyed_at"])


def must_not_go(notice: Notice) -> bool:
    """Whether its person left meanwhile."""
    if notice.purpose in ALWAYS:
        return False
    if notice.purpose == NoticePurpose.TEST:
        return is_suppressed(notice.site, number=notice.number)
    return notice.subscriber is None or notice.subscriber.status != SubscriberStatus.ACTIVE


def _work_off(claimed: list[Notice], *, provider: str, lease: Lease, until: float) -> bool:
    by_key = {notice.pk: notice for notice in claimed if notice.status == NoticeStatus.SENDING}
    refused: list[tuple[Notice, Exception]] = []
    for answer in send(_parcels(by_key, provider, until=until), provider=provider, renew=lease.renew):
        if answer.refused is None:
            record(by_key[answer.key], answer, now=timezone.now())
        else:
            refused.append((by_key[answer.key], answer.refused))
    return _put_back(refused, kind=lease.name, now=timezone.now())


def _parcels(by_key: dict[int, Notice], provider: str, *, until: float) -> list[Parcel]:
    """A request for each, in the turns that the account's rate leaves."""
    notices, parcels = list(by_key.values()), []
    while len(parcels) < len(notices):
        now = time.monotonic()
        turns = pace.take(provider, len(notices) - len(parcels), now=timezone.now())
        for start, notice in zip(turns.starts(), notices[len(parcels) :], strict=False):
            parcels.append(Parcel(notice.pk, notice_request(notice), until, start=now + start))
    return parcels


def record(notice: Notice, answer: Answer, *, now: datetime) -> None:
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


def count_as_sent(notice: Notice, *, now: datetime) -> None:
    """Somebody says that the provider took an uncertain notice: spend its credits. Own transaction."""
    with transaction.atomic():
        doubtful = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.UNCERTAIN)
        if doubtful.update(status=NoticeStatus.ACCEPTED, finished_at=now):
            settle_accepted(notice)


def give_up(notice: Notice, *, now: datetime) -> None:
    """The provider surely never had it: its credits come back, and it is not sent again. Own transaction."""
    with transaction.atomic():
        doubtful = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.UNCERTAIN)
        if doubtful.update(status=NoticeStatus.CANCELLED, error_code=LOST, finished_at=now):
            _settle(notice, _Fate(NoticeStatus.CANCELLED, released=True))


def refund_undelivered(notice: Notice) -> None:
    """Give the credits of a text back that did not arrive, if that is the policy. In the caller's transaction."""
    reservation = Reservation.objects.filter(key=f"notice:{notice.pk}", captured__gt=0).first()
    if reservation is not None and app_settings.REFUND_UNDELIVERED:
        ledger.refund(reservation, amount=reservation.captured, key=f"notice:{notice.pk}:refund")


def _put_back(refused: list[tuple[Notice, Exception]], *, kind: str, now: datetime) -> bool:
    if not refused:
        lanes.answered(kind, now=now)
        return True
    error = refused[0][1]
    if isinstance(error, ProviderUnavailable):
        resume_at = lanes.back_off(kind, now=now, retry_after=error.retry_after)
    else:
        resume_at = now + OPERATOR_MUST_ACT
    for notice, _error in refused:
        Notice.objects.filter(pk=notice.pk, claim=notice.claim, status=NoticeStatus.SENDING).update(
            status=NoticeStatus.QUEUED,
            lease_until=None,
            next_attempt_at=resume_at,
            error_text=str(error)[:255],
            **REFUSED_FOR_GOOD if not isinstance(error, ProviderUnavailable) else {},
        )
    return False
