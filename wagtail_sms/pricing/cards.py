"""Reading the current rate card, and making a new one from a provider's price list.

The rule when a country has several rows (operators): the dearest one counts, because a message's operator is not
known before it is sent and nobody may pay more than was confirmed. One credit is the cheapest country's price.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from django.db import transaction
from django.utils import timezone

from wagtail_sms.exceptions import CountryNotServed, ProviderError
from wagtail_sms.pricing.models import CountryRate, RateCard
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow


def current_card() -> RateCard | None:
    """The rate card in force, or None before the first refresh."""
    return RateCard.objects.filter(is_current=True).first()


def credits_by_country(card: RateCard | None) -> dict[str, int]:
    """`{ISO country: credits per segment}` of one card."""
    if card is None:
        return {}
    return dict(CountryRate.objects.filter(card=card).values_list("country", "credits"))


def credits_for(country: str, *, card: RateCard | None = None) -> int:
    """Credits per segment in one country. Raises CountryNotServed when the card has no rate for it."""
    rates = CountryRate.objects.filter(card=card) if card else CountryRate.objects.filter(card__is_current=True)
    found = rates.filter(country=country).values_list("credits", flat=True).first()
    if found is None:
        raise CountryNotServed(country)
    return found


def served_countries() -> list[str]:
    """ISO codes of the countries with a rate, sorted."""
    return sorted(credits_by_country(current_card()))


def refresh(provider_alias: str = "default") -> RateCard:
    """Fetch the provider's price list and put a new card in force if any price changed.

    The request is made outside of any transaction; the card and its rates appear in one. Raises ProviderError when
    the list can't be had or is empty; the old card then stays.
    """
    return publish(get_provider(provider_alias).fetch_prices(), provider=provider_alias)


def publish(rows: Iterable[PriceRow], *, provider: str) -> RateCard:
    """Make a card from price rows, unless it would equal the current one. Runs in its own transaction."""
    prices, currency = _dearest_per_country(rows)
    if not prices:
        raise ProviderError("The provider's price list has no country in it; the old rate card stays in force.")
    unit = min(prices.values())
    with transaction.atomic():
        current = RateCard.objects.select_for_update().filter(is_current=True).first()
        if current and _same(current, prices, currency, provider):
            return current
        RateCard.objects.filter(is_current=True).update(is_current=False)
        card = RateCard.objects.create(
            provider=provider, currency=currency, unit_price=unit, is_current=True, created_at=timezone.now()
        )
        CountryRate.objects.bulk_create(
            CountryRate(card=card, country=country, price=price, credits=_credits(price, unit))
            for country, price in sorted(prices.items())
        )
    return card


def _dearest_per_country(rows: Iterable[PriceRow]) -> tuple[dict[str, Decimal], str]:
    prices: dict[str, Decimal] = {}
    currencies = set()
    for row in rows:
        if row.country in ("", "XX") or row.amount <= 0:
            continue
        currencies.add(row.currency)
        prices[row.country] = max(row.amount, prices.get(row.country, row.amount))
    if len(currencies) > 1:
        raise ProviderError("The provider's price list mixes currencies; the old rate card stays in force.")
    return prices, currencies.pop() if currencies else ""


def _credits(price: Decimal, unit: Decimal) -> int:
    return int((price / unit).to_integral_value(rounding=ROUND_CEILING))


def _same(card: RateCard, prices: dict[str, Decimal], currency: str, provider: str) -> bool:
    stored = dict(CountryRate.objects.filter(card=card).values_list("country", "price"))
    return card.currency == currency and card.provider == provider and stored == prices
