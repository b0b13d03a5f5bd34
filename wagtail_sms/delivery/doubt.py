"""What is uncertain: how many people and credits, since when, what was tried, and whether it is a person's turn."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F

from wagtail_sms.delivery import ranges
from wagtail_sms.delivery.lookup import SCHEDULE
from wagtail_sms.delivery.many import fetch
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.providers import get_provider
from wagtail_sms.states import BatchStatus, DeliveryStatus, NoticeStatus


# Without a lookup only a report can tell, and reports are rarely later than that.
REPORTS_TAKE = timedelta(hours=1)
# A provider that can't be asked costs nobody a lookup; for so long after one was due it is waited for.
OUT_OF_REACH = timedelta(days=1)
IN_DOUBT = (DeliveryStatus.HANDED, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Uncertain texts: the people, the credits held for them, and the batches or notices that they are in.

    `since` is when the first outcome was lost, `lookups` how often the provider was asked, at most, and `next_lookup`
    when it is asked again, None when it is a person's turn.
    """

    people: int
    credits: int
    rows: tuple[Batch | Notice, ...]
    next_lookup: datetime | None = None

    @property
    def since(self) -> datetime:
        return min(map(lost_at, self.rows))

    @property
    def lookups(self) -> int:
        return max(row.lookups for row in self.rows)

    @property
    def figures(self) -> tuple[int, int]:
        """What somebody who decides has to have seen."""
        return self.people, self.credits


@dataclass(frozen=True, slots=True)
class Both:
    """What a person can decide, and what is still being looked up; None where there is nothing."""

    to_decide: Doubt | None
    looked_up: Doubt | None

    @classmethod
    def of(cls, rows: Iterable[Batch | Notice], *, now: datetime) -> Self:
        """Of batches of any campaigns, or of notices, that are uncertain."""
        mine, later = [], []
        for row in rows:
            (mine if is_a_persons_turn(row, now=now) else later).append(row)
        return cls(doubt(mine), doubt(later, next_lookup=min((row.next_attempt_at for row in later), default=None)))


def is_a_persons_turn(row: Batch | Notice, *, now: datetime) -> bool:
    """Whether nothing is to be hoped for any more but a late report: the lookups are over, or there are none."""
    if row.lookups >= len(SCHEDULE) or row.next_attempt_at <= now - OUT_OF_REACH:
        return True
    try:
        provider = get_provider(row.provider)
    except ImproperlyConfigured:
        return now >= lost_at(row) + REPORTS_TAKE
    if provider.supports_lookup:
        return False
    return now >= lost_at(row) + max(REPORTS_TAKE, provider.idempotency_key_lifetime or REPORTS_TAKE)


def lost_at(row: Batch | Notice) -> datetime:
    return row.finished_at or row.next_attempt_at


def doubt(rows: Iterable[Batch | Notice], *, next_lookup: datetime | None = None) -> Doubt | None:
    """All of them together; None when there are none."""
    rows = tuple(rows)
    if not rows:
        return None
    batches = [row.pk for row in rows if isinstance(row, Batch)]
    people = in_doubt(batches) if batches else {row.pk: (1, row.credits) for row in rows}
    heads, credits = (sum(column) for column in zip(*people.values(), strict=True)) if people else (0, 0)
    return Doubt(heads, credits, rows, next_lookup)


def in_doubt(batch_ids: list[int]) -> dict[int, tuple[int, int]]:
    """`{batch: (people in doubt, credits held for them)}` of batches that are UNCERTAIN."""
    deliveries, mine, parameters = ranges.deliveries(batch_ids)
    query = f"""
        SELECT b.id, COUNT(*), SUM(d.credits) FROM {deliveries} WHERE {mine} AND d.status IN (%s, %s) GROUP BY b.id
    """  # noqa: S608 only our own expressions are interpolated
    rows = fetch(query, [*parameters, *(status.value for status in IN_DOUBT)])
    return {batch_id: (people, int(credits)) for batch_id, people, credits in rows}


def uncertain_batches(**which):
    """Batches in doubt, the first lost first."""
    found = Batch.objects.filter(status=BatchStatus.UNCERTAIN, **which)
    return found.order_by(F("finished_at").asc(nulls_first=True), "pk")


def uncertain_notices(**which):
    found = Notice.objects.filter(status=NoticeStatus.UNCERTAIN, **which)
    return found.order_by(F("finished_at").asc(nulls_first=True), "pk")


def by_campaign(*, now: datetime) -> dict:
    """`{campaign: Both}` for every campaign of every site with somebody in doubt, the first lost first."""
    found = defaultdict(list)
    for batch in uncertain_batches().select_related("campaign__site"):
        found[batch.campaign].append(batch)
    return {campaign: Both.of(batches, now=now) for campaign, batches in found.items()}


def by_purpose(*, now: datetime) -> dict:
    """`{(site, purpose): Both}` for the texts to single people that are in doubt, the first lost first."""
    found = defaultdict(list)
    for notice in uncertain_notices().select_related("site"):
        found[notice.site, notice.purpose].append(notice)
    return {key: Both.of(notices, now=now) for key, notices in found.items()}
