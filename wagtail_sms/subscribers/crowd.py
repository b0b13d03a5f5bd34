"""Switching many people off or on at once: the same rules and the same proof as for one, written by the thousand."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from wagtail_sms.states import ConsentKind, SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.suppression import number_hash


CHUNK = 1000
MOST_AT_ONCE = 20_000  # people; what one press may take of a request's time


def suspend_all(people: QuerySet[Subscriber], *, by, now: datetime | None = None) -> int:
    """Switch off those of `people` who receive messages, at most `MOST_AT_ONCE`. Returns how many.

    One transaction for each thousand: what was done before an interruption stays done, and doing it again goes on.
    """
    return _switch(people, SubscriberStatus.ACTIVE, SubscriberStatus.SUSPENDED, ConsentKind.SUSPEND, by=by, now=now)


def resume_all(people: QuerySet[Subscriber], *, by, now: datetime | None = None) -> int:
    """Switch on again those of `people` whom an editor had suspended, as in `suspend_all`; nobody who texted STOP."""
    return _switch(people, SubscriberStatus.SUSPENDED, SubscriberStatus.ACTIVE, ConsentKind.RESUME, by=by, now=now)


def _switch(people: QuerySet, origin: str, target: str, kind: str, *, by, now: datetime | None) -> int:
    now, done, last = now or timezone.now(), 0, 0
    ordered = people.filter(status=origin).order_by("pk")
    while done < MOST_AT_ONCE:
        keys = list(ordered.filter(pk__gt=last).values_list("pk", flat=True)[: min(CHUNK, MOST_AT_ONCE - done)])
        if not keys:
            break
        last = keys[-1]
        done += _switch_some(keys, origin, target, kind, by=by, now=now)
    return done


def _switch_some(keys: list[int], origin: str, target: str, kind: str, *, by, now: datetime) -> int:
    with transaction.atomic():
        # Locked in the order of their keys: two editors at once wait for each other, and neither for ever.
        still = Subscriber.objects.select_for_update().filter(pk__in=keys, status=origin).order_by("pk")
        moved = list(still.values_list("pk", "site_id", "number"))
        Subscriber.objects.filter(pk__in=[key for key, _site, _number in moved]).update(
            status=target, status_changed_at=now
        )
        ConsentEvent.objects.bulk_create(
            ConsentEvent(site_id=site, number_hash=number_hash(number), kind=kind, at=now, by=by)
            for _key, site, number in moved
        )
    return len(moved)
