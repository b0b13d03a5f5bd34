"""What people text back. STOP is applied here, inside the webhook's transaction, before the provider is answered."""

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

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
from wagtail_sms.subscribers.models import Subscriber


def receive(text: InboundText, *, provider: str, now: datetime | None = None) -> list[InboundEvent]:
    """Keep one incoming text per site it concerns and act on its keyword. A replayed text does nothing.

    A text to the number that trial sites share concerns every trial site that knows the person. Runs in its own
    transaction.
    """
    now = now or timezone.now()
    text = replace(text, body=storable(text.body))
    keyword = classify(text.body)
    with transaction.atomic():
        sites = _sites_of(text, keyword)
        events = [_keep(text, site, keyword, provider=provider, now=now) for site in sites or [None]]
        fresh = [event for event in events if event is not None]
        for event in fresh:
            if event.site is not None:
                _act(event, keyword, sent_at=min(text.received_at, now), provider=provider, now=now)
    return fresh


def _sites_of(text: InboundText, keyword: Keyword | None) -> list:
    """The sites a text is for, by the number it was sent to.

    A STOP to the number that trial sites share is for every site that knows the person, also one that has a number
    of its own by now: people answer in the old thread. A START there is for the site that was stopped last.
    """
    numbers = SenderNumber.objects.filter(number=text.recipient).exclude(status=SenderStatus.FAILED)
    owners = [sender.site for sender in numbers.select_related("site") if sender.site is not None]
    if owners or not numbers.exists():
        return owners
    known = Subscriber.objects.filter(number=text.sender).select_related("site").order_by("site")
    if keyword == Keyword.STOP:
        return [person.site for person in known]
    if keyword == Keyword.START:
        return [person.site for person in known.exclude(stopped_at=None).order_by("-stopped_at")[:1]]
    own = SenderNumber.objects.filter(status=SenderStatus.ACTIVE).exclude(site=None).values("site")
    return [person.site for person in known.exclude(site__in=own)]


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


def _act(event: InboundEvent, keyword: Keyword | None, *, sent_at: datetime, provider: str, now: datetime) -> None:
    if keyword == Keyword.STOP:
        person = consent.stop(event.site, number=event.sender, evidence=event.body, sent_at=sent_at, now=now)
        if person and not get_provider(provider).answers_stop_itself:
            _answer(event, NoticePurpose.STOP_REPLY, person, now)
    elif keyword == Keyword.START:
        person = consent.restart(event.site, number=event.sender, evidence=event.body, sent_at=sent_at, now=now)
        if person:
            _answer(event, NoticePurpose.START_REPLY, person, now)
    elif keyword == Keyword.HELP:
        _answer(event, NoticePurpose.HELP_REPLY, event.subscriber, now)


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
        now=now,
    )
