"""What keeps a broken price list from becoming the rate card.

Each guard looks at one kind of damage and says it in a sentence. What can't be used whatever anybody says is `final`;
the rest an operator may accept on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.conf import app_settings
from wagtail_sms.countries import country_name
from wagtail_sms.pricing.compose import Draft, Offer, Rate
from wagtail_sms.pricing.reading import Reading, money_text, shortened
from wagtail_sms.states import RateBasis


# Between the cheapest and the dearest country of real price lists lies a factor below 200.
WIDEST_SPREAD = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a list is refused, in a sentence. `is_final`: nobody can accept it."""

    sentence: str
    is_final: bool = False


def readable(reading: Reading) -> list[Problem]:
    """Guards that need nothing but the list itself."""
    found = []
    if not reading.prices:
        found.append(Problem(_("The list has no country with a price in it."), is_final=True))
    if len(reading.currencies) > 1:
        listed = ", ".join(reading.currencies)
        found.append(Problem(_("The list mixes currencies: %(listed)s.") % {"listed": listed}, is_final=True))
    elif reading.currencies and not is_currency(code := reading.currencies[0]):
        wrong = _("“%(text)s” is not a currency code of three letters.") % {"text": code[:40]}
        found.append(Problem(wrong if code else _("The list does not say its currency."), is_final=True))
    if reading.worthless:
        sentence = ngettext(
            "%(count)s price is not a price: %(listed)s.",
            "%(count)s prices are not prices: %(listed)s.",
            len(reading.worthless),
        )
        listed = shortened(reading.worthless)
        found.append(Problem(sentence % {"count": len(reading.worthless), "listed": listed}))
    return found + _spread(reading.offer)


def plausible(offer: Offer, *, before: Offer | None, card: Offer | None) -> list[Problem]:
    """Guards that compare with the provider's list before, or with the card when it is the provider's first one."""
    found = _half(offer, before)
    if card and card.currency != offer.currency:
        sentence = _("The prices are in %(currency)s; the rate card in force is in %(before)s.")
        return [*found, Problem(sentence % {"currency": offer.currency, "before": card.currency})]
    known = before or card
    return found + (_leaps(offer.prices, known.prices) if known else [])


def unit_leap(draft: Draft, *, before: Decimal) -> list[Problem]:
    """The cheapest country is what all credits are counted in, so its price may not leap either."""
    if draft.is_unit_pinned or not leaps(before, draft.unit):
        return []
    sentence = _("One credit would be worth %(now)s %(currency)s; it is worth %(before)s now.")
    values = {"now": money_text(draft.unit), "before": money_text(before), "currency": draft.currency}
    return [Problem(sentence % values)]


def credit_leaps(rates: Mapping[str, Rate], *, before: Mapping[str, Rate]) -> list[Problem]:
    """Credits are what is paid, and a credit that became cheaper multiplies with a price that became dearer.

    Not looked at is what the operator set, and a territory that follows the same country on both cards, which is told.
    """
    both = [country for country in sorted(rates.keys() & before.keys()) if _is_priced(country, rates, before)]
    leaping = [country for country in both if leaps(before[country].credits, rates[country].credits)]
    if not leaping:
        return []
    sentence = _("The credits of a segment would change %(factor)s times or more: %(listed)s.")
    listed = shortened(
        f"{country_name(country)} ({before[country].credits:,} → {rates[country].credits:,})" for country in leaping
    )
    return [Problem(sentence % {"factor": app_settings.LARGEST_PRICE_CHANGE, "listed": listed})]


def leaps(before: Decimal | int, now: Decimal | int) -> bool:
    """Whether one is LARGEST_PRICE_CHANGE times the other, or more."""
    factor = app_settings.LARGEST_PRICE_CHANGE
    return now >= before * factor or now * factor <= before


def is_currency(code: str) -> bool:
    """Whether it has the shape of an ISO 4217 code."""
    return len(code) == 3 and code.isascii() and code.isalpha()


def _spread(offer: Offer) -> list[Problem]:
    if not offer.prices:
        return []
    cheapest = min(offer.prices, key=offer.prices.get)
    limit = offer.prices[cheapest] * WIDEST_SPREAD
    names = [country_name(country) for country, price in sorted(offer.prices.items()) if price > limit]
    if not names:
        return []
    sentence = _("More than %(factor)s times as dear as %(cheapest)s (%(price)s): %(listed)s.")
    values = {
        "factor": f"{WIDEST_SPREAD:,}",
        "cheapest": country_name(cheapest),
        "price": money_text(offer.prices[cheapest]),
        "listed": shortened(names),
    }
    return [Problem(sentence % values)]


def _half(offer: Offer, before: Offer | None) -> list[Problem]:
    kept = offer.prices.keys() & before.prices.keys() if before else ()
    if not before or len(kept) * 2 > len(before.prices):
        return []
    sentence = _("Half of the countries or more are missing: %(kept)s of %(before)s are left.")
    return [Problem(sentence % {"kept": len(kept), "before": len(before.prices)})]


def _leaps(prices: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> list[Problem]:
    both = sorted(country for country in prices.keys() & before.keys() if leaps(before[country], prices[country]))
    dearer = [country for country in both if prices[country] > before[country]]
    cheaper = [country for country in both if prices[country] < before[country]]
    values = {"factor": app_settings.LARGEST_PRICE_CHANGE}
    found = []
    if dearer:
        listed = shortened(_from_to(country, before, prices) for country in dearer)
        found.append(Problem(_("%(factor)s times dearer or more: %(listed)s.") % {**values, "listed": listed}))
    if cheaper:
        listed = shortened(_from_to(country, before, prices) for country in cheaper)
        found.append(Problem(_("%(factor)s times cheaper or more: %(listed)s.") % {**values, "listed": listed}))
    return found


def _is_priced(country: str, *cards: Mapping[str, Rate]) -> bool:
    """Whether prices alone made this country's credits on each card."""
    parents = {rates[country].parent for rates in cards}
    if parents != {""} and len(parents) == 1:
        return False
    sources = (rates.get(rates[country].parent, rates[country]) for rates in cards)
    return all(rate.basis != RateBasis.OVERRIDE for rate in sources)


def _from_to(country: str, before: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> str:
    return f"{country_name(country)} ({money_text(before[country])} → {money_text(prices[country])})"
