"""What the operator decides about prices, with its reason, its log and the card it makes."""

from decimal import Decimal

import pytest
from wagtail.models import ModelLogEntry

from wagtail_sms.exceptions import CountryNotServed, PriceRuleRefused
from wagtail_sms.pricing import rules
from wagtail_sms.pricing.cards import credits_by_country, credits_for, current_card, publish
from wagtail_sms.pricing.models import CountryRule, PriceList, RateCard, UnitPin
from wagtail_sms.providers.base import PriceRow


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def card() -> RateCard:
    prices = {"PT": "0.04", "FR": "0.05", "DE": "0.08"}
    return publish([PriceRow(c, "", Decimal(price), "EUR") for c, price in prices.items()], provider="default")


def logged() -> list[tuple[str, str, str]]:
    """(who, what it is about, what happened) of each entry, the newest first."""
    entries = ModelLogEntry.objects.filter(action__startswith="wagtail_sms.price").order_by("-pk")
    return [(entry.user_display_name, entry.label, entry.message) for entry in entries]


def test_overriding_makes_a_card_with_who_and_why_and_logs_it(card, superuser):
    rules.override("DE", credits=5, reason="Promised to the Berlin sites", by=superuser)
    now = current_card()
    assert credits_by_country(now) == {"PT": 1, "FR": 2, "DE": 5}
    assert now.reason == "Germany set to 5 credits: Promised to the Berlin sites"
    assert now.created_by == superuser
    assert logged() == [
        ("Ada Lindqvist", "Germany", "A segment set to 5 credits: Promised to the Berlin sites"),
    ]
    assert credits_by_country(card)["DE"] == 2


def test_a_country_switched_off_is_refused_and_another_becomes_the_cheapest():
    rules.disable("PT", reason="Fraud")
    with pytest.raises(CountryNotServed):
        credits_for("PT")
    assert credits_by_country(current_card()) == {"FR": 1, "DE": 2}


def test_switched_on_again_a_country_costs_what_was_set_before():
    rules.override("DE", credits=9, reason="Dear")
    rules.disable("DE", reason="Fraud")
    rules.enable("DE", reason="Settled")
    assert credits_for("DE") == 9
    rules.clear("DE", reason="Cheap again")
    assert credits_for("DE") == 2
    assert not CountryRule.objects.exists()
    assert [message for _who, _what, message in logged()] == [
        "Follows the price again: Cheap again",
        "Switched on: Settled",
        "Switched off: Fraud",
        "A segment set to 9 credits: Dear",
    ]


def test_setting_the_credits_of_a_country_that_is_off_serves_it_again():
    rules.disable("DE", reason="Fraud")
    rules.override("DE", credits=3, reason="Settled, but dear")
    assert credits_for("DE") == 3


def test_pinning_one_credit_reprices_every_country_and_unpinning_puts_it_back(card):
    rules.pin_unit(Decimal("0.01"), reason="A credit is a cent")
    assert credits_by_country(current_card()) == {"PT": 4, "FR": 5, "DE": 8}
    assert current_card().is_unit_pinned
    rules.unpin(reason="Back to the cheapest")
    assert credits_by_country(current_card()) == credits_by_country(card)
    assert not current_card().is_unit_pinned
    assert UnitPin.objects.count() == 2
    assert logged()[1][2] == "One credit pinned to 0.01 EUR: A credit is a cent"


def test_a_rule_that_changes_nothing_makes_no_card(card):
    assert rules.override("DE", credits=2, reason="Keep it") != card  # it no longer follows the price
    unchanged = current_card()
    assert rules.override("DE", credits=2, reason="Still") == unchanged


def test_a_rule_outlives_new_prices():
    rules.override("DE", credits=5, reason="Promised")
    publish([PriceRow(c, "", Decimal("0.09"), "EUR") for c in ("PT", "FR", "DE")], provider="default")
    assert credits_by_country(current_card()) == {"PT": 1, "FR": 1, "DE": 5}


@pytest.mark.parametrize(
    "decide",
    [
        lambda: rules.override("DE", credits=0, reason="Free"),
        lambda: rules.override("DE", credits=-3, reason="Less than free"),
        lambda: rules.override("DE", credits=10**9, reason="A fortune"),
        lambda: rules.override("ZZ", credits=3, reason="Where is that?"),
        lambda: rules.override("DE", credits=3, reason="   "),
        lambda: rules.disable("DE", reason=""),
        lambda: rules.enable("DE", reason="It is on"),
        lambda: rules.clear("DE", reason="There is no rule"),
        lambda: rules.pin_unit(Decimal(0), reason="Free"),
        lambda: rules.pin_unit(Decimal("NaN"), reason="Not a number"),
        lambda: rules.pin_unit(Decimal("-1"), reason="Less than free"),
    ],
)
def test_a_rule_without_sense_or_reason_changes_nothing(card, decide):
    with pytest.raises(PriceRuleRefused):
        decide()
    assert current_card() == card
    assert not CountryRule.objects.exists() and not UnitPin.objects.exists()
    assert logged() == []


def test_a_pin_that_would_make_a_country_cost_a_fortune_is_undone_whole(card):
    publish([PriceRow(c, "", Decimal(p), "EUR") for c, p in {"PT": "0.04", "DE": "0.9"}.items()], provider="default")
    before = current_card()
    with pytest.raises(PriceRuleRefused, match="Germany would cost 900,000"):
        rules.pin_unit(Decimal("0.000001"), reason="A mistake")
    assert current_card() == before
    assert not UnitPin.objects.exists()


def test_drafts_show_what_a_decision_would_do_and_change_nothing(card):
    made = rules.draft_with("PT", rules.Rule(is_disabled=True))
    assert {country: rate.credits for country, rate in made.rates.items()} == {"FR": 1, "DE": 2}
    assert rules.draft_at(Decimal("0.01"), "EUR").rates["DE"].credits == 8
    assert current_card() == card


def test_a_rule_made_before_the_first_price_list_counts_when_it_comes():
    RateCard._base_manager.all().delete()
    PriceList.objects.all().delete()
    assert rules.override("FR", credits=3, reason="Early") is None
    publish([PriceRow("FR", "", Decimal("0.05"), "EUR")], provider="default")
    assert credits_for("FR") == 3
