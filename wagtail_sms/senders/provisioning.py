"""Obtaining the numbers of a site: one at each provider that texts for it.

Buying has no idempotency at the provider, so the number is written down before it is bought: after a crash or a lost
answer the provider is asked whether it is ours already, and nothing is bought twice. See `buying`.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import NoSenderNumber, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.senders import buying
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import SenderStatus


logger = logging.getLogger("wagtail_sms")

LEASE = timedelta(minutes=2)
WAITING = (SenderStatus.REQUESTED, SenderStatus.FAILED)
# A number in one of these states is nobody else's.
IN_USE = (SenderStatus.REQUESTED, SenderStatus.ACTIVE, SenderStatus.LISTENING)


def sender_for(site, provider: str = "default") -> SenderNumber | None:
    """The site's own active number at this provider; if it asked for none, the one that is shared there. Else None."""
    own = SenderNumber.objects.filter(site=site, provider=provider, status=SenderStatus.ACTIVE).first()
    return own or _shared_unless_asked(site, provider)


def senders_for(site, providers: Iterable[str]) -> dict[str, SenderNumber]:
    """The number that the site texts from at each of these providers. Raises NoSenderNumber when one is missing."""
    senders = {provider: sender_for(site, provider) for provider in providers}
    for provider, sender in senders.items():
        if sender is None:
            raise NoSenderNumber(None if _asked(site, provider).exists() else _nobody_asked(provider))
    return senders


def request_number(site, *, provider: str = "default", now: datetime | None = None) -> SenderNumber | None:
    """Note that the site wants a number of its own at this provider; a task obtains it. Asking again changes nothing.

    A provider that sells no numbers has one for all sites, or none, which is None.
    """
    now = now or timezone.now()
    if not get_provider(provider).supports_numbers:
        return share(provider, now=now)
    held = SenderNumber.objects.filter(site=site, provider=provider)
    own = held.filter(status=SenderStatus.ACTIVE).first()
    if own is not None:
        return own
    wanted, created = held.filter(status__in=WAITING).get_or_create(
        site=site,
        provider=provider,
        defaults={"country": app_settings.SENDER_COUNTRY, "requested_at": now, "next_attempt_at": now},
    )
    if not created and wanted.status == SenderStatus.FAILED:
        held.filter(pk=wanted.pk).update(
            status=SenderStatus.REQUESTED, number="", problem="", next_attempt_at=now, lease_until=None
        )
        wanted.refresh_from_db()
    return wanted


def request_missing(sites, *, provider: str, now: datetime | None = None) -> int:
    """Ask for a number for those of these sites that never asked this provider for one. Returns how many."""
    if not get_provider(provider).supports_numbers:
        share(provider, now=now)
        return 0
    # A number that was given back is not bought again by itself.
    asked = SenderNumber.objects.filter(provider=provider, site__isnull=False).values("site")
    missing = list(sites.exclude(pk__in=asked))
    for site in missing:
        request_number(site, provider=provider, now=now)
    return len(missing)


def due(*, now: datetime | None = None) -> list[int]:
    """Primary keys of the numbers that wait to be obtained."""
    now = now or timezone.now()
    waiting = SenderNumber.objects.filter(status=SenderStatus.REQUESTED, next_attempt_at__lte=now)
    return list(waiting.exclude(lease_until__gt=now).order_by("pk").values_list("pk", flat=True))


def provision(sender_id: int, *, now: datetime | None = None) -> SenderNumber | None:
    """Obtain one number and put it in the place of the site's present one, which goes on listening.

    Each step is a transaction of its own; the requests are made between them.
    """
    now = now or timezone.now()
    if not _lease(sender_id, now):
        return None
    sender = SenderNumber.objects.get(pk=sender_id)
    try:
        provider = get_provider(sender.provider)
        is_ours = buying.obtain(sender, provider, now=now)
    except (ProviderError, ImproperlyConfigured) as error:
        buying.try_later(sender, problem=str(error), now=now)
    else:
        if is_ours:
            buying.activate(sender, now=now)
    sender.refresh_from_db()
    return sender


def share(provider: str = "default", *, now: datetime | None = None) -> SenderNumber | None:
    """The row of the number that sites share at this provider, made when it is first needed; None without one.

    `SHARED_NUMBER` states those for sites in trial; a provider that sells no numbers states its own.
    """
    now, number = now or timezone.now(), shared_number(provider)
    if not number:
        return None
    taken = SenderNumber.objects.filter(number=number, status__in=IN_USE).exclude(site=None, provider=provider)
    if (other := taken.select_related("site").first()) is not None:
        owner = other.site or other.provider
        logger.error("The number %s can't be shared: it belongs to %s. Give it back there first.", number, owner)
        return None
    sender, _created = SenderNumber.objects.get_or_create(
        site=None,
        provider=provider,
        number=number,
        defaults={
            "country": app_settings.SENDER_COUNTRY,
            "status": SenderStatus.ACTIVE,
            "requested_at": now,
            "activated_at": now,
            "next_attempt_at": now,
        },
    )
    return sender


def shared_number(provider: str) -> str:
    """What the settings state as the number that sites share at this provider; "" for none."""
    backend = get_provider(provider)
    if not backend.supports_numbers:
        return backend.shared_sender
    stated = app_settings.SHARED_NUMBER
    return ({"default": stated} if isinstance(stated, str) else stated).get(provider, "")


def _shared_unless_asked(site, provider: str) -> SenderNumber | None:
    if _asked(site, provider).exists():
        return None
    shared = SenderNumber.objects.filter(site=None, provider=provider, status=SenderStatus.ACTIVE)
    # What the settings state now counts: a number that they stated before may be somebody else's by now.
    return shared.filter(number=shared_number(provider)).first()


def _asked(site, provider: str):
    gone = (SenderStatus.RELEASED, SenderStatus.LISTENING)
    return SenderNumber.objects.filter(site=site, provider=provider).exclude(status__in=gone)


def _nobody_asked(provider: str) -> str:
    if provider == "default":
        return _("This site has no sender number. Ask the operator.")
    return _("This site has no sender number for some of these countries yet. Ask the operator if this lasts.")


def _lease(sender_id: int, now: datetime) -> bool:
    waiting = SenderNumber.objects.filter(pk=sender_id, status=SenderStatus.REQUESTED, next_attempt_at__lte=now)
    return bool(waiting.exclude(lease_until__gt=now).update(lease_until=now + LEASE))
