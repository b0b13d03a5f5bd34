"""The steps of buying a number, none of which may be taken twice.

A purchase whose outcome nobody knows is looked up first, again and again. The same number is bought once more only
when the provider, long after, neither says that it is ours nor stopped offering it.
"""

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import (
    NumberUnavailable,
    ProviderConfigurationError,
    ProviderOutOfFunds,
    ProviderUnavailable,
)
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import SenderStatus


logger = logging.getLogger("wagtail_sms")

RETRY = timedelta(minutes=1)
# By then a number that was bought is surely in the provider's list, and no longer among those for sale.
LISTED_AFTER = timedelta(minutes=10)
# Neither ours nor for sale for so long: somebody else has it.
GONE_AFTER = timedelta(hours=24)
UNKNOWN = "It is not known whether the number was bought: the provider is asked again."
# Said by the provider before it sold anything.
SURELY_NOT_BOUGHT = (ProviderUnavailable, ProviderOutOfFunds, ProviderConfigurationError)


def obtain(sender: SenderNumber, provider, *, now: datetime) -> bool:
    """Make the number ours: look an earlier purchase up, else choose a number and buy it. True once it is ours.

    False when it is not known (yet). Raises what the provider raises; every step is a transaction of its own.
    """
    if sender.number and provider.owned_number(sender.number) is not None:
        return True
    if sender.number and sender.buying_since is not None and not _may_buy_again(sender, provider, now=now):
        return False
    if not sender.number:
        _choose(sender, provider)
    return _buy(sender, provider, now=now)


def activate(sender: SenderNumber, *, now: datetime) -> bool:
    """The number is ours: the site texts from it, and its present one only listens. Runs in its own transaction."""
    with transaction.atomic():
        waiting = SenderNumber.objects.select_for_update().filter(pk=sender.pk, status=SenderStatus.REQUESTED)
        if not waiting.exists():
            return False
        replaced = SenderNumber.objects.filter(site=sender.site, provider=sender.provider, status=SenderStatus.ACTIVE)
        replaced.update(
            status=SenderStatus.LISTENING,
            release_at=now + timedelta(days=app_settings.OLD_NUMBER_LISTENS_DAYS),
            next_attempt_at=now,
        )
        waiting.update(status=SenderStatus.ACTIVE, activated_at=now, problem="", lease_until=None, buying_since=None)
    return True


def try_later(sender: SenderNumber, *, problem: str, now: datetime) -> None:
    """Note why it did not work, for people to read, and let go of the row."""
    SenderNumber.objects.filter(pk=sender.pk).update(
        problem=problem[:255], next_attempt_at=now + RETRY, lease_until=None
    )


def _may_buy_again(sender: SenderNumber, provider, *, now: datetime) -> bool:
    """After an unknown outcome and a look that did not find it."""
    since = now - sender.buying_since
    if since >= LISTED_AFTER and provider.is_for_sale(sender.number, sender.country):
        return True
    if since < GONE_AFTER:
        try_later(sender, problem=UNKNOWN, now=now)
        return False
    logger.error(
        "%s may or may not have been bought on %s; another number is bought now. Look at the provider's bill.",
        sender.number,
        sender.buying_since,
    )
    _forget(sender)
    return True


def _choose(sender: SenderNumber, provider) -> None:
    """Write down a free number before it is bought; the unique constraint keeps two sites off the same one."""
    offered = provider.find_number(sender.country)
    if offered is None:
        raise NumberUnavailable()
    try:
        with transaction.atomic():
            chosen = _still_wanted(sender).update(number=offered.number)
    except IntegrityError as error:
        raise NumberUnavailable() from error
    if not chosen:
        raise NumberUnavailable()
    sender.number = offered.number


def _buy(sender: SenderNumber, provider, *, now: datetime) -> bool:
    if not _still_wanted(sender).update(buying_since=now):
        return False
    try:
        provider.buy_number(sender.number, sender.country)
    except NumberUnavailable:
        _forget(sender)
        raise
    except SURELY_NOT_BOUGHT:
        _still_wanted(sender).update(buying_since=None)
        raise
    return True


def _forget(sender: SenderNumber) -> None:
    """Let go of the chosen number: another one is chosen at the next try."""
    _still_wanted(sender).update(number="", buying_since=None)
    sender.number, sender.buying_since = "", None


def _still_wanted(sender: SenderNumber):
    """The row, unless an operator wanted another number meanwhile."""
    return SenderNumber.objects.filter(pk=sender.pk, status=SenderStatus.REQUESTED, lease_until=sender.lease_until)
