"""Delivery reports: appended raw by the webhook, folded later by a task that only moves states forward by rank."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import carrier, replays, strange
from wagtail_sms.delivery.many import any_of, any_text_of, execute, fetch
from wagtail_sms.delivery.models import Batch, Delivery, FoldedReport
from wagtail_sms.delivery.moving import Move, find_again, move_on
from wagtail_sms.delivery.notice_reports import fold_notices, lock_notices
from wagtail_sms.delivery.settle import REFUNDABLE, finish_if_over, settle_batches
from wagtail_sms.providers.base import ReportStatus, Signed, StatusReport
from wagtail_sms.signals import delivery_updated
from wagtail_sms.states import BatchStatus
from wagtail_sms.storable import storable
from wagtail_sms.wake import wake_soon


# The more at once, the more often two reports are about the same person, who is then moved once.
FOLD_AT_ONCE = 20_000
PRUNED_AT_ONCE = 5000
# SQLite takes a limited number of values in one statement.
APPENDED_AT_ONCE = 500
COLUMNS = (
    "provider, event_key, reference, recipient, provider_id, status, raw_status, error_code, error_text, occurred_at, "
    "received_at"
)
# SQLite has no WITH for what changes rows, and nobody who would fold at the same time.
TAKE = f"""
    WITH oldest AS (
        SELECT id FROM wagtail_sms_reportevent ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM wagtail_sms_reportevent waiting USING oldest WHERE waiting.id = oldest.id RETURNING waiting.*
    ), {replays.FRESH}
    INSERT INTO wagtail_sms_foldedreport ({COLUMNS}) SELECT {COLUMNS} FROM taken
    WHERE {replays.IS_FRESH}
    ORDER BY id RETURNING id, reference
