"""How consent begins, rests and ends. Each verb writes the state and its event in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.phone import PhoneNumber
from wagtail_sms.signals import subscriber_stopped, subscriber_subscribed
from wagtail_sms.states import SUBSCRIBER_MOVES, ConsentKind, SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, ConsentWording, Subscriber
from wagtail_sms.subscribers.suppression import lift, number_hash, number_hashes, suppress


# Whom no message reaches, and who comes back by an act of their own.
GONE = (SubscriberStatus.STOPPED, SubscriberStatus.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class OptIn:
    """What a sign-up did. `is_new` says that a subscription began, so a welcome text is due."""

    subscriber: Subscriber
    is_new: bool


def opt_in(
    site,
    *,
    number: PhoneNumber,
    wording: ConsentWording,
    page_url: str = "",
    build_id: str = "",
    address: str = "",
    user_agent: str = "",
    language: str = "",
    source: str = "popup",
    waits_for_start: bool = False,
    evidence: str = "",
    method: str = "",
    key: str = "",
    now: datetime | None = None,
) -> OptIn:
    """The person agreed to be texted. Signing up again while active records the consent and begins nothing new.

    A person who had stopped or could not be reached comes back; one whom an editor suspended stays suspended.
    `waits_for_start` says that the network blocks our texts to them until they text START: the consent is recorded,
    and they come back with the START. `key` names one sending of the form: a second one with it is an
    IntegrityError (see `was_recorded`). Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # Without the time of a STOP, so that whatever START comes counts.
        blocked = {"status": SubscriberStatus.STOPPED} if waits_for_start else {}
        subscriber, is_new = Subscriber.objects.get_or_create(
            site=site,
            number=number.number,
            defaults={
                "country": number.country,
                "status_changed_at": now,
                "created_at": now,
                "language": language[:12],
                "source": source,
                **blocked,
            },
        )
        if language and language[:12] != subscriber.language:
            # Who signs up again in another language gets their texts in that one.
            subscriber.language = language[:12]
            subscriber.save(update_fields=["language"])
        if waits_for_start:
            is_new = False
        else:
            is_new = is_new or _come_back(subscriber, now)
            lift(site, number=number.number)
        shown = {"wording": wording, "page_url": page_url[:500], "build_id": build_id[:40]}
        visitor = {"address": shorten_address(address), "user_agent": user_agent[:200]}
        visitor |= {"evidence": evidence[:500], "method": method, "key": key}
        _record(site, number.number, ConsentKind.OPT_IN, at=now, source=source, **shown, **visitor)
        _after_commit(subscriber_subscribed, subscriber=subscriber, is_new=is_new)
    return OptIn(subscriber, is_new)


def was_recorded(site, *, number: str, key: str) -> bool:
    """Whether the opt-in that the browser gave this key is in already, and only our answer was lost."""
    return bool(key) and _events(site, number).filter(key=key).exists()


def left_since(site, *, number: str, since: datetime) -> bool:
    """Whether the person texted STOP, or was deleted, after this moment: an opt-in from before it counts no more."""
    return _events(site, number).filter(kind__in=(ConsentKind.STOP, ConsentKind.ERASE), at__gt=since).exists()


def stop(
    site,
    *,
    number: str,
    evidence: str = "",
    source: str = "sms",
    by=None,
    sent_at: datetime | None = None,
    now: datetime | None = None,
) -> Subscriber | None:
    """The person asked for no more texts. The number is suppressed even if it was never a subscriber.

    `source` says how we know: "sms", "link" (of a text that can't be answered), "inbox" (an editor, `by`, read it so)
    or "carrier". `sent_at` is when the person texted it, which a START that arrives out of order is compared with.
    Returns the subscriber if this stopped one, None if there was nobody (left) to stop. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        suppress(site, number=number, reason="stop", now=now)
        stopped = (
            Subscriber.objects.filter(site=site, number=number)
            .exclude(status=SubscriberStatus.STOPPED)
            .update(status=SubscriberStatus.STOPPED, status_changed_at=now, stopped_at=sent_at or now)
        )
        Subscriber.objects.filter(site=site, number=number, stopped_at__lt=sent_at or now).update(
            stopped_at=sent_at or now
        )
        _record(site, number, ConsentKind.STOP, at=now, source=source, by=by, evidence=evidence[:500])
        subscriber = Subscriber.objects.filter(site=site, number=number).first()
        if not stopped:
            return None
        _after_commit(subscriber_stopped, subscriber=subscriber)
    return subscriber


def restart(
    site, *, number: str, evidence: str = "", sent_at: datetime | None = None, now: datetime | None = None
) -> Subscriber | None:
    """The person texted START: one who stopped, or could not be reached, is active again. Returns them, or None.

    A START that was sent before the latest STOP, and only arrives after it, changes nothing. Own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        stopped = Subscriber.objects.filter(site=site, number=number, status__in=GONE)
        restarted = stopped.filter(Q(stopped_at=None) | Q(stopped_at__lt=sent_at or now)).update(
            status=SubscriberStatus.ACTIVE, status_changed_at=now, stopped_at=None
        )
        if not restarted:
            return None
        lift(site, number=number)
        _record(site, number, ConsentKind.START, at=now, source="sms", evidence=evidence[:500])
    return Subscriber.objects.get(site=site, number=number)


