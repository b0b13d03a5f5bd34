"""From prices and the operator's rules to credits: pure arithmetic, exact, without a database.

Within a provider the dearest row of a country counts, because the operator of a number isn't known before sending and
nobody may pay more than was confirmed. Between providers the cheapest of these serves the country.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from wagtail_sms.countries import country_name
from wagtail_sms.exceptions import PriceListRefused
from wagtail_sms.pricing.territories import PARENTS
from wagtail_sms.states import RateBasis


# Per segment. Far above what any country costs; beyond it stands a mistake.
MOST_CREDITS = 100_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider asks per segment: `prices` by country, each the dearest of its rows."""

    currency: str
    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Rule:
    """The operator's word on a country: no texts there, or these credits whatever the price."""

    credits: int | None = None
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """One country's part of a card. `credits` is per segment; `price` is None when nobody named one."""

    credits: int
    price: Decimal | None
    provider: str
    basis: str = RateBasis.PRICE
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rate card that is not in force (yet)."""

    currency: str
    unit: Decimal
    is_unit_pinned: bool
    rates: dict[str, Rate]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator decided. `unit` is the pinned price of one credit, in `unit_currency`."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    unit: Decimal | None = None
    unit_currency: str = ""


@dataclass(frozen=True, slots=True)
class _Way:
    """How a country is reached: the cheapest provider with its price, its own or its parent's, and the rule on it."""

    price: Decimal | None
    provider: str
    parent: str
    rule: Rule
    basis: str


def dearest(rows: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """`{country: dearest amount}` of (country, amount) pairs."""
    prices: dict[str, Decimal] = {}
    for country, amount in rows:
        prices[country] = max(amount, prices.get(country, amount))
    return prices


def compose(offers: Mapping[str, Offer], terms: Terms | None = None, *, fallback: str = "default") -> Draft | None:
    """The card made of `{provider alias: Offer}` in their order; None without any price.

    `fallback` carries the texts to a country that the operator priced and no provider did. Raises PriceListRefused
    when the offers, or a pinned unit, are in several currencies, or when a country costs more than MOST_CREDITS.
    """
    terms = terms or Terms()
    currency = _one_currency(offers, terms)
    ways = _ways(_cheapest(offers), terms.rules, fallback)
    served = {country: way for country, way in ways.items() if not way.rule.is_disabled}
    unit = terms.unit or _unit(served) or _unit(ways)
    if unit is None or not offers:
        return None
    rates = {country: _rate(country, served[country], unit) for country in sorted(served)}
    return Draft(currency=currency, unit=unit, is_unit_pinned=terms.unit is not None, rates=rates)


def credits_of(price: Decimal, unit: Decimal) -> int:
    """How many credits cover the price: rounded up, without an error however the division ends."""
    whole, rest = divmod(price, unit)
    return int(whole) + (1 if rest else 0)


def _one_currency(offers: Mapping[str, Offer], terms: Terms) -> str:
    currencies = {alias: offer.currency for alias, offer in offers.items()}
    if len(set(currencies.values())) > 1:
        listed = ", ".join(f"{alias}: {currency}" for alias, currency in currencies.items())
        raise PriceListRefused([_("The providers ask in different currencies (%(listed)s).") % {"listed": listed}])
    currency = next(iter(currencies.values()), "")
    if currency and terms.unit is not None and terms.unit_currency != currency:
        raise PriceListRefused(
            [
                _("One credit is pinned in %(pinned)s, but the prices are in %(currency)s. Unpin it first.")
                % {"pinned": terms.unit_currency, "currency": currency}
            ]
        )
    return currency


def _cheapest(offers: Mapping[str, Offer]) -> dict[str, tuple[Decimal, str]]:
    """`{country: (price, provider)}`; of two equal ones the provider that stands first."""
    found: dict[str, tuple[Decimal, str]] = {}
    for alias, offer in offers.items():
        for country, price in offer.prices.items():
            if country not in found or price < found[country][0]:
                found[country] = price, alias
    return found


def _ways(priced: dict[str, tuple[Decimal, str]], rules: Mapping[str, Rule], fallback: str) -> dict[str, _Way]:
    known = priced.keys() | rules.keys()
    followers = {country for country, parent in PARENTS.items() if parent in known}
    return {country: _way(country, priced, rules, fallback) for country in known | followers}


def _way(country: str, priced: dict, rules: Mapping[str, Rule], fallback: str) -> _Way:
    """A territory without a price of its own follows its parent in all, but for a rule of its own."""
    parent = PARENTS.get(country, "") if country not in priced else ""
    if parent not in priced and parent not in rules:
        parent = ""
    price, provider = priced.get(parent or country, (None, fallback))
    rule = rules.get(country) or rules.get(parent) or Rule()
    return _Way(price, provider, parent, rule, _basis(parent, rule, is_own=country in rules))


def _basis(parent: str, rule: Rule, *, is_own: bool) -> str:
    if parent and not is_own:
        return RateBasis.PARENT
    return RateBasis.OVERRIDE if rule.credits else RateBasis.PRICE


def _unit(ways: Mapping[str, _Way]) -> Decimal | None:
    return min((way.price for way in ways.values() if way.price is not None), default=None)


def _rate(country: str, way: _Way, unit: Decimal) -> Rate:
    credits = way.rule.credits or credits_of(way.price, unit)
    if credits > MOST_CREDITS:
        raise PriceListRefused(
            [
                _("%(country)s would cost %(credits)s credits a segment, which can't be right.")
                % {"country": country_name(country), "credits": f"{credits:,}"}
            ]
        )
    return Rate(credits, way.price, way.provider, way.basis, way.parent)
