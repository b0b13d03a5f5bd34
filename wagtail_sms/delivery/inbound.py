"""What people text back. STOP is applied here, inside the webhook's transaction, before the provider is answered."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.addressed import sites_of
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.delivery.notices import reply
from wagtail_sms.exceptions import NumberError
from wagtail_sms.keywords import Keyword, classify
from wagtail_sms.phone import parse
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import InboundText
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.signals import inbound_received
from wagtail_sms.states import NoticePurpose, SenderStatus
from wagtail_sms.storable import storable
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.blocks import block, unblock
from wagtail_sms.subscribers.models import Subscriber


def receive(text: InboundText, *, provider: str, now: datetime | None = None) -> list[InboundEvent]:
    """Keep one incoming text per site it concerns and act on its keyword. A replayed text does nothing.

    Which sites these are, also for a number that several share, is in `addressed`. Runs in its own transaction.
    """
    now = now or timezone.now()
    texts = {name: storable(getattr(text, name)) for name in ("body", "sender", "recipient", "event_key")}
    text = replace(text, **texts)
    keyword = classify(text.body)
    with transaction.atomic():
        sites = sites_of(text, keyword)
        events = [_keep(text, site, keyword, provider=provider, now=now) for site in sites or [None]]
        fresh = [event for event in events if event is not None]
        for event in fresh:
            if event.site is not None:
                _act(event, keyword, provider=provider, now=now)
        if fresh and keyword == Keyword.START:
            unblock(sender=text.recipient, number=text.sender)
    return fresh


def _keep(text: InboundText, site, keyword, *, provider: str, now: datetime) -> InboundEvent | None:
    person = Subscriber.objects.filter(site=site, number=text.sender).first() if site else None
    key = text.event_key if site is None else f"{text.event_key[:50]}:{site.pk}"
    event = InboundEvent(
        provider=provider,
        event_key=key[:64],
        site=site,
        subscriber=person,
        sender=text.sender[:16],
        recipient=text.recipient[:16],
        body=text.body,
        keyword=str(keyword or ""),
        sent_at=min(text.received_at, now),
        received_at=now,
    )
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        return None
    transaction.on_commit(
        lambda: inbound_received.send_robust(sender=InboundEvent, site=site, keyword=str(keyword or "")),
        robust=True,
    )
    return event


def _act(event: InboundEvent, keyword: Keyword | None, *, provider: str, now: datetime) -> None:
    if keyword == Keyword.STOP:
        _stop(event, provider=provider, now=now)
    elif keyword == Keyword.START:
        _start(event, provider=provider, now=now)
    elif keyword == Keyword.HELP and not get_provider(provider).answers_itself(event.body):
        _answer(event, NoticePurpose.HELP_REPLY, event.subscriber, now)


def _stop(event: InboundEvent, *, provider: str, now: datetime) -> None:
    """Stop the person, and confirm it once. A START that they sent later, and that was faster, still comes after it."""
    said = {"evidence": event.body, "sent_at": event.sent_at, "now": now}
    person = consent.stop(event.site, number=event.sender, **said)
    inbox.settle(event.site, number=event.sender, now=now)
    later = inbox.start_after(event.site, number=event.sender, moment=event.sent_at)
    if later is not None:
        _start(later, provider=provider, now=now)
        return
    if get_provider(provider).answers_itself(event.body):
        block(sender=event.recipient, number=event.sender, since=event.sent_at)
    elif person:
        _answer(event, NoticePurpose.STOP_REPLY, person, now)


def _start(event: InboundEvent, *, provider: str, now: datetime) -> None:
    said = {"evidence": event.body, "sent_at": event.sent_at, "now": now}
    person = consent.restart(event.site, number=event.sender, **said)
    if person and not get_provider(provider).answers_itself(event.body):
        _answer(event, NoticePurpose.START_REPLY, person, now)


def _answer(event: InboundEvent, purpose: str, person: Subscriber | None, now: datetime) -> None:
    try:
        country = person.country if person else parse(event.sender).country
    except NumberError:
        return
    # HELP is answered once an hour: two machines that answer each other would never end.
    key = f"help:{event.site_id}:{event.sender}:{now:%Y%m%d%H}" if purpose == NoticePurpose.HELP_REPLY else event.pk
    reply(
        event.site,
        purpose=purpose,
        key=f"{purpose}:{key}",
        person=person,
        number=event.sender,
        country=country,
        sender=event.recipient,
        provider=_provider_of(event),
        now=now,
    )


def _provider_of(event: InboundEvent) -> str:
    """Who has the number that the text was sent to: an answer from it can't go out anywhere else."""
    numbers = SenderNumber.objects.filter(number=event.recipient).exclude(status=SenderStatus.FAILED).exclude(number="")
    return numbers.order_by("-pk").values_list("provider", flat=True).first() or event.provider
