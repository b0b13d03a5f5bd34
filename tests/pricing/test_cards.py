from decimal import Decimal

import pytest

from wagtail_sms.exceptions import CountryNotServed, ProviderError
from wagtail_sms.pricing.cards import credits_by_country, credits_for, current_card, publish, refresh
from wagtail_sms.pricing.models import RateCard
from wagtail_sms.providers.base import PriceRow


pytestmark = pytest.mark.django_db


def rows(**prices: str) -> list[PriceRow]:
    return [PriceRow(country, "", Decimal(price), "USD") for country, price in prices.items()]


def test_the_cheapest_country_costs_one_credit_and_the_others_round_up():
    card = publish(rows(US="0.008", GB="0.0401", FR="0.2"), provider="default")
    assert credits_by_country(card) == {"US": 1, "GB": 6, "FR": 25}


def test_of_several_operators_the_dearest_counts():
    operators = [*rows(US="0.01"), PriceRow("US", "310260", Decimal("0.03"), "USD"), *rows(FR="0.03")]
    assert credits_by_country(publish(operators, provider="default")) == {"US": 1, "FR": 1}


def test_the_default_row_prices_no_country():
    card = publish([*rows(US="0.01"), PriceRow("XX", "0", Decimal("0.005"), "USD")], provider="default")
    assert credits_by_country(card) == {"US": 1}


def test_an_unknown_country_is_refused_never_free():
    publish(rows(US="0.01"), provider="default")
    with pytest.raises(CountryNotServed):
        credits_for("KP")


def test_unchanged_prices_make_no_new_card_and_changed_ones_leave_the_old_as_it_was():
    first = publish(rows(US="0.01", FR="0.05"), provider="default")
    assert publish(rows(US="0.01", FR="0.05"), provider="default") == first
    second = publish(rows(US="0.01", FR="0.06"), provider="default")
    assert current_card() == second
    assert credits_by_country(first) == {"US": 1, "FR": 5}
    assert RateCard.objects.filter(is_current=True).count() == 1


@pytest.mark.parametrize("bad", [[], [PriceRow("US", "", Decimal(1), "USD"), PriceRow("FR", "", Decimal(1), "EUR")]])
def test_an_empty_or_mixed_list_is_refused_and_the_old_card_stays(bad):
    card = publish(rows(US="0.01"), provider="default")
    with pytest.raises(ProviderError):
        publish(bad, provider="default")
    assert current_card() == card


def test_refresh_takes_the_providers_list(provider):
    provider.prices = {"US": "0.01", "DE": "0.09"}
    assert credits_by_country(refresh()) == {"US": 1, "DE": 9}
