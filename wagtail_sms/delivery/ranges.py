"""The rows that lie in the ranges of batches, range by range: a batch that is tried again may lie far from the others.

The planner takes a join on a range for much larger than it is. LATERAL with OFFSET 0 keeps PostgreSQL to one range
a batch; SQLite is held to the same order by CROSS JOIN, and off other indexes by the plus signs.
"""

from collections.abc import Collection

from django.db import connection

from wagtail_sms.delivery.many import any_of


DELIVERIES = {
    "postgresql": """
        wagtail_sms_batch b CROSS JOIN LATERAL (
            SELECT subscriber_id, status, credits, reason FROM wagtail_sms_delivery
            WHERE campaign_id = b.campaign_id AND subscriber_id BETWEEN b.first_id AND b.last_id AND batch_id = b.id
            OFFSET 0
        ) d
    """,
    "sqlite": """
        wagtail_sms_batch b CROSS JOIN wagtail_sms_delivery d
          ON d.campaign_id = b.campaign_id AND d.subscriber_id BETWEEN b.first_id AND b.last_id AND d.batch_id = b.id
    """,
}
SUBSCRIBERS = {
    "postgresql": """
        wagtail_sms_batch b CROSS JOIN LATERAL (
            SELECT id, number, country, status, status_changed_at FROM wagtail_sms_subscriber
            WHERE site_id = %s AND id BETWEEN b.first_id AND b.last_id AND (status = %s OR status_changed_at > %s)
            OFFSET 0
        ) s
    """,
    "sqlite": """
        wagtail_sms_batch b CROSS JOIN wagtail_sms_subscriber s
          ON +s.site_id = %s AND s.id BETWEEN b.first_id AND b.last_id AND (+s.status = %s OR s.status_changed_at > %s)
    """,
}


def deliveries(batch_ids: Collection[int]) -> tuple[str, str, list]:
    """FROM for the deliveries `d` of the batches `b`, the condition that says which, and its parameters."""
    return (DELIVERIES[connection.vendor], *any_of("b.id", batch_ids))


def subscribers(batch_ids: Collection[int]) -> tuple[str, str, list]:
    """The same for the subscribers `s`; FROM takes a site, the status ACTIVE and the moment of the launch.

    They are those who are reachable, or were at that moment.
    """
    return (SUBSCRIBERS[connection.vendor], *any_of("b.id", batch_ids))
