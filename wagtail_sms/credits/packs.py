"""What can be bought: the packs of `WAGTAIL_SMS["PACKS"]`, and how many of one fit into a purchase."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import PurchaseRefused


#: What the columns of a purchase hold, and what Stripe charges at once (eight digits).
MOST_CREDITS, MOST_CENTS = 2**31 - 1, 99_999_999


@dataclass(frozen=True, slots=True)
class Pack:
    """So many credits for so much money, in the currency's smallest unit."""

    credits: int
    price_cents: int
    currency: str


def packs() -> list[Pack]:
    """The packs on offer, in the order of the settings; ImproperlyConfigured if one of them makes no sense."""
    currency = app_settings.PACK_CURRENCY
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ImproperlyConfigured(f"WAGTAIL_SMS['PACK_CURRENCY']: {currency!r} is no ISO 4217 code such as 'USD'.")
    return [_pack(entry, currency.upper()) for entry in app_settings.PACKS]


def largest_quantity(pack: Pack) -> int:
    """How many of a pack one purchase may hold."""
    return min(MOST_CREDITS // pack.credits, MOST_CENTS // pack.price_cents)


def refuse_unless_offered(pack: Pack, quantity: int) -> None:
    """Raises PurchaseRefused for a pack that is not (or no longer) on offer, and for too few or too many of one."""
    if pack not in packs():
        raise PurchaseRefused(_("This pack is not offered any more. Choose again."))
    most = largest_quantity(pack)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise PurchaseRefused(_("Enter a whole number of packs, from 1."))
    if quantity > most:
        sentence = ngettext(
            "At most %(most)s pack of this size can be bought at once.",
            "At most %(most)s packs of this size can be bought at once.",
            most,
        )
        raise PurchaseRefused(sentence % {"most": f"{most:,}"})


def _pack(entry: object, currency: str) -> Pack:
    try:
        credits, price_cents = entry
    except (TypeError, ValueError):
        raise _malformed(entry) from None
    if any(type(figure) is not int or figure < 1 for figure in (credits, price_cents)):
        raise _malformed(entry)
    if credits > MOST_CREDITS or price_cents > MOST_CENTS:
        raise ImproperlyConfigured(f"WAGTAIL_SMS['PACKS']: {entry!r} is too large.")
    return Pack(credits, price_cents, currency)


def _malformed(entry: object) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"WAGTAIL_SMS['PACKS']: {entry!r} must be two whole numbers from 1: credits, and their price in cents."
    )
