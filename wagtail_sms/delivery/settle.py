"""Credits follow what became of the messages: accepted is spent, unsent is given back, uncertain stays held."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import ranges
from wagtail_sms.delivery.many import any_of, execute, fetch, table_of
from wagtail_sms.delivery.models import Batch, new_reference
from wagtail_sms.signals import campaign_finished
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus


_D = DeliveryStatus
TAKEN = (_D.ACCEPTED, _D.SENT, _D.DELIVERED, _D.UNDELIVERED, _D.EXPIRED)
# In a batch that is UNCERTAIN.
IN_DOUBT = {_D.HANDED, _D.UNCERTAIN}
OPEN = (BatchStatus.QUEUED, BatchStatus.SENDING)
# What came to nothing although the provider took it: given back if the operator's policy says so.
REFUNDABLE = (_D.UNDELIVERED, _D.EXPIRED)


@dataclass(slots=True)
class Figures:
    """What settling needs of a batch, and changes."""

    id: int
    status: str
    credits: int
    charged_credits: int
    released_credits: int
    refunded_credits: int


FIELDS = tuple(field.name for field in fields(Figures))
SETTLED = {"id": "bigint", "status": "text", "charged": "bigint", "released": "bigint", "refunded": "bigint"}


def settle_batches(campaign, batch_ids: Iterable[int], *, note: str = "") -> None:
    """Bring the ledger to what these batches' states say. Idempotent; runs in the caller's transaction.

    `note` explains the lines in the ledger. Batch rows are locked in the order of their keys, all of them before the
    wallet.
    """
    batches = [figures for figures, _claim in locked(batch_ids)]
    if batches:
        moved = work_out(batches)
        _write_figures(batches)
        move_credits(campaign, moved, note=note)


def move_credits(campaign, total: Counter, *, note: str = "") -> None:
    """What `work_out` found for some batches of this campaign, in the ledger."""
    moved = {verb: amount for verb, amount in total.items() if amount > 0}
    if moved:
        ledger.settle(campaign.reservation, key=f"campaign:{campaign.pk}:{new_reference()}", note=note, **moved)


def locked(batch_ids: Iterable[int]) -> list[tuple[Figures, str]]:
    """The batches' figures and claims, in the order of their keys; held until the transaction ends."""
    mine, parameters = any_of("id", sorted(batch_ids))
    lock = "FOR UPDATE" if connection.features.has_select_for_update else ""
    query = f"SELECT {', '.join(FIELDS)}, claim FROM wagtail_sms_batch WHERE {mine} ORDER BY id {lock}"  # noqa: S608
    return [(Figures(*figures), claim) for *figures, claim in fetch(query, parameters)]


def work_out(batches: list[Figures]) -> Counter:
    """Bring the figures, not yet their rows, to what the states say; returns what the ledger still has to move."""
    sums, moved = _sums(batches), Counter()
    for batch in batches:
        if batch.status == BatchStatus.UNCERTAIN and not IN_DOUBT & sums[batch.id].keys():
            batch.status = BatchStatus.DONE
        charged, back = _figures(batch, sums[batch.id])
        failed = _refundable(batch, sums[batch.id])
        moved["captured"] += charged - batch.charged_credits
        moved["released"] += back - batch.released_credits
        moved["refunded"] += failed - batch.refunded_credits
        batch.charged_credits, batch.released_credits, batch.refunded_credits = charged, back, failed
    return moved


def _write_figures(batches: list[Figures]) -> None:
    rows = [(b.id, str(b.status), b.charged_credits, b.released_credits, b.refunded_credits) for b in batches]
    table, parameters = table_of(SETTLED, rows)
    query = f"""
        UPDATE wagtail_sms_batch SET status = settled.status, charged_credits = settled.charged,
               released_credits = settled.released, refunded_credits = settled.refunded
        FROM {table} AS settled WHERE wagtail_sms_batch.id = settled.id
    """  # noqa: S608 only our own expressions are interpolated
    execute(query, parameters)


def _sums(batches: list[Figures]) -> dict[int, dict[int, int]]:
    """`{batch: {delivery status: credits}}`."""
    deliveries, mine, parameters = ranges.deliveries([batch.id for batch in batches])
    query = f"SELECT b.id, d.status, SUM(d.credits) FROM {deliveries} WHERE {mine} GROUP BY b.id, d.status"  # noqa: S608
    sums: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for batch_id, status, total in fetch(query, parameters):
        sums[batch_id][status] = total
    return sums


def _figures(batch: Figures, sums: dict[int, int]) -> tuple[int, int]:
    """Credits to be spent and to be given back by now; what is left of the batch's credits stays held."""
    if batch.status in OPEN:
        return batch.charged_credits, batch.released_credits
    taken = sum(sums[status] for status in TAKEN)
    in_doubt = sums[_D.UNCERTAIN]
    if batch.status == BatchStatus.DONE:
        taken += sums[_D.HANDED]
    elif batch.status == BatchStatus.UNCERTAIN:
        in_doubt += sums[_D.HANDED]
    return taken, batch.credits - taken - in_doubt


def _refundable(batch: Figures, sums: dict[int, int]) -> int:
    """Credits to be refunded by now. Never less than before: a text that arrives after all is not charged again."""
    if not app_settings.REFUND_UNDELIVERED or batch.status in OPEN:
        return batch.refunded_credits
    return max(batch.refunded_credits, sum(sums[status] for status in REFUNDABLE))


def spent() -> Q:
    """Deliveries whose credits are spent: what `_figures` says batch by batch, as a condition for longer sums."""
    taken = Q(status__in=TAKEN) & ~Q(batch__status__in=OPEN)
    return taken | Q(status=_D.HANDED, batch__status=BatchStatus.DONE)


def finish_if_over(campaign, *, now: datetime | None = None) -> bool:
    """Close a campaign of which nothing waits any more, and its reservation once nothing is uncertain.

    Returns whether this call ended the campaign. Runs in its own transaction.
    """
    now = now or timezone.now()
    model = type(campaign)
    with transaction.atomic():
        mine = model.objects.filter(pk=campaign.pk, planned_at__isnull=False)
        batches = Batch.objects.filter(campaign=campaign.pk)
        if batches.filter(status__in=OPEN).exists():
            return False
        ended = mine.filter(status=CampaignStatus.SENDING).update(status=CampaignStatus.DONE, finished_at=now)
        over = mine.filter(status__in=(CampaignStatus.DONE, CampaignStatus.CANCELLED)).exists()
        if over and not _in_doubt(campaign.pk):
            ledger.close(campaign.reservation, key=f"campaign:{campaign.pk}:close")
        if ended:
            campaign.refresh_from_db()
            transaction.on_commit(lambda: campaign_finished.send_robust(sender=model, campaign=campaign), robust=True)
    return bool(ended)


def _in_doubt(campaign_id: int) -> bool:
    """Whether some credits of the campaign are still held for messages nobody knows the fate of."""
    held = F("credits") - F("charged_credits") - F("released_credits")
    batches = Batch.objects.filter(campaign=campaign_id, status=BatchStatus.UNCERTAIN).annotate(held=held)
    return batches.filter(held__gt=0).exists()
