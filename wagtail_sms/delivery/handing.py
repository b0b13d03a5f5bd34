"""The statements behind a claim, for any number of batches: who is handed over, that we have them, and their numbers.

Written as SQL because each must be one statement. While requests are on their way, each statement costs what the
process's threads make it wait: on PostgreSQL batches that are tried for the first time take a single one.
"""

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from wagtail_sms.delivery import ranges
from wagtail_sms.delivery.many import any_of, execute, fetch
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.reach import cost, needs_link, within_reach
from wagtail_sms.states import BatchStatus, DeliveryStatus, SkipReason, SubscriberStatus


class Handed(NamedTuple):
    """Those of a batch who are to be texted, `{subscriber: E.164 number}` in the order of their keys, and the cost."""

    people: dict[int, str]
    credits: int


# Two campaigns never share a claim: `chosen` is about one of them.
IN_ONE = """
    WITH chosen AS MATERIALIZED ({chosen}),
    written AS (
        INSERT INTO wagtail_sms_delivery (campaign_id, subscriber_id, batch_id, status, credits, reason, country)
        SELECT {campaign}, subscriber_id, batch_id, status, credits, reason, country FROM chosen),
    claimed AS (
        UPDATE wagtail_sms_batch b SET status = %s, claim = %s, lease_until = %s, attempts = b.attempts + 1,
               handed = COALESCE(c.handed, 0)
        FROM wagtail_sms_batch mine LEFT JOIN (
            SELECT batch_id, COUNT(*) AS handed FROM chosen WHERE status <> %s GROUP BY batch_id
        ) c ON c.batch_id = mine.id
        WHERE b.id = mine.id AND {mine})
    SELECT batch_id, array_agg(subscriber_id ORDER BY subscriber_id), array_agg(number ORDER BY subscriber_id),
           SUM(credits)
    FROM chosen WHERE status = %s GROUP BY batch_id
"""
HANDED = """(
    SELECT COUNT(*) FROM wagtail_sms_delivery d
    WHERE d.campaign_id = wagtail_sms_batch.campaign_id
      AND d.subscriber_id BETWEEN wagtail_sms_batch.first_id AND wagtail_sms_batch.last_id
      AND d.batch_id = wagtail_sms_batch.id AND d.status <> %s)
"""


def hand_over_first(batches: list[Batch], *, token: str, lease_until: datetime) -> dict[int, Handed]:
    """Write the deliveries of one campaign's batches that nobody has tried yet, and that they are ours."""
    if connection.vendor != "postgresql":
        insert_deliveries(batches[0].campaign, batches)
        write_claim(batches, token=token, lease_until=lease_until)
        return handed_people(batches)
    chosen, parameters = _chosen(batches[0].campaign, batches)
    mine, batch_ids = any_of("mine.id", [batch.pk for batch in batches])
    query = IN_ONE.format(chosen=chosen, campaign="%s", mine=mine)
    claimed = [BatchStatus.SENDING.value, token, lease_until, DeliveryStatus.SKIPPED.value, *batch_ids]
    rows = fetch(query, [*parameters, batches[0].campaign.pk, *claimed, DeliveryStatus.HANDED.value])
    _note_claim(batches, token=token, lease_until=lease_until)
    handed = {batch.pk: Handed({}, 0) for batch in batches}
    # As arrays and not row by row: this is what a claim's processor time goes into.
    return handed | {pk: Handed(dict(zip(people, numbers, strict=True)), paid) for pk, people, numbers, paid in rows}


def insert_deliveries(campaign, batches: list[Batch]) -> None:
    """INSERT .. SELECT by ranges: HANDED who is reachable and unchanged since the launch, SKIPPED who is not any more.

    The primary key refuses a second delivery.
    """
    chosen, parameters = _chosen(campaign, batches)
    query = f"""
        INSERT INTO wagtail_sms_delivery (campaign_id, subscriber_id, batch_id, status, credits, reason, country)
        SELECT %s, subscriber_id, batch_id, status, credits, reason, country FROM ({chosen}) AS chosen
    """  # noqa: S608 only our own expressions are interpolated
    execute(query, [campaign.pk, *parameters])


