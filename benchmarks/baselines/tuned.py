"""One task per recipient at its best: connections that stay open, nothing read, one UPDATE, many tasks at once."""

from celery import shared_task

from benchmarks.baselines.clients import post_many
from benchmarks.models import Text


@shared_task(name="benchmarks.tuned", ignore_result=True)
def send_tuned(text_id: int, number: str) -> None:
    provider_id = post_many([number], f"text-{text_id}")
    Text.objects.filter(pk=text_id).update(status="sent", provider_id=provider_id)


def enqueue(texts) -> None:
    for text in texts:
        send_tuned.delay(text.pk, text.number)
