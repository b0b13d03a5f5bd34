"""Credits follow what became of the messages: accepted is spent, unsent is given back, uncertain stays held."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Batch, Delivery, new_reference
from wagtail_sms.signals import campaign_finished
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus


_D = DeliveryStatus
TAKEN = (_D.ACCEPTED, _D.SENT, _D.DELIVERED, _D.UNDELIVERED, _D.EXPIRED)
# In a batch that is UNCERTAIN.
IN_DOUBT = {_D.HANDED, _D.UNCERTAIN}
OPEN = (BatchStatus.QUEUED, BatchStatus.SENDING)


def settle_batches(campaign, batch_ids: Iterable[int]) -> None:
    """Bring the ledger to what these batches' states say. Idempotent; runs in the caller's transaction.

    Batch rows are locked in the order of their keys, before the wallet.
    """
    batches = list(Batch.objects.select_for_update().filter(pk__in=list(batch_ids)).order_by("pk"))
    if not batches:
        return
    sums = _sums(campaign, batches)
    captured = released = 0
    for batch in batches:
        if batch.status == BatchStatus.UNCERTAIN and not IN_DOUBT & sums[batch.pk].keys():
            batch.status = BatchStatus.DONE
        charged, back = _figures(batch, sums[batch.pk])
        captured += charged - batch.charged_credits
        released += back - batch.released_credits
        Batch.objects.filter(pk=batch.pk).update(status=batch.status, charged_credits=charged, released_credits=back)
    key = f"campaign:{campaign.pk}:{new_reference()}"
    if captured > 0:
        ledger.capture(campaign.reservation, amount=captured, key=f"{key}:capture")
    if released > 0:
        ledger.release(campaign.reservation, amount=released, key=f"{key}:release")


def _sums(campaign, batches: list[Batch]) -> dict[int, dict[int, int]]:
    """`{batch: {delivery status: credits}}`, found by the range of the primary key."""
    rows = (
        Delivery.objects.filter(
            campaign=campaign.pk,
            subscriber_id__gte=min(batch.first_id for batch in batches),
            subscriber_id__lte=max(batch.last_id for batch in batches),
            batch_id__in=[batch.pk for batch in batches],
        )
        .values_list("batch_id", "status")
        .annotate(total=Sum("credits"))
        .order_by()
    )
    sums: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for batch_id, status, total in rows:
        sums[batch_id][status] = total
    return sums


def _figures(batch: Batch, sums: dict[int, int]) -> tuple[int, int]:
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
