"""Odoo's SMS marketing: a message and a trace for everybody first, then one process in groups of 500, one commit each.

Odoo hands 500 numbers over in one call of its own service; a provider's request takes 50, so a group is ten of them,
one after the other, as the service's proxy would make them.
"""

from itertools import islice
from uuid import uuid4

from django.db import transaction

from benchmarks.baselines.clients import post_many
from benchmarks.models import Text, Trace


WORKERS, GROUP, REQUEST = 1, 500, 50


def send_like_odoo(campaign, people) -> int:
    texts = Text.objects.bulk_create(
        (Text(campaign=campaign, subscriber=person, number=person.number) for person in people), batch_size=1000
    )
    Trace.objects.bulk_create((Trace(text=text) for text in texts), batch_size=1000)
    queue = iter(Text.objects.filter(campaign=campaign, status="queued").values_list("pk", flat=True))
    sent = 0
    while group := list(islice(queue, GROUP)):
        with transaction.atomic():
            sent += _send_group(list(Text.objects.select_for_update().filter(pk__in=group)))
    return sent


def _send_group(texts: list[Text]) -> int:
    for start in range(0, len(texts), REQUEST):
        part = texts[start : start + REQUEST]
        provider_id = post_many([text.number for text in part], uuid4().hex)
        Text.objects.filter(pk__in=[text.pk for text in part]).update(provider_id=provider_id)
    ids = [text.pk for text in texts]
    Trace.objects.filter(text__in=ids).update(status="sent")
    return Text.objects.filter(pk__in=ids).update(status="sent")
