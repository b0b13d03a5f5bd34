"""Reports about the texts to one person."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from wagtail_sms.delivery.many import any_of, any_text_of, fetch
from wagtail_sms.delivery.models import Notice
from wagtail_sms.delivery.notice_queue import LOST, refund_undelivered, settle_accepted
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.states import NOTICE_RANK, NoticeStatus


_N = NoticeStatus
NOTICE_STATUS = {
    ReportStatus.SENT: _N.SENT,
    ReportStatus.DELIVERED: _N.DELIVERED,
    ReportStatus.UNDELIVERED: _N.UNDELIVERED,
    ReportStatus.EXPIRED: _N.EXPIRED,
    ReportStatus.REJECTED: _N.UNDELIVERED,
}


class Said(NamedTuple):
    """A report about a notice, as much of it as folding needs."""

    provider: str
    reference: str
    status: str
    error_code: str
    error_text: str


def lock_notices(references: Collection[str]) -> dict[int, dict[str, Notice]]:
    """The notices of these references, `{site: {reference: notice}}`, locked in the order of their keys."""
    mine, parameters = any_text_of("reference", references)
    found = Notice.objects.select_for_update().filter(RawSQL(mine, parameters, output_field=BooleanField()))  # noqa: S611
    by_site: dict[int, dict[str, Notice]] = defaultdict(dict)
    for notice in found.order_by("pk"):
        by_site[notice.site_id][notice.reference] = notice
    return by_site


def fold_notices(notices: dict[str, Notice], events: Collection[int]) -> None:
    """Move notices forward by rank, the earliest of these events first. In the caller's transaction."""
    for said in _about(notices, events):
        notice, reported = notices[said.reference], NOTICE_STATUS.get(said.status)
        current = _N.UNCERTAIN if _was_given_up(notice) else notice.status
        known = reported and notice.provider == said.provider and current in NOTICE_RANK
        if known and NOTICE_RANK[reported] > NOTICE_RANK[current]:
            _move(notice, reported, said)


def _was_given_up(notice: Notice) -> bool:
    return notice.status == _N.CANCELLED and notice.error_code == LOST


def _about(notices: dict[str, Notice], events: Collection[int]) -> list[Said]:
    if not notices:
        return []
    mine, parameters = any_of("id", events)
    theirs, references = any_text_of("reference", notices)
    columns = ", ".join(Said._fields)
    query = f"""
        SELECT {columns} FROM wagtail_sms_foldedreport WHERE {mine} AND {theirs} ORDER BY occurred_at, id
    """  # noqa: S608 only our own expressions are interpolated
    return [Said._make(row) for row in fetch(query, [*parameters, *references])]


def _move(notice: Notice, reported: str, said: Said) -> None:
    if notice.status in (_N.UNCERTAIN, _N.SENDING):
        settle_accepted(notice)
    notice.status, notice.error_code, notice.error_text = reported, said.error_code, said.error_text
    notice.save(update_fields=["status", "error_code", "error_text"])
    if reported in (_N.UNDELIVERED, _N.EXPIRED):
        refund_undelivered(notice)
