"""Our own loop without what makes it safe: no claims, no leases, no lane, no ledger; a crash loses or doubles."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from django.db import connection, transaction

from wagtail_sms.delivery.models import Batch
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import OutboundBatch
from wagtail_sms.states import BatchStatus
from wagtail_sms.subscribers.models import Subscriber


IN_FLIGHT, RECORD_EVERY = 64, 10
DELIVERIES = """
    INSERT INTO wagtail_sms_delivery (campaign_id, subscriber_id, batch_id, status, credits, reason, country)
    SELECT b.campaign_id, s.id, b.id, 0, r.credits * %s, '', s.country
    FROM wagtail_sms_batch b CROSS JOIN LATERAL (
        SELECT id, country FROM wagtail_sms_subscriber
        WHERE site_id = %s AND id BETWEEN b.first_id AND b.last_id AND status = 'active' OFFSET 0) s
    JOIN wagtail_sms_countryrate r ON r.card_id = %s AND r.country = s.country
    WHERE b.id = ANY(%s)
"""


def send_unsafely(campaign) -> None:
    client, parcels = get_provider(), _parcels(campaign)
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        waiting: dict[Future, int] = {}
        while True:
            for batch, parcel in islice(parcels, IN_FLIGHT - len(waiting)):
                waiting[pool.submit(client.send, parcel)] = batch
            if not waiting:
                return
            finished: list[int] = []
            while waiting and len(finished) < RECORD_EVERY:
                done, _open = wait(waiting, return_when=FIRST_COMPLETED)
                finished += [waiting.pop(future) for future in done if future.result()]
            _record(campaign, finished)


def _parcels(campaign) -> Iterator[tuple[int, OutboundBatch]]:
    last, people = 0, Subscriber.objects.of(campaign.site).reachable().order_by("pk")
    while batches := list(Batch.objects.filter(campaign=campaign, pk__gt=last).order_by("pk")[:IN_FLIGHT]):
        between = people.filter(pk__range=(batches[0].first_id, batches[-1].last_id))
        numbers = iter(list(between.values_list("number", flat=True)))
        for batch in batches:
            recipients = tuple(islice(numbers, batch.recipients))
            yield batch.pk, OutboundBatch(batch.reference, batch.sender, campaign.body, campaign.encoding, recipients)
        last = batches[-1].pk


def _record(campaign, batches: list[int]) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(DELIVERIES, [campaign.segments, campaign.site_id, campaign.card_id, batches])
        Batch.objects.filter(pk__in=batches).update(status=BatchStatus.DONE)