"""  # noqa: S608 only our own names


class _Batch(NamedTuple):
    """What folding needs of a batch. `is_short`: not everybody of it was handed over, or somebody counts as lost."""

    pk: int
    status: str
    is_short: bool


def append(
    reports: Iterable[StatusReport], *, provider: str, call: Signed | None = None, now: datetime | None = None
) -> None:
    """Keep reports as they came: one INSERT, with or without a transaction; what waits already is not kept twice.

    Whatever comes again after it was folded is folded again, and moves nothing. `call` is what brought them: if it was
    seen before, they are not kept again. Of one report alone, as they come by the thousand, the call is kept with it,
    and compared with those that were seen when it is folded.
    """
    now, reports = connection.ops.adapt_datetimefield_value(now or timezone.now()), list(reports)
    rows = [(provider, *_row(report), now) for report in reports]
    if not rows:
        return
    if call is not None and _compared_when_folded(reports):
        kept = _keep([(*rows[0], *replays.noted(call, provider=provider))], f"{COLUMNS}, call, call_until")
    else:
        with transaction.atomic() if call is not None or len(rows) > APPENDED_AT_ONCE else nullcontext():
            kept = _keep(rows, COLUMNS) if replays.is_first(call, provider=provider) else 0
    if kept:
        strange.note_statuses(reports, provider=provider)
    carrier.heed(reports, provider=provider)
    wake_soon("wagtail_sms.fold_reports")


def _compared_when_folded(reports: list[StatusReport]) -> bool:
    """Unknown words are counted as they come, so their calls are compared then too. As are all on SQLite."""
    return len(reports) == 1 and reports[0].status != ReportStatus.UNKNOWN and connection.vendor == "postgresql"


def _keep(rows: list[tuple], columns: str) -> int:
    """Insert them in the order of their keys: the same call may come twice at once, its reports in another order."""
    kept, rows = 0, sorted(rows, key=itemgetter(1))
    for first in range(0, len(rows), APPENDED_AT_ONCE):
        some = rows[first : first + APPENDED_AT_ONCE]
        values = ", ".join([f"({', '.join(['%s'] * len(some[0]))})"] * len(some))
        query = f"INSERT INTO wagtail_sms_reportevent ({columns}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608
        kept += execute(query, [value for row in some for value in row])
    return kept


def _row(report: StatusReport) -> tuple:
    return (
        report.event_key[:64],
        storable(report.reference)[:128],
        storable(report.recipient)[:16],
        storable(report.provider_id)[:64],
        str(report.status),
        storable(report.raw_status)[:40],
        storable(report.error_code)[:40],
        storable(report.error_text)[:255],
        connection.ops.adapt_datetimefield_value(report.occurred_at),
    )


def fold(*, limit: int = FOLD_AT_ONCE) -> int:
    """Fold the oldest waiting reports into the states. Returns how many were folded. Own transaction per call."""
    with transaction.atomic():
        events, references = _take(limit)
        if not events:
            return 0
        notices, batches = lock_notices(references), _lock_batches(references)
        moves = _move(events, batches)
        # Rows before wallets, and wallets in the order of their sites: so does everybody who holds several.
        proven = set()
        for site_id in sorted({*notices, *(campaign.site_id for campaign in moves)}):
            fold_notices(notices.get(site_id, {}), events)
            for campaign in [campaign for campaign in moves if campaign.site_id == site_id]:
                proven |= _settle(campaign, moves[campaign], batches)
    for campaign in proven:
        finish_if_over(campaign)
    return len(events)


def prune(*, now: datetime) -> int:
    """Delete folded reports older than REPORTS_KEPT_DAYS, a few thousand at a time. Returns how many.

    Their keys follow the order in which they came, nearly: the first that have nothing old among them end it.
    """
    limit, deleted = now - timedelta(days=app_settings.REPORTS_KEPT_DAYS), 0
    while True:
        first = FoldedReport.objects.order_by("pk").values_list("pk", "received_at")[:PRUNED_AT_ONCE]
        ids = [pk for pk, received_at in first if received_at < limit]
        if not ids:
            return deleted
        deleted += FoldedReport.objects.filter(pk__in=ids).delete()[0]


def _take(limit: int) -> tuple[list[int], set[str]]:
    """Move the oldest waiting reports to the folded ones, where their keys are new; returns these and the references.

    Of two tasks that fold at once, each takes others.
    """
    if connection.vendor == "postgresql":
        rows = fetch(TAKE, [limit])
        return [event for event, _reference in rows], {reference for _event, reference in rows}
    rows = fetch("SELECT id, reference FROM wagtail_sms_reportevent ORDER BY id LIMIT %s", [limit])
    mine, parameters = any_of("id", [waiting for waiting, _reference in rows])
    move = f"""
        INSERT INTO wagtail_sms_foldedreport ({COLUMNS})
        SELECT {COLUMNS} FROM wagtail_sms_reportevent WHERE {mine} ORDER BY id RETURNING id
    """  # noqa: S608 only our own expressions are interpolated
    events = [event for (event,) in fetch(move, parameters)]
    execute(f"DELETE FROM wagtail_sms_reportevent WHERE {mine}", parameters)  # noqa: S608
    return events, {reference for _waiting, reference in rows}


def _lock_batches(references: Collection[str]) -> dict[int, _Batch]:
    """The batches of these references, locked in the order of their keys."""
    mine, parameters = any_text_of("reference", references)
    lock = "FOR UPDATE" if connection.features.has_select_for_update else ""
    query = f"""
        SELECT id, status, handed < recipients FROM wagtail_sms_batch WHERE {mine} ORDER BY id {lock}
    """  # noqa: S608 only our own expressions are interpolated
    return {row[0]: _Batch._make(row) for row in fetch(query, parameters)}


def _move(events: Collection[int], batches: dict[int, _Batch]) -> dict[Any, list[Move]]:
    """Move deliveries on, also of those who were taken for lost: the network knows better. `{campaign: its moves}`."""
    short = [batch.pk for batch in batches.values() if batch.is_short]
    for found, people in find_again(events, short).items():
        Batch.objects.filter(pk=found.batch_id).update(handed=F("handed") + people)
    moves, by_campaign = move_on(events), defaultdict(list)
    campaigns = apps.get_model("wagtail_sms", "Campaign").objects.in_bulk({move.campaign_id for move in moves})
    for move in moves:
        by_campaign[campaigns[move.campaign_id]].append(move)
    for campaign, made in by_campaign.items():
        people = sum(moves[move] for move in made)
        told = partial(delivery_updated.send_robust, sender=Delivery, campaign=campaign, count=people)
        transaction.on_commit(told, robust=True)
    return by_campaign


def _settle(campaign, moves: list[Move], batches: dict[int, _Batch]) -> set:
    """Credits follow where a doubt was resolved, and where what did not arrive is refunded.

    Returns the campaign, in a set, if a doubt was.
    """
    doubtful = {move.batch_id for move in moves if batches[move.batch_id].status == BatchStatus.UNCERTAIN}
    failed = {move.batch_id for move in moves if move.status in REFUNDABLE}
    affected = doubtful | failed if app_settings.REFUND_UNDELIVERED else doubtful
    if affected:
        settle_batches(campaign, affected)
    return {campaign} if doubtful else set()
