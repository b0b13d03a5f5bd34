from decimal import Decimal

import pytest
from django.db import transaction

from wagtail_sms.exceptions import CountryNotServed, IllegalTransition, ProviderError
from wagtail_sms.phone import parse
from wagtail_sms.pricing.cards import (
    credits_by_country,
    credits_for,
    current_card,
    providers_by_country,
    publish,
    refresh,
)
from wagtail_sms.pricing.models import CountryRate, RateCard
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import RateBasis


pytestmark = pytest.mark.django_db


def rows(**prices: str) -> list[PriceRow]:
    return [PriceRow(country, "", Decimal(price), "USD") for country, price in prices.items()]


def listed(card: RateCard) -> dict[str, int]:
    """The countries with a price of their own."""
    return dict(CountryRate.objects.filter(card=card, basis=RateBasis.PRICE).values_list("country", "credits"))


def test_the_cheapest_country_costs_one_credit_and_the_others_round_up():
    card = publish(rows(US="0.008", GB="0.0401", FR="0.2"), provider="default")
    assert listed(card) == {"US": 1, "GB": 6, "FR": 25}


def test_of_several_operators_the_dearest_counts():
    operators = [*rows(US="0.01"), PriceRow("US", "310260", Decimal("0.03"), "USD"), *rows(FR="0.03")]
    assert listed(publish(operators, provider="default")) == {"US": 1, "FR": 1}


def test_the_default_row_prices_no_country():
    card = publish([*rows(US="0.01"), PriceRow("XX", "0", Decimal("0.005"), "USD")], provider="default")
    assert listed(card) == {"US": 1}


def test_an_unknown_country_is_refused_never_free():
    publish(rows(US="0.01"), provider="default")
    with pytest.raises(CountryNotServed):
        credits_for("KP")


def test_unchanged_prices_make_no_new_card_and_changed_ones_leave_the_old_as_it_was():
    first = publish(rows(US="0.01", FR="0.05"), provider="default")
    assert publish(rows(US="0.01", FR="0.05"), provider="default") == first
    second = publish(rows(US="0.01", FR="0.06"), provider="default")
    assert current_card() == second
    assert listed(first) == {"US": 1, "FR": 5}
    assert RateCard.objects.filter(is_current=True).count() == 1


@pytest.mark.parametrize("bad", [[], [PriceRow("US", "", Decimal(1), "USD"), PriceRow("FR", "", Decimal(1), "EUR")]])
def test_an_empty_or_mixed_list_is_refused_and_the_old_card_stays(bad):
    card = publish(rows(US="0.01"), provider="default")
    with pytest.raises(ProviderError):
        publish(bad, provider="default")
    assert current_card() == card


def test_nothing_of_a_card_is_ever_changed_or_deleted():
    card = publish(rows(US="0.01", FR="0.05"), provider="default")
    rate = card.rates.get(country="FR")
    rate.credits, card.currency = 1, "EUR"
    for change in (
        rate.save,
        rate.delete,
        card.save,
        card.delete,
        card.rates.all().delete,
        RateCard.objects.all().delete,
        lambda: card.rates.update(credits=1),
        lambda: RateCard.objects.update(is_current=False),
        lambda: CountryRate.objects.bulk_update([rate], ["credits"]),
        lambda: CountryRate.objects.bulk_create(
            [rate], update_conflicts=True, unique_fields=["id"], update_fields=["credits"]
        ),
    ):
        with pytest.raises(IllegalTransition, match="history"), transaction.atomic():
            change()
    assert (current_card(), current_card().currency, credits_for("FR")) == (card, "USD", 5)


def test_deleting_somebodys_account_leaves_the_cards_they_made(superuser):
    card = publish(rows(US="0.01"), provider="default", reason="Contract", by=superuser)
    superuser.delete()
    assert (current_card(), current_card().created_by) == (card, None)


def test_refresh_takes_the_providers_list(provider):
    provider.prices = {"US": "0.01", "DE": "0.09"}
    assert listed(refresh()) == {"US": 1, "DE": 9}


@pytest.mark.parametrize(
    ("number", "country", "credits"),
    [("+12015550123", "US", 2), ("+14165550123", "CA", 3), ("+18765550123", "JM", 9), ("+17872345678", "PR", 4)],
)
def test_inside_plus_one_each_number_costs_what_its_own_country_does(number, country, credits):
    publish(rows(FR="0.005", US="0.01", CA="0.015", JM="0.045", PR="0.02"), provider="default")
    assert parse(number).country == country
    assert credits_for(parse(number).country) == credits


def test_a_territory_without_a_price_follows_its_parent_and_with_one_it_does_not():
    card = publish(rows(US="0.01", GB="0.04", PR="0.02"), provider="default")
    assert credits_by_country(card) == {
        **{"US": 1, "PR": 2, "GU": 1, "MP": 1, "VI": 1},
        **dict.fromkeys(("GB", "GG", "JE", "IM"), 4),
    }
    followed = CountryRate.objects.get(card=card, country="JE")
    assert (followed.basis, followed.parent, followed.price) == (RateBasis.PARENT, "GB", Decimal("0.04"))


def test_prices_that_only_come_in_another_order_make_no_new_card():
    first = publish(rows(US="0.01", FR="0.05"), provider="default")
    assert publish(rows(FR="0.05", US="0.0100"), provider="default") == first


def test_the_card_says_who_carries_the_texts():
    card = publish(rows(FR="0.05"), provider="default")
    assert providers_by_country(card) == {"FR": "default"}
