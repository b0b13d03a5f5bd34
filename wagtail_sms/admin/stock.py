"""What a site can spend, as the Send and the Credits tab say it."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger, low
from wagtail_sms.credits.models import Wallet
from wagtail_sms.states import GrantKind


def stock(site) -> dict:
    """The balance, in figures and in words; when how many free credits come; and whether they run low.

    `free_last_day` is the last day (UTC) of the free credits, None when they never lapse.
    """
    now = timezone.now()
    balance = ledger.balance(site, now=now)
    wallet = ledger.wallet_for(site)
    threshold = low.threshold_of(wallet)
    return {
        **asdict(balance),
        "words": in_words(wallet, now=now),
        "free_last_day": last_day(balance.free_until),
        "next_free": app_settings.FREE_CREDITS_PER_MONTH,
        "next_free_day": next_month(now),
        "threshold": threshold,
        "low": balance.available < threshold,
    }


def in_words(wallet: Wallet, *, now: datetime) -> str:
    """What can be spent and where it is from: "500 free until 30 November + 1,200 bought"; "" when there is nothing."""
    left = wallet.grants.usable(now).filter(available__gt=0).values("kind", "priority", "expires_at")
    rows = left.annotate(left=Sum("available")).order_by("priority", F("expires_at").asc(nulls_last=True))
    return " + ".join(_part(row["kind"], row["left"], last_day(row["expires_at"])) for row in rows)


def _part(kind: str, credits: int, until: date | None) -> str:
    sentence = {
        (GrantKind.FREE, True): _("%(credits)s free until %(day)s"),
        (GrantKind.FREE, False): _("%(credits)s free, kept for later months"),
        (GrantKind.PACK, True): _("%(credits)s bought, until %(day)s"),
        (GrantKind.PACK, False): _("%(credits)s bought"),
        (GrantKind.ADJUSTMENT, True): _("%(credits)s given, until %(day)s"),
        (GrantKind.ADJUSTMENT, False): _("%(credits)s given"),
    }[kind, until is not None]
    return sentence % {"credits": intcomma(credits), "day": format_date(until, "j F") if until else ""}


def last_day(until: datetime | None) -> date | None:
    """The last whole day (UTC) before the instant at which credits lapse."""
    return (until.astimezone(UTC) - timedelta(seconds=1)).date() if until else None


def next_month(now: datetime) -> date:
    """The first day of the month after `now`, in UTC: when the ledger issues the next free credits."""
    return (now.astimezone(UTC).date().replace(day=1) + timedelta(days=32)).replace(day=1)
