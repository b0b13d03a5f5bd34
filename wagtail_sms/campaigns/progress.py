"""How far a campaign is: sums over its batches and deliveries, no counter anywhere."""

from dataclasses import dataclass, field

from django.db.models import Count, Q, Sum

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery.failures import FAILED, kind_of
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.delivery.settle import spent
from wagtail_sms.states import RETRYABLE, BatchStatus, CampaignStatus, DeliveryStatus, FailureKind, SkipReason


READS_AS = {
    BatchStatus.QUEUED: "waiting",
    BatchStatus.SENDING: "sending",
    BatchStatus.DONE: "accepted",
    BatchStatus.UNCERTAIN: "uncertain",
    BatchStatus.CANCELLED: "cancelled",
}
OWN_STATE = {
    DeliveryStatus.ACCEPTED: "accepted",
    DeliveryStatus.SENT: "sent",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.UNDELIVERED: "undelivered",
    DeliveryStatus.EXPIRED: "expired",
    DeliveryStatus.REJECTED: "rejected",
    DeliveryStatus.CANCELLED: "cancelled",
    DeliveryStatus.UNCERTAIN: "uncertain",
    DeliveryStatus.SKIPPED: "lost",  # the other reasons are counted by batch
}


@dataclass(frozen=True, slots=True)
class Failures:
    """People who failed alike; `state` is a field of Progress, `code` the provider's."""

    state: str
    kind: FailureKind
    code: str
    people: int
    is_taken: bool = False  # by a second try


@dataclass(slots=True)
class Progress:
    """People by the one state each is in, and credits by what became of them. The people sum up to `total`."""

    total: int
    waiting: int = 0
    sending: int = 0
    accepted: int = 0
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    expired: int = 0
    rejected: int = 0
    skipped: int = 0
    lost: int = 0
    uncertain: int = 0
    cancelled: int = 0
    # Of the skipped ones, why: those who were found out before they were cut into a batch are in none.
    skipped_why: dict[str, int] = field(default_factory=dict)
    failures: list[Failures] = field(default_factory=list)
    credits_confirmed: int = 0
    credits_charged: int = 0
    credits_held: int = 0
    credits_released: int = 0
    finished: bool = False
    by_country: tuple = ()

    @property
    def fraction(self) -> float:
        """Share of the people who wait for nothing more from us, 0 to 1."""
        return 1.0 if not self.total else (self.total - self.waiting - self.sending) / self.total

    @property
    def retryable(self) -> int:
        """People whom a second try may reach."""
        return sum(failed.people for failed in self.failures if failed.kind in RETRYABLE and not failed.is_taken)

    @property
    def handed_over(self) -> int:
        """People whose message the provider took, whatever the network made of it."""
        return self.accepted + self.sent + self.delivered + self.undelivered + self.expired


def progress(campaign: Campaign) -> Progress:
    """Read the state of everybody in three grouped queries."""
    found = Progress(
        total=campaign.recipients,
        credits_confirmed=campaign.credits,
        finished=campaign.status in (CampaignStatus.DONE, CampaignStatus.CANCELLED),
    )
    _count_deliveries(campaign, found)
    _count_batches(campaign, found)
    _read_credits(campaign, found)
    found.by_country = tuple(_by_country(campaign))
    return found


def state_of(status: int, batch_status: str, reason: str) -> str:
    """The field of Progress in which a delivery counts."""
    if status == DeliveryStatus.HANDED:
        return READS_AS[BatchStatus(batch_status)]
    if status == DeliveryStatus.SKIPPED and reason != SkipReason.LOST:
        return "skipped"
    return OWN_STATE[DeliveryStatus(status)]


def _count_deliveries(campaign: Campaign, found: Progress) -> None:
    rows = (
        Delivery.objects.filter(campaign=campaign)
        .values_list("status", "batch__status", "batch__provider", "reason", "retry_id")
        .annotate(people=Count("subscriber_id"))
        .order_by()
    )
    for status, batch_status, provider, reason, retry_id, people in rows:
        if status == DeliveryStatus.SKIPPED and reason != SkipReason.LOST:
            found.skipped_why[reason] = found.skipped_why.get(reason, 0) + people
            continue
        state = state_of(status, batch_status, reason)
        setattr(found, state, getattr(found, state) + people)
        if status in FAILED:
            found.failures.append(Failures(state, kind_of(provider, status, reason), reason, people, bool(retry_id)))


def _count_batches(campaign: Campaign, found: Progress) -> None:
    """People without a delivery: in batches never claimed, not cut yet, or gone before their batch was claimed."""
    claimed = Q(attempts__gt=0)
    batches = Batch.objects.filter(campaign=campaign)
    sums = batches.aggregate(
        planned=Sum("recipients"),
        untouched=Sum("recipients", filter=~claimed & Q(status=BatchStatus.QUEUED)),
        dropped=Sum("recipients", filter=~claimed & Q(status=BatchStatus.CANCELLED)),
        claimed=Sum("recipients", filter=claimed),
        handed=Sum("handed", filter=claimed),
    )
    planned, handed = sums["planned"] or 0, sums["handed"] or 0
    found.waiting += sums["untouched"] or 0
    found.cancelled += sums["dropped"] or 0
    found.skipped = (sums["claimed"] or 0) - handed - found.lost
    unplanned = max(0, campaign.recipients - planned)
    if found.finished and campaign.status == CampaignStatus.CANCELLED:
        found.cancelled += unplanned
    elif campaign.planned_at:
        found.skipped += unplanned
    else:
        found.waiting += unplanned


def _read_credits(campaign: Campaign, found: Progress) -> None:
    # Read anew: the campaign in hand may be older than the last settlement.
    reservation = Reservation.objects.filter(pk=campaign.reservation_id).first()
    if reservation is None:
        return
    found.credits_charged = reservation.captured
    found.credits_released = reservation.released
    found.credits_held = reservation.amount - reservation.captured - reservation.released


def _by_country(campaign: Campaign) -> list[dict]:
    """Deliveries by country, most first. They keep their country, so people who were deleted since count too."""
    rows = (
        Delivery.objects.filter(campaign=campaign)
        .values("country")
        .annotate(
            recipients=Count("subscriber_id"),
            delivered=Count("subscriber_id", filter=Q(status=DeliveryStatus.DELIVERED)),
            failed=Count("subscriber_id", filter=Q(status__in=FAILED)),
            credits=Sum("credits", filter=spent(), default=0),
        )
        .order_by("-recipients", "country")
    )
    return list(rows)
