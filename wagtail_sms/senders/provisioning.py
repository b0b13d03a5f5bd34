"""Obtaining the number of a site from the provider.

Buying has no idempotency at the provider, so the number is written down before it is bought: after a crash or a lost
answer the provider is asked whether it is ours already, and nothing is bought twice.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import NumberUnavailable, ProviderConfigurationError, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import SenderStatus


LEASE = timedelta(minutes=2)
RETRY = timedelta(minutes=1)


def sender_for(site) -> SenderNumber | None:
    """The site's own active number; without one, the shared number if the site asked for it. Else None."""
    own = SenderNumber.objects.filter(site=site, status=SenderStatus.ACTIVE).first()
    return own or _shared_if_in_trial(site)


def request_number(site, *, now: datetime | None = None) -> SenderNumber:
    """Note that the site wants a number of its own; a task obtains it. The same site asking again changes nothing."""
    now = now or timezone.now()
    wanted, created = SenderNumber.objects.exclude(status=SenderStatus.RELEASED).get_or_create(
        site=site,
        defaults={"country": app_settings.SENDER_COUNTRY, "requested_at": now, "next_attempt_at": now},
    )
    if not created and wanted.status == SenderStatus.FAILED:
        SenderNumber.objects.filter(pk=wanted.pk).update(
            status=SenderStatus.REQUESTED, number="", problem="", next_attempt_at=now, lease_until=None
        )
        wanted.refresh_from_db()
    return wanted


def due(*, now: datetime | None = None) -> list[int]:
    """Primary keys of the numbers that wait to be obtained."""
    now = now or timezone.now()
    waiting = SenderNumber.objects.filter(status=SenderStatus.REQUESTED, next_attempt_at__lte=now)
    return list(waiting.exclude(lease_until__gt=now).order_by("pk").values_list("pk", flat=True))


def provision(sender_id: int, *, now: datetime | None = None) -> SenderNumber | None:
    """Obtain one number. Each step is a transaction of its own; the requests are made between them."""
    now = now or timezone.now()
    if not _lease(sender_id, now):
        return None
    sender = SenderNumber.objects.get(pk=sender_id)
    provider = get_provider(sender.provider)
    try:
        if not sender.number or provider.owned_number(sender.number) is None:
            if not sender.number:
                _choose(sender, provider)
            # The number of an earlier try is tried again, not another one: its purchase may only not be listed yet.
            provider.buy_number(sender.number, sender.country)
    except NumberUnavailable as error:
        SenderNumber.objects.filter(pk=sender.pk).update(number="")
        _try_later(sender, error, now)
        return sender
    except (ProviderError, ProviderConfigurationError) as error:
        _try_later(sender, error, now)
        return sender
    return _activate(sender, now)


def _shared_if_in_trial(site) -> SenderNumber | None:
    if SenderNumber.objects.filter(site=site).exclude(status=SenderStatus.RELEASED).exists():
        return None
    return SenderNumber.objects.filter(site=None, status=SenderStatus.ACTIVE).first()


def share(*, now: datetime | None = None) -> SenderNumber:
    """The row of the shared trial number, made from `SHARED_NUMBER` when it is first needed."""
    now = now or timezone.now()
    sender, _created = SenderNumber.objects.get_or_create(
        site=None,
        number=app_settings.SHARED_NUMBER,
        defaults={
            "country": app_settings.SENDER_COUNTRY,
            "status": SenderStatus.ACTIVE,
            "requested_at": now,
            "activated_at": now,
            "next_attempt_at": now,
        },
    )
    return sender


def _lease(sender_id: int, now: datetime) -> bool:
    waiting = SenderNumber.objects.filter(pk=sender_id, status=SenderStatus.REQUESTED, next_attempt_at__lte=now)
    return bool(waiting.exclude(lease_until__gt=now).update(lease_until=now + LEASE))


def _choose(sender: SenderNumber, provider) -> None:
    """Write down a free number before it is bought; the unique constraint keeps two sites off the same one."""
    offered = provider.find_number(sender.country)
    if offered is None:
        raise NumberUnavailable()
    try:
        with transaction.atomic():
            SenderNumber.objects.filter(pk=sender.pk).update(number=offered.number)
    except IntegrityError as error:
        raise NumberUnavailable() from error
    sender.number = offered.number


def _try_later(sender: SenderNumber, error: Exception, now: datetime) -> None:
    SenderNumber.objects.filter(pk=sender.pk).update(
        problem=str(error)[:255], next_attempt_at=now + RETRY, lease_until=None
    )


def _activate(sender: SenderNumber, now: datetime) -> SenderNumber:
    SenderNumber.objects.filter(pk=sender.pk, status=SenderStatus.REQUESTED).update(
        status=SenderStatus.ACTIVE, activated_at=now, problem="", lease_until=None
    )
    sender.refresh_from_db()
    return sender
