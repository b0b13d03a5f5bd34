"""What the provider blocks, taken over: whoever it lets us text no more is stopped here too.

A provider blocks a pair, one number of ours and one person; here it counts for the site that the number belongs to.
"""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from wagtail.models import Site

from wagtail_sms.delivery import inbox
from wagtail_sms.providers.base import OptOut
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import ConsentKind, SenderStatus, SubscriberStatus
from wagtail_sms.storable import storable
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.blocks import block
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.suppression import is_suppressed, number_hashes


def take_over(opt_out: OptOut, *, now: datetime | None = None) -> int:
    """Stop the person on every site that the blocked number speaks for. Returns on how many.

    Where they signed up again since, or are stopped already, only the block is noted, and they are told to text START.
    After a START nothing happens. Its own transaction per site.
    """
    now = now or timezone.now()
    opt_out = replace(opt_out, **{name: storable(getattr(opt_out, name)) for name in ("person", "sender", "reason")})
    at, number = min(opt_out.occurred_at, now), opt_out.person
    sites = [site for site in _sites(opt_out) if not inbox.start_after(site, number=number, moment=at)]
    if sites:
        block(sender=opt_out.sender[:16], number=number, since=at)
    evidence = f"Blocked by the SMS provider: {opt_out.reason or 'no reason given'}."
    sites = [site for site in sites if not _is_over(site, number, at)]
    for site in sites:
        with transaction.atomic():
            consent.stop(site, number=number, evidence=evidence, source="carrier", sent_at=at, now=now)
            inbox.settle(site, number=number, now=now)
    return len(sites)


def _sites(opt_out: OptOut) -> list[Site]:
    """The number's own site; for a shared or unknown number, every site that knows the person."""
    numbers = SenderNumber.objects.filter(number=opt_out.sender).exclude(status=SenderStatus.FAILED).exclude(number="")
    owners = Site.objects.filter(pk__in=numbers.exclude(site=None).values("site"))
    known = Site.objects.filter(pk__in=Subscriber.objects.filter(number=opt_out.person).values("site"))
    return list(owners.order_by("pk") or known.order_by("pk"))


def _is_over(site: Site, number: str, at: datetime) -> bool:
    """Whether it changes nothing: stopped already, or the person's own later word is that they want texts."""
    person = Subscriber.objects.filter(site=site, number=number).first()
    if person is None:
        return is_suppressed(site, number=number)
    words = ConsentEvent.objects.filter(site=site, number_hash__in=number_hashes(number), at__gt=at)
    return (
        person.status == SubscriberStatus.STOPPED
        or words.filter(kind__in=(ConsentKind.OPT_IN, ConsentKind.START)).exists()
    )
