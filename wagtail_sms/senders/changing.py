"""Changing a site's number: another is obtained, the old one listens for a month, then it is given back.

Whatever people text to the old number meanwhile still reaches the site, a late STOP above all.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.exceptions import IllegalTransition, ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.buying import LISTED_AFTER
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import WAITING
from wagtail_sms.states import SenderStatus
from wagtail_sms.wake import wake


TRY_AGAIN = timedelta(hours=1)


def change_number(site, *, country: str, provider: str = "default", now: datetime | None = None) -> SenderNumber:
    """Obtain another number, of this country, for the site; until it is there the site texts from the present one.

    Asking again before it is there changes the country of what is obtained. Raises IllegalTransition while a number
    is being bought at this moment, and where the provider sells none. Runs in its own transaction.
    """
    now = now or timezone.now()
    if not get_provider(provider).supports_numbers:
        raise IllegalTransition(_("This provider sells no numbers: all sites text from the one in the settings."))
    with transaction.atomic():
        held = SenderNumber.objects.select_for_update().filter(site=site, provider=provider)
        waiting = held.filter(status__in=WAITING).first()
        if waiting is not None:
            _leave_alone(waiting, now=now)
        sender = SenderNumber.objects.create(
            site=site, provider=provider, country=country, requested_at=now, next_attempt_at=now
        )
        wake("wagtail_sms.obtain_numbers")
    return sender


def cancel_change(site, *, provider: str = "default", now: datetime | None = None) -> bool:
    """Stop looking for another number: the site keeps the one it has. Returns whether one was looked for.

    Raises IllegalTransition while a number is being bought at this moment. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        held = SenderNumber.objects.select_for_update().filter(site=site, provider=provider)
        waiting = held.filter(status__in=WAITING).first()
        if waiting is None or not held.filter(status=SenderStatus.ACTIVE).exists():
            return False
        _leave_alone(waiting, now=now)
    return True


def due_for_release(*, now: datetime | None = None) -> QuerySet[SenderNumber]:
    """Numbers that have listened for long enough."""
    now = now or timezone.now()
    over = SenderNumber.objects.filter(status=SenderStatus.LISTENING, release_at__lte=now, next_attempt_at__lte=now)
    return over.order_by("pk")


def release(sender: SenderNumber, *, now: datetime | None = None) -> bool:
    """Give a number back that only listens; one that the account no longer has counts as given back.

    Returns whether it is done; what went wrong is noted and tried again. The request runs outside of transactions.
    """
    now = now or timezone.now()
    row = SenderNumber.objects.filter(pk=sender.pk, status=SenderStatus.LISTENING)
    if not row.exists():
        return False
    try:
        get_provider(sender.provider).release_number(sender.number)
    except (ProviderError, ImproperlyConfigured) as error:
        row.update(problem=str(error)[:255], next_attempt_at=now + TRY_AGAIN)
        return False
    return bool(row.update(status=SenderStatus.RELEASED, problem="", release_at=now))


def keep_listening(sender: SenderNumber, *, until: datetime) -> None:
    """Look again later: something still has to go out from it."""
    SenderNumber.objects.filter(pk=sender.pk, status=SenderStatus.LISTENING).update(next_attempt_at=until)


def _leave_alone(waiting: SenderNumber, *, now: datetime) -> None:
    """Stop obtaining this one. If its purchase may have happened, it is given back once that would be known."""
    if waiting.lease_until is not None and waiting.lease_until > now:
        raise IllegalTransition(_("A number is being bought for this site right now. Try again in two minutes."))
    if not waiting.number:
        waiting.delete()
        return
    listed = max(now, (waiting.buying_since or now) + LISTED_AFTER)
    SenderNumber.objects.filter(pk=waiting.pk).update(
        status=SenderStatus.LISTENING, release_at=listed, next_attempt_at=now, buying_since=None
    )
