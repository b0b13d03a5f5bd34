"""A row per recipient, made before the stopwatch starts unless the design makes them while it sends."""

from collections.abc import Iterable, Iterator
from itertools import islice

from benchmarks.models import Text, Trace
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.subscribers.models import Subscriber


def reachable(site, many: int) -> Iterator[Subscriber]:
    return Subscriber.objects.of(site).reachable().order_by("pk")[:many].iterator(1000)


def make_texts(campaign: Campaign, people: Iterable[Subscriber], *, batch_size: int = 1000) -> int:
    """`bulk_create` from an iterable of subscribers; returns how many."""
    made, iterator = 0, iter(people)
    while chunk := list(islice(iterator, batch_size)):
        texts = [Text(campaign=campaign, subscriber=person, number=person.number, credits=1) for person in chunk]
        made += len(Text.objects.bulk_create(texts))
    return made


def clear() -> None:
    Trace.objects.all()._raw_delete("default")
    Text.objects.all()._raw_delete("default")
