"""Credits from prices and rules: exact, and never free."""

from decimal import Decimal
from fractions import Fraction

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.countries import NAMES
from wagtail_sms.exceptions import PriceListRefused
from wagtail_sms.pricing.compose import Offer, Rule, Terms, compose, credits_of
from wagtail_sms.pricing.territories import PARENTS
from wagtail_sms.states import RateBasis


prices = st.decimals("0.000100", "9.999999", places=6)
countries = st.sampled_from(sorted(NAMES))
price_lists = st.dictionaries(countries, prices, min_size=1, max_size=30)
rules = st.one_of(st.builds(Rule, credits=st.integers(1, 500)), st.just(Rule(is_disabled=True)))


def offer(currency="USD", **amounts: str) -> Offer:
    return Offer(currency, {country: Decimal(amount) for country, amount in amounts.items()})


def made(*offers: Offer, unit: str | None = None, **by_country: Rule):
    terms = Terms(by_country, unit and Decimal(unit), "USD" if unit else "")
    return compose({f"p{position}": one for position, one in enumerate(offers)}, terms)


def credits(draft) -> dict[str, int]:
    return {country: rate.credits for country, rate in draft.rates.items()}


@given(price=prices, unit=prices)
def test_credits_cover_the_price_and_not_one_more_is_taken(price, unit):
    found = credits_of(price, unit)
    assert found * Fraction(unit) >= Fraction(price) > (found - 1) * Fraction(unit)


@given(amounts=price_lists, by_country=st.dictionaries(countries, rules, max_size=10))
def test_every_country_that_follows_its_price_pays_just_that_and_the_cheapest_costs_one(amounts, by_country):
    draft = compose({"default": Offer("USD", amounts)}, Terms(by_country))
    for country, rate in draft.rates.items():
        assert rate.credits >= 1
        if country in by_country:
            assert rate.credits == by_country[country].credits
        elif rate.basis == RateBasis.PRICE:
            assert rate.credits * draft.unit >= rate.price > (rate.credits - 1) * draft.unit
    priced = [rate for rate in draft.rates.values() if rate.price is not None]
    if priced:
        assert draft.unit == min(rate.price for rate in priced)
    following = [rate for rate in priced if rate.basis == RateBasis.PRICE]
    if any(rate.price == draft.unit for rate in following):
        assert min(rate.credits for rate in following) == 1
    assert not draft.rates.keys() & {country for country, rule in by_country.items() if rule.is_disabled}


@given(amounts=price_lists, unit=prices)
def test_with_a_pinned_unit_nothing_is_free_either(amounts, unit):
    draft = compose({"default": Offer("USD", amounts)}, Terms({}, unit, "USD"))
    for rate in draft.rates.values():
        assert rate.credits >= 1
        assert rate.credits * unit >= rate.price > (rate.credits - 1) * unit


@given(st.lists(price_lists, min_size=2, max_size=3))
def test_of_several_providers_the_cheapest_serves_each_country(lists):
    draft = compose({f"p{position}": Offer("USD", amounts) for position, amounts in enumerate(lists)})
    for country in set().union(*lists):
        asked = {f"p{position}": amounts[country] for position, amounts in enumerate(lists) if country in amounts}
        rate = draft.rates[country]
        assert rate.price == min(asked.values()) == asked[rate.provider]


def test_of_two_equal_prices_the_first_provider_serves():
    assert made(offer(FR="0.05"), offer(FR="0.05")).rates["FR"].provider == "p0"


def test_several_dozen_credits_are_possible():
    assert credits(made(offer(CO="0.008", TN="0.208")))["TN"] == 26


def test_a_country_switched_off_is_not_the_unit():
    assert credits(made(offer(FR="0.01", DE="0.02", CH="0.04"), FR=Rule(is_disabled=True))) == {"DE": 1, "CH": 2}


def test_setting_one_country_changes_no_other():
    draft = made(offer(FR="0.01", DE="0.02", CH="0.04"), FR=Rule(credits=7))
    assert credits(draft) == {"FR": 7, "DE": 2, "CH": 4}
    assert draft.rates["FR"].basis == RateBasis.OVERRIDE


def test_a_pinned_unit_holds_when_it_is_dearer_than_the_cheapest_country():
    assert credits(made(offer(FR="0.01", DE="0.02", CH="0.05"), unit="0.02")) == {"FR": 1, "DE": 1, "CH": 3}


def test_a_territory_follows_what_was_decided_about_its_parent():
    assert "AX" not in made(offer(FI="0.05", DE="0.05"), FI=Rule(is_disabled=True)).rates
    draft = made(offer(FI="0.05", DE="0.05"), FI=Rule(credits=4))
    assert draft.rates["AX"].credits == 4
    assert (draft.rates["AX"].basis, draft.rates["AX"].parent) == (RateBasis.PARENT, "FI")


def test_a_rule_on_the_territory_itself_comes_first():
    draft = made(offer(FI="0.05", DE="0.05"), FI=Rule(is_disabled=True), AX=Rule(credits=3))
    assert draft.rates["AX"].credits == 3
    assert "FI" not in draft.rates
    assert "AX" not in made(offer(FI="0.05"), AX=Rule(is_disabled=True)).rates


def test_a_country_nobody_has_a_price_for_can_be_set_and_goes_through_the_default_provider():
    rate = made(offer(FR="0.05"), KP=Rule(credits=40)).rates["KP"]
    assert (rate.credits, rate.price, rate.provider) == (40, None, "default")


def test_with_every_country_switched_off_nothing_is_served():
    assert made(offer(FR="0.05"), FR=Rule(is_disabled=True)).rates == {}


def test_without_prices_there_is_no_card():
    assert compose({}) is None
    assert compose({}, Terms({"FR": Rule(credits=3)}, Decimal("0.01"), "USD")) is None


def test_providers_in_two_currencies_make_no_card():
    with pytest.raises(PriceListRefused, match="p0: USD, p1: EUR"):
        made(offer(FR="0.05"), offer("EUR", DE="0.05"))


def test_a_unit_pinned_in_another_currency_makes_no_card():
    with pytest.raises(PriceListRefused, match="Unpin it first"):
        made(offer("EUR", FR="0.05"), unit="0.01")


def test_a_country_that_would_cost_a_fortune_makes_no_card():
    with pytest.raises(PriceListRefused, match="Germany would cost 90,000,000,000"):
        made(offer(FR="0.000001", DE="90000"))


def test_every_follower_and_parent_has_numbers_and_it_is_one_step():
    assert PARENTS.keys() | set(PARENTS.values()) <= phonenumbers.SUPPORTED_REGIONS & NAMES.keys()
    assert not PARENTS.keys() & set(PARENTS.values())


# Norfolk has a plan of its own, Ascension one beside Saint Helena's; all others are inside their parent's.
@pytest.mark.parametrize("territory", sorted(PARENTS.keys() - {"NF", "AC"}))
def test_a_follower_shares_its_parents_calling_code(territory):
    code = phonenumbers.country_code_for_region(territory)
    assert code == phonenumbers.country_code_for_region(PARENTS[territory])
