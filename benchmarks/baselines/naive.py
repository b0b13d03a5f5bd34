"""One Celery task, one request and one save per recipient: what is written first."""

from celery import shared_task

from benchmarks.baselines.clients import post_alone
from benchmarks.models import Text


@shared_task(name="benchmarks.naive", ignore_result=True)
def send_naively(text_id: int) -> None:
    text = Text.objects.get(pk=text_id)
    text.provider_id = post_alone(text.number, f"text-{text.pk}")
    text.status = "sent"
    text.save()


def enqueue(texts) -> None:
    for text in texts:
        send_naively.delay(text.pk)
