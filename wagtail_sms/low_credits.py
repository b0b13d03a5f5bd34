"""Telling a site that its credits run low: one e-mail to those who may buy more, one signal, once per crossing."""

import logging
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from wagtail.admin.mail import send_mail
from wagtail.admin.utils import get_admin_base_url
from wagtail.users.models import UserProfile

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger, low, periods
from wagtail_sms.credits.models import Wallet
from wagtail_sms.extension import Extension
from wagtail_sms.signals import credits_low
from wagtail_sms.states import ExtensionStatus
from wagtail_sms.timetable import turn


logger = logging.getLogger("wagtail_sms")


def due() -> QuerySet[Wallet]:
    """Wallets to look at: low, not told, of a site that has the feature. Whoever uninstalled it is left in peace."""
    installed = Extension.objects.filter(status=ExtensionStatus.INSTALLED)
    return low.untold().filter(site__in=installed.values("site"))


def tell_if_low(*, now: datetime | None = None) -> int:
    """Tell each site whose credits fell below its threshold since it was last above it. Returns how many were told.

    Several at once tell each site once. An e-mail that can't be sent is tried again at the next sweep, and until
    then the signal waits too. It counts as sent only afterwards: a process that is killed in between loses none, and
    in the worst moment sends it again. Runs outside of transactions: a mail server may take its time.
    """
    now = now or timezone.now()
    low.rearm()
    # The cached figure may miss the free credits of a month that nobody asked for yet: asking issues them.
    candidates = [wallet for wallet in due() if low.is_low(wallet.site, now=now)]
    return sum(_tell(wallet, now) for wallet in candidates)


def recipients(site) -> QuerySet:
    """Active users with an address who may buy credits on this site; superusers when there is no such user."""
    users = get_user_model()._default_manager.filter(is_active=True)
    users = users.exclude(Q(**{_address_field(): ""}) | Q(**{f"{_address_field()}__isnull": True}))
    everywhere = ModelBackend().with_perm("wagtail_sms.buy_credits", include_superusers=False)
    here = Q(
        groups__site_permissions__site=site,
        groups__site_permissions__permission__codename="buy_credits",
        groups__site_permissions__permission__content_type__app_label="wagtail_sms",
    )
    buyers = users.filter(Q(pk__in=everywhere.values("pk")) | here).distinct()
    return (buyers if buyers.exists() else users.filter(is_superuser=True)).order_by("pk")


def _tell(wallet: Wallet, now: datetime) -> bool:
    with turn(f"low:{wallet.pk}", now=now) as is_mine:
        if not is_mine or not low.is_untold(wallet):
            return False
        try:
            available = _mail(wallet, now)
        except Exception:
            logger.exception("%s could not be told that its credits run low; the next sweep tries again.", wallet.site)
            return False
        low.told(wallet, now=now)
    credits_low.send_robust(sender=Wallet, site=wallet.site, available=available)
    return True


def _mail(wallet: Wallet, now: datetime) -> int:
    """One message to all of them, so that it reaches everybody or nobody and a retry doubles nothing."""
    balance, to = ledger.balance(wallet.site, now=now), list(recipients(wallet.site))
    if to:
        with override(_language(to)):
            context = _context(wallet, balance, now)
            subject = " ".join(render_to_string("wagtail_sms/email/low_credits_subject.txt", context).split())
            body = render_to_string("wagtail_sms/email/low_credits.txt", context)
        addresses = {getattr(user, _address_field()).casefold(): getattr(user, _address_field()) for user in to}
        send_mail(subject, body.strip() + "\n", list(addresses.values()))
    else:
        logger.warning(
            "Nobody with an e-mail address may buy credits for %s: no message that they run low.", wallet.site
        )
    return balance.available


def _context(wallet: Wallet, balance: ledger.Balance, now: datetime) -> dict:
    """The templates' variables: figures as people read them, and `credits` as the number that chooses the plural."""
    shown = {
        "left": balance.available,
        "free": balance.free_left,
        "bought": balance.bought,
        "reserved": balance.reserved,
        "threshold": low.threshold_of(wallet),
        "next_free": app_settings.FREE_CREDITS_PER_MONTH,
    }
    return {
        **{name: intcomma(figure) for name, figure in shown.items()},
        "credits": balance.available,
        "reserves": bool(balance.reserved),
        "gives_free": bool(app_settings.FREE_CREDITS_PER_MONTH),
        "next_free_day": periods.end_of(periods.period_of(now)).date(),
        "site": wallet.site.site_name or str(wallet.site),
        "address": _address(wallet.site),
    }


def _address_field() -> str:
    return get_user_model().get_email_field_name()


def _language(users: list) -> str:
    """The admin language that all of them chose, or else the installation's."""
    chosen = {UserProfile.get_for_user(user).get_preferred_language() for user in users}
    return chosen.pop() if len(chosen) == 1 else settings.LANGUAGE_CODE


def _address(site) -> str:
    """The site's Credits tab as a link can name it; empty when nobody said where the admin is."""
    base = (get_admin_base_url() or "").rstrip("/")
    return f"{base}{reverse('wagtail_sms:credits')}?sms_site={site.pk}" if base else ""
