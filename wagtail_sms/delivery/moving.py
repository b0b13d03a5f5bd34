"""The SQL that moves deliveries on to what reports say, thousands at a time: no report passes through Python.

For each delivery the report of the highest rank counts, of equal ones the earliest. Written as SQL because each must
be one statement.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from wagtail_sms.delivery import failures, ranges
from wagtail_sms.delivery.many import any_of, fetch
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.states import RANK, DeliveryStatus, SkipReason


_D = DeliveryStatus
DELIVERY_STATUS = {
    ReportStatus.SENT: _D.SENT,
    ReportStatus.DELIVERED: _D.DELIVERED,
    ReportStatus.UNDELIVERED: _D.UNDELIVERED,
    ReportStatus.EXPIRED: _D.EXPIRED,
    ReportStatus.REJECTED: _D.UNDELIVERED,
}
# Above all of them: what has no rank is moved by no report.
NO_RANK = max(RANK.values()) + 1
# A report finds its batch by our reference, and counts only from the provider that has the message.
UPDATE = """
    WITH told AS (
        SELECT b.id AS batch_id, b.campaign_id, e.recipient, e.occurred_at, e.id,
               {told} AS status, {told_rank} AS standing, {why} AS why
        FROM wagtail_sms_foldedreport e
        JOIN wagtail_sms_batch b ON b.reference = e.reference AND b.provider = e.provider
        WHERE {mine}
    ), best AS (
        SELECT told.*, ROW_NUMBER() OVER (
            PARTITION BY batch_id, recipient ORDER BY standing DESC, occurred_at, id
        ) AS place
        FROM told
    )
    UPDATE wagtail_sms_delivery SET status = {to}, reason = {because}
    FROM best JOIN wagtail_sms_campaign c ON c.id = best.campaign_id
    JOIN wagtail_sms_subscriber s ON s.site_id = c.site_id AND s.number = best.recipient
    WHERE best.place = 1 AND best.standing > 0 AND wagtail_sms_delivery.campaign_id = best.campaign_id
      AND wagtail_sms_delivery.subscriber_id = s.id AND wagtail_sms_delivery.batch_id = best.batch_id
      AND {where}
    RETURNING wagtail_sms_delivery.campaign_id, wagtail_sms_delivery.batch_id, wagtail_sms_delivery.status
"""


class Move(NamedTuple):
    """Somebody of this batch came to this delivery status."""

    campaign_id: int
    batch_id: int
    status: int


def move_on(events: Collection[int]) -> Counter[Move]:
    """Move deliveries on by rank. Returns how many people made which move. In the caller's transaction."""
    current = _case("wagtail_sms_delivery.status", {status.value: rank for status, rank in RANK.items()}, NO_RANK)
    because = f"CASE WHEN best.status IN ({_D.UNDELIVERED:d}, {_D.EXPIRED:d}) THEN best.why ELSE '' END"
    return _update(events, to="best.status", because=because, where=f"{current} < best.standing")


def find_again(events: Collection[int], batch_ids: Collection[int]) -> Counter[Move]:
    """Whoever of these batches was taken for lost and is reported after all becomes UNCERTAIN again.

    In the caller's transaction.
    """
    batch_ids = _with_somebody_lost(batch_ids) if batch_ids else []
    if not batch_ids:
        return Counter()
    mine, parameters = any_of("wagtail_sms_delivery.batch_id", batch_ids)
    lost = f"wagtail_sms_delivery.status = {_D.SKIPPED:d} AND wagtail_sms_delivery.reason = '{SkipReason.LOST}'"
    return _update(events, to=f"{_D.UNCERTAIN:d}", where=f"{lost} AND {mine}", parameters=parameters)


def _with_somebody_lost(batch_ids: Collection[int]) -> list[int]:
    deliveries, mine, parameters = ranges.deliveries(batch_ids)
    query = f"SELECT DISTINCT b.id FROM {deliveries} WHERE {mine} AND d.status = %s AND d.reason = %s"  # noqa: S608
    return [batch_id for (batch_id,) in fetch(query, [*parameters, _D.SKIPPED.value, SkipReason.LOST.value])]


def _update(
    events: Collection[int], *, to: str, where: str, because: str = "''", parameters: Collection = ()
) -> Counter[Move]:
    mine, ids = any_of("e.id", events)
    why, words = failures.reason("e")
    statuses = {str(said): int(status) for said, status in DELIVERY_STATUS.items()}
    ranks = {str(said): RANK[status] for said, status in DELIVERY_STATUS.items()}
    query = UPDATE.format(
        told=_case("e.status", statuses),
        told_rank=_case("e.status", ranks),
        why=why,
        mine=mine,
        to=to,
        because=because,
        where=where,
    )
    return Counter(map(Move._make, fetch(query, [*words, *ids, *parameters])))


def _case(column: str, meanings: Mapping, otherwise: int = 0) -> str:
    """SQL for the number that a value of `column` stands for."""
    whens = " ".join(f"WHEN {_literal(value)} THEN {number}" for value, number in meanings.items())
    return f"CASE {column} {whens} ELSE {otherwise} END"


def _literal(value: str | int) -> str:
    return f"'{value}'" if isinstance(value, str) else str(int(value))
