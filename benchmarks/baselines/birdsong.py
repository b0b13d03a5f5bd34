"""wagtail-birdsong: the web process renders everybody's message into a list, and one thread sends it from there."""

from threading import Thread

from benchmarks.baselines.clients import BODY, post_alone
from benchmarks.models import Text


WORKERS = 1


def send_like_birdsong(campaign, people) -> int:
    messages = [{"to": person.number, "contact": person, "body": BODY.format(person=person)} for person in people]
    sent: list = []

    def send_all() -> None:
        for message in messages:
            post_alone(message["to"], f"contact-{message['contact'].pk}")
            sent.append(message["contact"])

    thread = Thread(target=send_all, daemon=True)
    thread.start()
    thread.join()
    receipts = (Text(campaign=campaign, subscriber=person, number=person.number, status="sent") for person in sent)
    return len(Text.objects.bulk_create(receipts))
