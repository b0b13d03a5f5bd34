"""Delivery reports: appended raw by the webhook, folded later by a task that only moves states forward by rank."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from wagtail_sms.delivery.models import Batch, Delivery, Notice, ReportEvent
from wagtail_sms.delivery.notice_queue import settle_accepted
from wagtail_sms.delivery.settle import finish_if_over, settle_batches
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.signals import delivery_updated
from wagtail_sms.states import NOTICE_RANK, RANK, DeliveryStatus, NoticeStatus
from wagtail_sms.storable import storable
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.wake import wake


FOLD_AT_ONCE = 2000
_D, _N = DeliveryStatus, NoticeStatus
DELIVERY_STATUS = {
    ReportStatus.SENT: _D.SENT,
    ReportStatus.DELIVERED: _D.DELIVERED,
    ReportStatus.UNDELIVERED: _D.UNDELIVERED,
    ReportStatus.EXPIRED: _D.EXPIRED,
    ReportStatus.REJECTED: _D.UNDELIVERED,
}
NOTICE_STATUS = {
    ReportStatus.SENT: _N.SENT,
    ReportStatus.DELIVERED: _N.DELIVERED,
    ReportStatus.UNDELIVERED: _N.UNDELIVERED,
    ReportStatus.EXPIRED: _N.EXPIRED,
    ReportStatus.REJECTED: _N.UNDELIVERED,
}


def append(reports: Iterable[StatusReport], *, provider: str, now: datetime | None = None) -> None:
    """Keep reports as they came: one INSERT; a report that came before is ignored. In the caller's transaction."""
    now = now or timezone.now()
    # While some wait, whoever brought them has woken the task that folds until none is left.
    nobody_woken = not ReportEvent.objects.filter(folded=False).exists()
    ReportEvent.objects.bulk_create(
        [
            ReportEvent(
                provider=provider,
                event_key=report.event_key[:64],
                reference=storable(report.reference)[:128],
                recipient=storable(report.recipient)[:16],
                provider_id=storable(report.provider_id)[:64],
                status=report.status,
                raw_status=storable(report.raw_status)[:40],
                error_code=storable(report.error_code)[:40],
                error_text=storable(report.error_text)[:255],
                occurred_at=report.occurred_at,
                received_at=now,
            )
            for report in reports
        ],
        ignore_conflicts=True,
    )
    if nobody_woken:
        wake("wagtail_sms.fold_reports")


def fold(*, limit: int = FOLD_AT_ONCE) -> int:
    """Fold the oldest waiting reports into the states. Returns how many were folded. Own transaction per call."""
    with transaction.atomic():
        events = list(ReportEvent.objects.select_for_update().filter(folded=False).order_by("pk")[:limit])
        references = {event.reference for event in events}
        # Rows before the wallet, as everywhere: settling a batch takes it.
        notices = {n.reference: n for n in Notice.objects.select_for_update().filter(reference__in=references)}
        batches = _lock_batches(references)
        by_batch = defaultdict(list)
        for event in events:
            if event.reference in batches:
                by_batch[batches[event.reference]].append(event)
        campaigns = {_fold_batch(batch, found) for batch, found in sorted(by_batch.items(), key=lambda i: i[0].pk)}
        _fold_notices(events, notices)
        ReportEvent.objects.filter(pk__in=[event.pk for event in events]).update(folded=True)
    for campaign in campaigns - {None}:
        finish_if_over(campaign)
    return len(events)


def _lock_batches(references: set[str]) -> dict[str, Batch]:
    """The reports' batches, locked in the order of their keys and before any delivery, as whoever records does."""
    found = Batch.objects.filter(reference__in=references).select_related("campaign").order_by("pk")
    return {batch.reference: batch for batch in found.select_for_update(of=("self",))}


def better(current: int, reported: int) -> bool:
    """Whether a report moves a delivery on: by rank only, but a late DELIVERED replaces a failure."""
    if current not in RANK:
        return False
    if reported == _D.DELIVERED and current in (_D.UNDELIVERED, _D.EXPIRED):
        return True
    return RANK[reported] > RANK[current]


def _fold_batch(batch: Batch, events: list[ReportEvent]):
    """Returns the campaign whose rows moved, or None."""
    numbers = {event.recipient for event in events}
    people = dict(
        Subscriber.objects.filter(site_id=batch.campaign.site_id, number__in=numbers).values_list("number", "pk")
    )
    rows = Delivery.objects.filter(campaign=batch.campaign_id, subscriber_id__in=people.values(), batch=batch.pk)
    before = dict(rows.select_for_update().values_list("subscriber_id", "status"))
    after = dict(before)
    for event in sorted(events, key=lambda event: event.occurred_at):
        person, reported = people.get(event.recipient), DELIVERY_STATUS.get(event.status)
        if person in after and reported is not None and better(after[person], reported):
            after[person] = reported
    moved = _write(rows, before, after)
    if not moved:
        return None
    settle_batches(batch.campaign, [batch.pk])
    transaction.on_commit(
        lambda: delivery_updated.send_robust(sender=Delivery, campaign=batch.campaign, count=moved),
        robust=True,
    )
    return batch.campaign


def _write(rows, before: dict[int, int], after: dict[int, int]) -> int:
    by_status = defaultdict(list)
    for person, status in after.items():
        if status != before[person]:
            by_status[status].append(person)
    for status, people in by_status.items():
        rows.filter(subscriber_id__in=people).update(status=status)
    return sum(map(len, by_status.values()))


def _fold_notices(events: list[ReportEvent], notices: dict[str, Notice]) -> None:
    for event in sorted(events, key=lambda event: event.occurred_at):
        notice, reported = notices.get(event.reference), NOTICE_STATUS.get(event.status)
        if notice is None or reported is None or notice.status not in NOTICE_RANK:
            continue
        late_success = reported == _N.DELIVERED and notice.status in (_N.UNDELIVERED, _N.EXPIRED)
        if not late_success and NOTICE_RANK[reported] <= NOTICE_RANK[notice.status]:
            continue
        if notice.status in (_N.UNCERTAIN, _N.SENDING):
            settle_accepted(notice)
        notice.status = reported
        notice.error_code, notice.error_text = event.error_code, event.error_text
        notice.save(update_fields=["status", "error_code", "error_text"])
