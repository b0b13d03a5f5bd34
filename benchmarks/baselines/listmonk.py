"""listmonk: 1,000 people at a time by keyset, a bounded channel to ten senders, one request each, no row per person."""

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

from benchmarks.baselines.clients import post_many
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.subscribers.models import Subscriber


WORKERS, AT_ONCE = 10, 1000


def send_like_listmonk(campaign, people) -> int:
    last, sent, channel, many = 0, 0, BoundedSemaphore(WORKERS * 2), len(people)
    reachable = Subscriber.objects.of(campaign.site).reachable().order_by("pk")

    def push(person: Subscriber) -> None:
        try:
            post_many([person.number], f"text-{person.pk}")
        finally:
            channel.release()

    with ThreadPoolExecutor(WORKERS) as pool:
        while sent < many and (page := list(reachable.filter(pk__gt=last)[: min(AT_ONCE, many - sent)])):
            last = page[-1].pk
            # Where it goes on after a crash, which may lose or repeat the page.
            Campaign.objects.filter(pk=campaign.pk).update(planned_through=last)
            for person in page:
                channel.acquire()
                pool.submit(push, person)
            sent += len(page)
    return sent
