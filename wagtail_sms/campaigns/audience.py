"""Who a message goes to."""

from django.db.models import Count, Max

from wagtail_sms.subscribers.models import Subscriber


def count_by_country(site) -> dict[str, int]:
    """`{ISO country: reachable subscribers}`: one grouped query at any size."""
    reachable = Subscriber.objects.of(site).reachable().order_by()
    return dict(reachable.values_list("country").annotate(people=Count("pk")))


def last_subscriber_id(site) -> int:
    """The newest subscriber's primary key: who joins after a launch is not in its audience."""
    return Subscriber.objects.of(site).aggregate(last=Max("pk"))["last"] or 0
