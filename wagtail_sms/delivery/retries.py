"""Deliveries of a campaign that failed in a way that may be tried again, and the one campaign that does so for each.

Written as SQL because each must be one statement at any number of failures.
"""

from dataclasses import dataclass

from wagtail_sms.delivery.failures import kind_of
from wagtail_sms.delivery.many import execute, fetch
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.delivery.settle import locked
from wagtail_sms.states import RETRYABLE, DeliveryStatus, SubscriberStatus


# Surely handed over and surely not arrived. Neither REJECTED nor what was lost: nobody's phone was tried.
NOT_ARRIVED = (DeliveryStatus.UNDELIVERED, DeliveryStatus.EXPIRED)
COUNT = """
    SELECT s.country, r.credits, COUNT(*), MAX(d.subscriber_id)
    FROM wagtail_sms_delivery d JOIN wagtail_sms_batch b ON b.id = d.batch_id
    LEFT JOIN wagtail_sms_subscriber s ON s.id = d.subscriber_id AND s.site_id = %s AND s.status = %s
    LEFT JOIN wagtail_sms_countryrate r ON r.card_id = %s AND r.country = s.country
    WHERE d.campaign_id = %s AND {failed} AND {whose}
    GROUP BY s.country, r.credits
"""
# Only whom the message can go to: the others stay, for when they can be texted again.
TAKE = """
    UPDATE wagtail_sms_delivery SET retry_id = %s
    FROM wagtail_sms_batch b, wagtail_sms_subscriber s, wagtail_sms_countryrate r
    WHERE wagtail_sms_delivery.campaign_id = %s AND wagtail_sms_delivery.retry_id IS NULL AND {failed}
      AND b.id = wagtail_sms_delivery.batch_id
      AND s.id = wagtail_sms_delivery.subscriber_id AND s.site_id = %s AND s.status = %s
      AND r.card_id = %s AND r.country = s.country
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """People of one country at one price, `through` the last of them. No country: they can't be texted any more."""

    country: str | None
    credits: int | None
    people: int
    through: int


def count(campaign, *, card_id: int | None, taken_by: int | None = None) -> list[Failed]:
    """The failures of this campaign that may be tried again, or those that another one has taken. Two queries."""
    failed, parameters = _failed(campaign, "d", taken_by=taken_by)
    whose, taker = ("d.retry_id = %s", [taken_by]) if taken_by else ("d.retry_id IS NULL", [])
    fixed = [campaign.site_id, SubscriberStatus.ACTIVE.value, card_id, campaign.pk]
    rows = fetch(COUNT.format(failed=failed, whose=whose), [*fixed, *parameters, *taker])
    return [Failed(*row) for row in rows]


def take(campaign, *, by: int, card_id: int | None) -> int:
    """Give what can be tried again to the campaign `by`, each failure once and for good. Returns how many.

    Batches are locked first, as for whoever folds their reports. In the caller's transaction.
    """
    open_failures = Delivery.objects.filter(campaign=campaign.pk, status__in=NOT_ARRIVED, retry_id=None).order_by()
    locked(open_failures.values_list("batch_id", flat=True).distinct())
    failed, parameters = _failed(campaign, "wagtail_sms_delivery")
    reachable = [campaign.site_id, SubscriberStatus.ACTIVE.value, card_id]
    return execute(TAKE.format(failed=failed), [by, campaign.pk, *parameters, *reachable])


def _failed(campaign, alias: str, *, taken_by: int | None = None) -> tuple[str, list]:
    """The condition that a delivery failed in such a way, with its parameters: what its reasons are is asked first."""
    found = Delivery.objects.filter(campaign=campaign.pk, status__in=NOT_ARRIVED, retry_id=taken_by).order_by()
    groups = found.values_list("batch__provider", "status", "reason").distinct()
    retryable = [group for group in groups if kind_of(*group) in RETRYABLE]
    each = f"(b.provider = %s AND {alias}.status = %s AND {alias}.reason = %s)"
    sql = " OR ".join([each] * len(retryable)) or "1 = 0"
    return f"({sql})", [value for group in retryable for value in group]