def give_up(subscriber: Subscriber, *, evidence: str = "", now: datetime | None = None) -> bool:
    """The number is no phone that takes texts: no message goes there any more. Returns whether this changed anything.

    Only an active subscriber is given up. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        given_up = Subscriber.objects.filter(pk=subscriber.pk, status=SubscriberStatus.ACTIVE).update(
            status=SubscriberStatus.UNREACHABLE, status_changed_at=now
        )
        if given_up:
            told = {"source": "carrier", "evidence": evidence[:500]}
            _record(subscriber.site, subscriber.number, ConsentKind.UNREACHABLE, at=now, **told)
    return bool(given_up)


def suspend(subscriber: Subscriber, *, by, now: datetime | None = None) -> None:
    """An editor switches somebody off (green to red). Raises IllegalTransition. Runs in its own transaction."""
    _switch(subscriber, SubscriberStatus.SUSPENDED, ConsentKind.SUSPEND, by=by, now=now)


def resume(subscriber: Subscriber, *, by, now: datetime | None = None) -> None:
    """An editor switches somebody on again (red to green), or tries a number again; never somebody who texted STOP.

    Raises IllegalTransition. Runs in its own transaction.
    """
    _switch(subscriber, SubscriberStatus.ACTIVE, ConsentKind.RESUME, by=by, now=now)


def erase(subscriber: Subscriber, *, by, now: datetime | None = None) -> None:
    """An editor deletes somebody. The hash stays suppressed: only the person can come back, through the PWA.

    Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        suppress(subscriber.site, number=subscriber.number, reason="deleted", now=now)
        _record(subscriber.site, subscriber.number, ConsentKind.ERASE, at=now, by=by)
        Subscriber.objects.filter(pk=subscriber.pk).delete()


def shorten_address(address: str) -> str:
    """The block an address lies in (IPv4 /24, IPv6 /48), or nothing when it is not one."""
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        return ""
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def _come_back(subscriber: Subscriber, now: datetime) -> bool:
    """Somebody who was gone signs up again: a new subscription, counted so that its welcome text has its own key."""
    again = subscriber.subscription_count + 1
    returned = Subscriber.objects.filter(pk=subscriber.pk, status__in=GONE).update(
        status=SubscriberStatus.ACTIVE, status_changed_at=now, stopped_at=None, subscription_count=again
    )
    subscriber.refresh_from_db()
    return bool(returned)


def _switch(subscriber: Subscriber, target: str, kind: str, *, by, now: datetime | None) -> None:
    now = now or timezone.now()
    origins = [origin for origin, targets in SUBSCRIBER_MOVES.items() if target in targets]
    origins = [origin for origin in origins if origin not in (SubscriberStatus.STOPPED, SubscriberStatus.PENDING)]
    with transaction.atomic():
        moved = Subscriber.objects.filter(pk=subscriber.pk, status__in=origins).update(
            status=target, status_changed_at=now
        )
        if not moved:
            subscriber.refresh_from_db()
            if subscriber.status == target:
                return
            raise IllegalTransition(_refusal(subscriber))
        _record(subscriber.site, subscriber.number, kind, at=now, by=by)
    subscriber.refresh_from_db()


def _refusal(subscriber: Subscriber):
    if subscriber.status == SubscriberStatus.STOPPED:
        return _("This person unsubscribed with a STOP text. Only they can come back, by texting START or signing up.")
    return IllegalTransition.message


def _events(site, number: str):
    return ConsentEvent.objects.filter(site=site, number_hash__in=number_hashes(number))


def _record(site, number: str, kind: str, **fields) -> None:
    ConsentEvent.objects.create(site=site, number_hash=number_hash(number), kind=kind, **fields)


def _after_commit(signal, **payload) -> None:
    transaction.on_commit(lambda: signal.send_robust(sender=Subscriber, **payload), robust=True)
