"""An operator gives a wallet credits or takes some, once per form, with a reason and an entry in the site history.

`sms_grant` does it here too, once per key.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.db.models import Max
from wagtail.log_actions import log

from wagtail_sms.admin.mixins import site_label
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Transfer, Wallet
from wagtail_sms.states import GrantKind, TransferKind


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What one form gave, or took when `credits` is negative."""

    created_at: datetime
    credits: int
    reason: str
    by: AbstractBaseUser | None

    @property
    def signed(self) -> str:
        """ "+1,500" or "−200", as the ledger's own rows are written."""
        return f"{'+' if self.credits > 0 else '−'}{intcomma(abs(self.credits))}"


def adjust(wallet: Wallet, *, credits: int, reason: str, token: UUID | str, by) -> bool:
    """Give so many credits, or take them when negative; False, and nothing done, when this token did something before.

    All or InsufficientCredits. Credits and log entry in one transaction.
    """
    key = _key(wallet, token)
    with transaction.atomic():
        ledger.lock(wallet.site)
        if Transfer.objects.filter(key=key).exists():
            return False
        if credits > 0:
            ledger.grant(wallet.site, amount=credits, kind=GrantKind.ADJUSTMENT, key=key, note=reason, by=by)
        else:
            ledger.take(wallet.site, amount=-credits, key=key, note=reason, by=by)
        data = {"credits": credits, "reason": reason}
        log(wallet, "wagtail_sms.adjust_credits", user=by, title=site_label(wallet.site), data=data)
    return True


def adjusted_by(wallet: Wallet, *, token: UUID | str) -> int:
    """The credits that this token gave, or took when negative."""
    lines = Transfer.objects.filter(key=_key(wallet, token)).values_list("kind", "amount")
    return sum(amount if kind == TransferKind.ISSUE else -amount for kind, amount in lines)


def adjustments_of(wallet: Wallet, *, latest: int) -> list[Adjustment]:
    """What operators gave and took by this form, newest first. What was taken from several grants at once is one."""
    ours = Transfer.objects.filter(grant__wallet=wallet, key__startswith=f"adjust:{wallet.pk}:")
    keys = ours.values_list("key", flat=True).annotate(last=Max("pk")).order_by("-last")[:latest]
    lines = ours.filter(key__in=list(keys)).select_related("created_by").order_by("-pk")
    return [_adjustment(list(parts)) for _key, parts in groupby(lines, key=attrgetter("key"))]


def _adjustment(parts: list[Transfer]) -> Adjustment:
    first, moved = parts[0], sum(part.amount for part in parts)
    credits = moved if first.kind == TransferKind.ISSUE else -moved
    return Adjustment(first.created_at, credits, first.note, first.created_by)


def _key(wallet: Wallet, token: UUID | str) -> str:
    return f"adjust:{wallet.pk}:{token}"
