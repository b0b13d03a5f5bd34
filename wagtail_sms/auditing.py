"""Once a day the credit books are worked out anew; what is wrong is logged each time, and mailed to ADMINS once."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.core.mail import mail_admins
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_sms.credits import ledger
from wagtail_sms.extension import Extension
from wagtail_sms.states import ExtensionStatus
from wagtail_sms.timetable import forget, turn


logger = logging.getLogger("wagtail_sms")

DAY, FOR_GOOD = timedelta(days=1), timedelta(days=36_500)
TURN, TOLD = "audit", "audit:%s"
MAILED = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is the same for as long as the same figure is wrong, however the books go on around it."""

    place: str
    sentence: str


def findings() -> list[Finding]:
    """What is wrong with the books of all wallets; an empty list when they are right. See `ledger.audit`."""
    books = (Finding(f"{one.subject}: {one.figure}", str(one)) for one in ledger.audit())
    return [*books, *_missing_wallets(), *_wrong_calendars()]


def audit_daily(*, now: datetime | None = None) -> list[Finding]:
    """The findings, if nobody looked within a day; else none. The same findings are mailed once until they are gone."""
    now = now or timezone.now()
    with turn(TURN, every=DAY, now=now) as is_due:
        found = findings() if is_due else []
        if found:
            _report(found, now)
        elif is_due:
            forget(TOLD % "")
    return found


def _missing_wallets() -> Iterator[Finding]:
    """A wallet that is gone with all its history leaves no trace in the ledger, but its site was installed."""
    for extension in Extension.objects.filter(site__sms_wallet=None).select_related("site"):
        sentence = f"{extension.site} has SMS notifications, but no wallet."
        yield Finding(f"Extension {extension.pk}: wallet", sentence)


def _wrong_calendars() -> Iterator[Finding]:
    """A wallet gets free credits exactly while the feature is installed."""
    for extension in Extension.objects.exclude(site__sms_wallet=None).select_related("site__sms_wallet"):
        installed = extension.status == ExtensionStatus.INSTALLED
        if installed and extension.site.sms_wallet.resting_since:
            sentence = f"{extension.site} has SMS notifications, but its wallet gets no free credits."
        elif not installed and not extension.site.sms_wallet.resting_since:
            sentence = f"{extension.site} has no SMS notifications any more, but its wallet still gets free credits."
        else:
            continue
        yield Finding(f"Extension {extension.pk}: calendar", sentence)


def _report(found: list[Finding], now: datetime) -> None:
    logger.error("The credit ledger has %s wrong figure(s): %s", len(found), " ".join(one.sentence for one in found))
    places = "\n".join(sorted(one.place for one in found))
    with turn(TOLD % sha256(places.encode()).hexdigest()[:32], every=FOR_GOOD, now=now) as is_news:
        if is_news:
            mail_admins(_("The credit ledger needs a look"), _letter(found), fail_silently=True)


def _letter(found: list[Finding]) -> str:
    told = [one.sentence for one in found[:MAILED]]
    if len(found) > MAILED:
        told.append(_("And %(count)s more.") % {"count": len(found) - MAILED})
    why = _(
        "The history of the credits does not explain these figures. Somebody or something wrote to the tables past the "
        "ledger, or there is a mistake in it. manage.py sms_check_ledger shows them all."
    )
    return "\n\n".join([why, "\n".join(told)])
