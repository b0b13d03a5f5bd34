"""Telling the operator that a price list was refused or could not be had, or that no rate card can be made."""

import logging
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.core.mail import mail_admins
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from wagtail_sms.exceptions import PriceListRefused
from wagtail_sms.pricing.models import PriceList
from wagtail_sms.timetable import forget, turn


logger = logging.getLogger(__name__)

FOR_GOOD = timedelta(days=36_500)
TOLD = "no card:%s"


def refused(price_list: PriceList) -> None:
    """Log a refused list and write to ADMINS. Called once per list, after its transaction."""
    logger.error("Price list of %s refused: %s", price_list.provider, price_list.problem.replace("\n", " "))
    mail_admins(
        _("The price list of %(provider)s was refused") % {"provider": price_list.provider},
        "\n\n".join(filter(None, (_explanation(price_list), price_list.problem, _way_on()))),
        fail_silently=True,
    )


def failed(provider: str, error: Exception, *, is_unexpected: bool = False) -> None:
    """Log that a provider's prices could not be had this time; with its place in the code if it is none of ours."""
    logger.error(
        "The prices of %s could not be refreshed: %s", provider, error, exc_info=error if is_unexpected else None
    )


def no_card(error: PriceListRefused) -> None:
    """Log that the lists in use make no card together any more, such as those of two currencies.

    ADMINS are written to once for each reason, until `card_made` says that it is over.
    """
    logger.error("No rate card can be made of the price lists in use. %s", error)
    with turn(TOLD % sha256(str(error).encode()).hexdigest()[:32], every=FOR_GOOD) as is_news:
        if is_news:
            reasons = _("The price lists in use make no rate card together any more. What is wrong:")
            mail_admins(
                _("No rate card can be made of the price lists"),
                "\n\n".join(filter(None, (reasons, str(error), _page()))),
                fail_silently=True,
            )


def card_made() -> None:
    """The lists make a card: the next time that they don't is news again."""
    forget(TOLD % "")


def left_out(price_list: PriceList, note: str) -> None:
    """Log what of an accepted list was ignored."""
    logger.warning("Price list of %s: %s", price_list.provider, note)


def _explanation(price_list: PriceList) -> str:
    return _(
        "The price list that came from the SMS provider %(provider)s (%(source)s) does not look right, so it was not "
        "used. The rate card that was in force stays in force, and messages cost what they did."
    ) % {"provider": price_list.provider, "source": price_list.source}


def _way_on() -> str:
    page = _page()
    return _("If these prices are right, use the list anyway: %(page)s") % {"page": page} if page else ""


def _page() -> str:
    base = getattr(settings, "WAGTAILADMIN_BASE_URL", None) or ""
    try:
        return base.rstrip("/") + reverse("wagtail_sms:price_lists")
    except NoReverseMatch:
        return ""
