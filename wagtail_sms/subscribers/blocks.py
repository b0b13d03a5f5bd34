"""Pairs of numbers between which the network lets nothing through. Only the person's START to the sender ends that."""

from collections.abc import Iterable
from datetime import datetime

from wagtail_sms.subscribers.models import CarrierBlock
from wagtail_sms.subscribers.suppression import number_hash, number_hashes


def block(*, sender: str, number: str, since: datetime) -> None:
    """Remember that the network blocks `sender` for this person. Runs in the caller's transaction."""
    if sender:
        CarrierBlock.objects.get_or_create(sender=sender, number_hash=number_hash(number), defaults={"since": since})


def unblock(*, sender: str, number: str) -> None:
    """The person texted START to `sender`: the network lets its texts through again. In the caller's transaction."""
    CarrierBlock.objects.filter(sender=sender, number_hash__in=number_hashes(number)).delete()


def blocked_sender(senders: Iterable[str], *, number: str) -> str:
    """The one of `senders` whose texts the network keeps from this person, "" if there is none."""
    blocks = CarrierBlock.objects.filter(sender__in=list(senders), number_hash__in=number_hashes(number))
    return blocks.order_by("-since").values_list("sender", flat=True).first() or ""