def _chosen(campaign, batches: list[Batch]) -> tuple[str, list]:
    """SELECT of what is to be written about each person of the batches, with their numbers.

    Other batches lie over the same ranges; a batch's people are those whose country its provider serves, and whose
    texts end with a link if its text does.
    """
    reach, reach_parameters = within_reach(campaign)
    each, each_parameters = cost(campaign)
    link, link_parameters = needs_link(campaign)
    active, stopped = SubscriberStatus.ACTIVE.value, SubscriberStatus.STOPPED.value
    unreachable = SubscriberStatus.UNREACHABLE.value
    launched = connection.ops.adapt_datetimefield_value(campaign.launched_at)
    unchanged = "s.status = %s AND s.status_changed_at <= %s"
    people, mine, batch_ids = ranges.subscribers([batch.pk for batch in batches])
    query = f"""
        SELECT s.id AS subscriber_id, b.id AS batch_id,
               CASE WHEN {unchanged} THEN %s ELSE %s END AS status,
               CASE WHEN {unchanged} THEN {each} ELSE 0 END AS credits,
               CASE WHEN {unchanged} THEN ''
                    WHEN s.status = %s THEN %s WHEN s.status = %s THEN %s WHEN s.status = %s THEN %s ELSE %s
               END AS reason,
               s.country AS country, s.number AS number
        FROM {people} JOIN wagtail_sms_countryrate r
          ON r.card_id = %s AND r.country = s.country AND r.provider = b.provider
        WHERE {mine} AND {reach} {f"AND ({link}) = b.with_link" if link else ""}
    """  # noqa: S608 only our own expressions are interpolated
    now = [active, launched]
    parameters = [*now, DeliveryStatus.HANDED.value, DeliveryStatus.SKIPPED.value]
    parameters += [*now, *each_parameters, *now, stopped, SkipReason.STOPPED.value]
    parameters += [unreachable, SkipReason.UNREACHABLE.value]
    parameters += [active, SkipReason.CHANGED.value, SkipReason.SUSPENDED.value]
    parameters += [campaign.site_id, *now, campaign.card_id]
    return query, [*parameters, *batch_ids, *reach_parameters, *link_parameters]


def write_claim(batches: list[Batch], *, token: str, lease_until: datetime) -> None:
    """The batches are ours until `lease_until`; notes how many of their people have a delivery that is not SKIPPED."""
    mine, batch_ids = any_of("id", [batch.pk for batch in batches])
    query = f"""
        UPDATE wagtail_sms_batch SET status = %s, claim = %s, lease_until = %s, attempts = attempts + 1,
               handed = {HANDED}
        WHERE {mine}
    """  # noqa: S608 only our own condition is interpolated
    lease = connection.ops.adapt_datetimefield_value(lease_until)
    fixed = [BatchStatus.SENDING.value, token, lease, DeliveryStatus.SKIPPED.value]
    execute(query, [*fixed, *batch_ids])
    _note_claim(batches, token=token, lease_until=lease_until)


def count_handed(batch: Batch) -> None:
    """Note again how many of the batch's people have a delivery that is not SKIPPED."""
    query = f"UPDATE wagtail_sms_batch SET handed = {HANDED} WHERE id = %s"  # noqa: S608 only our own condition
    execute(query, [DeliveryStatus.SKIPPED.value, batch.pk])


def _note_claim(batches: list[Batch], *, token: str, lease_until: datetime) -> None:
    for batch in batches:
        batch.status, batch.claim, batch.lease_until = BatchStatus.SENDING, token, lease_until
        batch.attempts += 1


def handed_people(batches: list[Batch]) -> dict[int, Handed]:
    """Those who are to be texted, by batch, as their deliveries say."""
    deliveries, mine, batch_ids = ranges.deliveries([batch.pk for batch in batches])
    query = f"""
        SELECT b.id, d.subscriber_id, s.number, d.credits
        FROM {deliveries} JOIN wagtail_sms_subscriber s ON s.id = d.subscriber_id
        WHERE {mine} AND d.status = %s
    """  # noqa: S608 only our own expressions are interpolated
    people: dict[int, dict[int, str]] = {batch.pk: {} for batch in batches}
    paid = dict.fromkeys(people, 0)
    for batch_id, person, number, credits in sorted(fetch(query, [*batch_ids, DeliveryStatus.HANDED.value])):
        people[batch_id][person] = number
        paid[batch_id] += credits
    return {pk: Handed(numbers, paid[pk]) for pk, numbers in people.items()}
