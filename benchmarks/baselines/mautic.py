"""Mautic's SMS broadcast: batches by keyset, but then for each contact its own queries, request, row and counter."""

from django.db.models import F

from benchmarks.baselines.clients import post_alone
from benchmarks.models import Text
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.subscribers.models import Subscriber, Suppression


WORKERS, AT_ONCE = 1, 100


def send_like_mautic(campaign, people) -> int:
    ids, sent = [person.pk for person in people], 0
    for start in range(0, len(ids), AT_ONCE):
        # Who has had it, who must not get it, who is queued already.
        had = set(Text.objects.filter(campaign=campaign, subscriber__in=ids).values_list("subscriber", flat=True))
        for pk in ids[start : start + AT_ONCE]:
            if pk not in had:
                sent += _send_to(campaign, pk)
    return sent


def _send_to(campaign, subscriber_id: int) -> int:
    person = Subscriber.objects.get(pk=subscriber_id)
    if Suppression.objects.filter(site=campaign.site_id, number_hash=person.number).exists():
        return 0
    if Text.objects.filter(subscriber=person, updated_at__gte=person.created_at).count() > 1000:
        return 0
    message = Campaign.objects.get(pk=campaign.pk)
    provider_id = post_alone(person.number, f"text-{person.pk}")
    Text.objects.create(
        campaign=message, subscriber=person, number=person.number, provider_id=provider_id, status="sent"
    )
    return Campaign.objects.filter(pk=campaign.pk).update(left_out=F("left_out") + 1)
