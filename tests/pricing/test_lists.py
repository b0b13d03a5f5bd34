"""Price lists that come in: what is accepted, what is refused, and who hears of it."""

import logging
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry

from wagtail_sms import tasks
from wagtail_sms.exceptions import IllegalTransition, PriceListRefused, ProviderUnavailable
from wagtail_sms.pricing import lists, rules
from wagtail_sms.pricing.cards import credits_by_country, current_card, publish, refresh, refresh_all
from wagtail_sms.pricing.making import list_in_use
from wagtail_sms.pricing.models import Price, PriceList, RateCard, UnitPin
from wagtail_sms.pricing.reading import read
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import PriceListStatus


pytestmark = pytest.mark.django_db
NORMAL = {"FR": "0.05", "DE": "0.08", "ES": "0.06", "PT": "0.04"}
TWO = {
    "PROVIDERS": {
        alias: {"BACKEND": "wagtail_sms.providers.locmem.LocmemProvider", "OPTIONS": {"PRICES": prices}}
        for alias, prices in {"default": {"FR": "0.05", "DE": "0.08"}, "second": {"DE": "0.06", "PT": "0.04"}}.items()
    }
}


@pytest.fixture(autouse=True)
def _admins(settings):
    settings.ADMINS = [("Ops", "ops@example.org")]


@pytest.fixture
def normal(provider) -> RateCard:
    provider.prices = dict(NORMAL)
    return refresh()


def rows(currency="USD", **prices: str) -> list[PriceRow]:
    return [PriceRow(country, "", Decimal(price), currency) for country, price in prices.items()]


def refused(prices, **how) -> str:
    """The reasons for which the list is refused."""
    given = prices if isinstance(prices, list) else rows(**prices)
    taken = lists.take_in(given, provider="default", **how)
    assert taken.status == PriceListStatus.REFUSED
    return taken.problem


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        ([], "no country with a price"),
        ({"FR": "0.05", "DE": "0.08"}, "2 of 4 are left"),
        ({"FR": "0.05"}, "1 of 4 are left"),
        (rows("EUR", **NORMAL), "The prices are in EUR; the rate card in force is in USD."),
        ([*rows(FR="0.05", DE="0.08"), *rows("EUR", ES="0.06", PT="0.04")], "mixes currencies: EUR, USD"),
        (rows("", **NORMAL), "does not say its currency"),
        (rows("EURO", **NORMAL), "“EURO” is not a currency code of three letters."),
        (rows("U\0D", **NORMAL), "is not a currency code"),
        ({**NORMAL, "FR": "0.5"}, "10 times dearer or more: France (0.05 → 0.5)."),
        ({**NORMAL, "FR": "0.005"}, "10 times cheaper or more: France (0.05 → 0.005)."),
        ({**NORMAL, "FR": "-0.05"}, "1 price is not a price: France (-0.05)."),
        ({**NORMAL, "FR": "0", "DE": "NaN"}, "2 prices are not prices: France (0), Germany (NaN)."),
        ({**NORMAL, "FR": "0.0000001"}, "1 price is not a price"),
        ({**NORMAL, "FR": "1e30"}, "1 price is not a price"),
        ({**NORMAL, "NO": "90"}, "More than 1,000 times as dear as Portugal (0.04): Norway."),
        ({**NORMAL, "NO": "0.0001"}, "One credit would be worth 0.0001 USD; it is worth 0.04 now."),
    ],
)
def test_a_damaged_list_is_refused_in_words_and_the_old_card_stays(normal, prices, reason):
    assert reason in refused(prices)
    assert current_card() == normal
    assert credits_by_country(normal) == {"PT": 1, "FR": 2, "ES": 2, "DE": 2}


def test_a_cheaper_credit_and_a_dearer_price_may_not_leap_together(normal):
    lists.take_in(rows(US="0.010", FR="0.05", DE="0.06"), provider="default", accept_changes=True)
    before = current_card()
    sentence = "The credits of a segment would change 10 times or more: France (5 → 410)."
    assert sentence in refused({"US": "0.0011", "FR": "0.45", "DE": "0.06"})
    assert current_card() == before


def test_credits_that_fall_as_far_are_refused_too(normal):
    lists.take_in(rows(US="0.0011", FR="0.45", GB="0.06"), provider="default", accept_changes=True)
    assert "France (410 → 5)" in refused({"US": "0.010", "FR": "0.05", "GB": "0.06"})


def test_credits_that_the_operator_set_leap_with_no_price(normal):
    lists.take_in(rows(US="0.010", FR="0.05", GB="0.05"), provider="default", accept_changes=True)
    for country in ("FR", "GB"):
        rules.override(country, credits=7, reason="Our contract")
    taken = lists.take_in(rows(US="0.0011", FR="0.45", GB="0.45"), provider="default")
    assert taken.status == PriceListStatus.ACCEPTED
    assert {credits_by_country(current_card())[country] for country in ("FR", "GB", "JE")} == {7}


def test_territories_are_not_told_beside_the_country_they_follow(normal):
    lists.take_in(rows(US="0.010", GB="0.05"), provider="default", accept_changes=True)
    problem = refused({"US": "0.0011", "GB": "0.45"})
    assert "times or more: United Kingdom (5 → 410)." in problem


def test_a_territory_that_begins_to_follow_is_looked_at(normal):
    lists.take_in(rows(US="0.010", GB="0.20", JE="0.01", FR="0.05"), provider="default", accept_changes=True)
    assert "times or more: Jersey (1 → 20)." in refused({"US": "0.010", "GB": "0.20", "FR": "0.05"})


def test_the_first_list_of_all_has_nothing_to_be_compared_with(provider):
    provider.prices = {"FR": "5"}
    assert credits_by_country(refresh())["FR"] == 1


def test_ordinary_changes_go_through(normal, provider):
    provider.prices = {**NORMAL, "FR": "0.49", "IT": "0.07"}
    assert refresh() != normal


def test_refresh_raises_what_it_refuses_and_keeps_it(normal, provider):
    provider.prices = {"FR": "0.05"}
    with pytest.raises(PriceListRefused) as caught:
        refresh()
    assert caught.value.price_list == PriceList.objects.get(status=PriceListStatus.REFUSED)
    assert "The old rate card stays in force." in str(caught.value)


def test_the_hourly_task_reports_a_refusal_once_however_often_it_comes(
    normal, provider, caplog, django_capture_on_commit_callbacks
):
    provider.prices = {"FR": "0.05"}
    with caplog.at_level(logging.ERROR, "wagtail_sms"), django_capture_on_commit_callbacks(execute=True):
        for _hour in range(3):
            tasks.refresh_prices()
    kept = PriceList.objects.get(status=PriceListStatus.REFUSED)
    assert kept.seen_at > kept.received_at
    (letter,) = mail.outbox
    assert "1 of 4 are left" in letter.body and "stays in force" in letter.body
    assert letter.to == ["ops@example.org"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert current_card() == normal


def test_a_refusal_is_open_until_a_good_list_comes(normal, provider):
    provider.prices = {"FR": "0.05"}
    refresh_all()
    assert lists.open_refusals().count() == 1
    provider.prices = dict(NORMAL)
    refresh_all()
    assert not lists.open_refusals().exists()
    assert PriceList.objects.filter(status=PriceListStatus.REFUSED).count() == 1


def test_the_very_first_list_can_be_refused(provider):
    provider.prices = {"FR": "0"}
    refresh_all()
    assert lists.open_refusals().count() == 1
    assert current_card() is None


def test_a_provider_that_cannot_be_reached_stops_no_other(settings, caplog, django_capture_on_commit_callbacks):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    get_provider("default").fetch_prices = lambda: (_ for _ in ()).throw(ProviderUnavailable())
    refresh_all()
    assert credits_by_country(current_card()) == {"DE": 2, "PT": 1}
    assert "default could not be refreshed" in caplog.text


def test_an_error_that_nobody_thought_of_stops_no_other_provider(settings, caplog):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    get_provider("default").fetch_prices = lambda: [None]
    refresh_all()
    assert credits_by_country(current_card()) == {"DE": 2, "PT": 1}
    (record,) = [record for record in caplog.records if "default could not be refreshed" in record.message]
    assert record.exc_info


def test_lists_that_make_no_card_together_any_more_are_reported(normal, settings, caplog):
    lists.take_in(rows("EUR", FR="0.01"), provider="second", accept_changes=True)
    PriceList.objects.filter(provider="second").update(status=PriceListStatus.ACCEPTED)
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    for alias in TWO["PROVIDERS"]:
        get_provider(alias).supports_price_list = False
    refresh_all()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "No rate card can be made of the price lists in use." in record.message
    assert "different currencies (default: USD, second: EUR)" in record.message
    assert current_card() == normal


def test_admins_hear_once_that_no_card_can_be_made_and_again_when_it_comes_back(normal, provider, settings, mailoutbox):
    settings.ADMINS = [("Operator", "operator@example.com")]
    for times in (1, 2):
        rules.pin_unit(Decimal("0.04"), reason="Steady")
        UnitPin.objects.update(currency="EUR")
        for _hour in range(3):
            refresh_all()
        assert len(mailoutbox) == times
        assert "No rate card can be made" in mailoutbox[-1].subject
        assert "One credit is pinned in EUR" in mailoutbox[-1].body
        assert mailoutbox[-1].body.endswith("/prices/lists/")
        UnitPin.objects.all().delete()
        refresh_all()


def test_an_unchanged_list_that_makes_no_card_any_more_is_reported(normal, provider, settings, caplog):
    rules.pin_unit(Decimal("0.04"), reason="Steady")
    UnitPin.objects.update(currency="EUR")
    refresh_all()
    (record,) = caplog.records
    assert "One credit is pinned in EUR" in record.message


def test_each_country_goes_through_the_cheapest_of_two_providers(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    refresh_all()
    served = dict(current_card().rates.values_list("country", "provider"))
    assert served == {"FR": "default", "DE": "second", "PT": "second"}


def test_a_provider_that_is_no_longer_configured_serves_nobody(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    refresh_all()
    settings.WAGTAIL_SMS = {
        **settings.WAGTAIL_SMS,
        "PROVIDERS": {"default": TWO["PROVIDERS"]["default"]},
    }
    refresh_all()
    assert credits_by_country(current_card()) == {"FR": 1, "DE": 2}


def test_a_provider_of_files_that_is_no_longer_configured_serves_nobody(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    publish(rows(FR="0.05", US="0.01"), provider="default", source="a.csv")
    publish(rows(FR="0.04"), provider="second", source="b.csv")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": TWO["PROVIDERS"]["default"]}}
    get_provider().supports_price_list = False
    refresh_all()
    assert current_card().rates.get(country="FR").provider == "default"


def test_a_second_provider_is_compared_with_the_card_where_they_meet(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    refresh("default")
    taken = lists.take_in(rows(DE="0.005"), provider="second")
    assert "10 times cheaper or more: Germany" in taken.problem


def test_a_provider_in_another_currency_is_refused_even_on_purpose(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **TWO}
    refresh("default")
    taken = lists.take_in(rows("EUR", PT="0.04"), provider="second", accept_changes=True)
    assert taken.status == PriceListStatus.REFUSED
    assert "different currencies (default: USD, second: EUR)" in taken.problem
    assert not taken.prices.exists()


def test_the_operator_may_use_a_refused_list_anyway(normal, superuser):
    taken = lists.take_in(rows(**{**NORMAL, "FR": "0.9"}), provider="default")
    lists.use_anyway(taken, reason="The contract changed", by=superuser)
    card = current_card()
    assert credits_by_country(card)["FR"] == 23
    assert (card.created_by, card.reason) == (superuser, "The contract changed")
    with pytest.raises(IllegalTransition):
        lists.use_anyway(taken, reason="Again", by=superuser)


def test_what_was_accepted_on_purpose_is_not_refused_the_next_hour(normal, provider):
    provider.prices = {**NORMAL, "FR": "0.9"}
    refresh_all()
    lists.use_anyway(lists.open_refusals().get(), reason="Yes")
    card = current_card()
    refresh_all()
    assert current_card() == card
    assert not lists.open_refusals().exists()


def test_used_anyway_the_rows_without_a_price_stay_out(normal):
    taken = lists.take_in(rows(**{**NORMAL, "FR": "0"}), provider="default")
    lists.use_anyway(taken, reason="France is closed")
    assert credits_by_country(current_card()) == {"PT": 1, "ES": 2, "DE": 2}


@pytest.mark.parametrize("hopeless", [[], [*rows(FR="1"), *rows("EUR", DE="1")]])
def test_what_is_no_price_list_can_never_be_used(normal, hopeless):
    taken = lists.take_in(hopeless, provider="default", accept_changes=True)
    assert taken.status == PriceListStatus.REFUSED
    with pytest.raises(IllegalTransition):
        lists.use_anyway(taken, reason="Please")


def test_a_refused_list_older_than_the_one_in_use_can_not_be_used(normal):
    old = lists.take_in(rows(FR="0.05"), provider="default")
    lists.take_in(rows(**{**NORMAL, "FR": "0.06"}), provider="default")
    assert not lists.can_be_used(old)


def test_lists_and_cards_are_kept_as_they_came(normal, provider):
    first = list_in_use("default")
    provider.prices = {**NORMAL, "FR": "0.06"}
    refresh()
    assert first.prices.get(country="FR").amount == Decimal("0.05")
    assert normal.rates.get(country="FR").price == Decimal("0.05")
    assert list_in_use("default") != first


def test_the_same_list_is_one_row_that_was_seen_again(normal):
    later = timezone.now() + timedelta(hours=1)
    lists.take_in(rows(**NORMAL), provider="default", now=later)
    assert PriceList.objects.get().seen_at == later
    assert RateCard.objects.get() == normal


def test_unknown_countries_of_an_api_are_left_out_and_counted(caplog, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        taken = lists.take_in(rows(FR="0.05", ZZ="0.01", QQ="0.02", XX="0.001"), provider="default")
    assert taken.status == PriceListStatus.ACCEPTED
    assert taken.problem == "2 unknown country codes were left out: QQ, ZZ."
    assert "QQ, ZZ" in caplog.text
    assert set(credits_by_country(current_card())) == {"FR"}


def test_a_price_with_more_digits_than_are_kept_is_rounded_half_up(provider):
    found = read(rows(FR="0.07200000000000001", DE="0.0000005"))
    assert found.prices == {("FR", ""): Decimal("0.072"), ("DE", ""): Decimal("0.000001")}


def test_every_row_is_kept_and_the_dearest_counts():
    operators = [PriceRow("FR", "20801", Decimal("0.07"), "USD"), PriceRow("FR", "20810", Decimal("0.05"), "USD")]
    lists.take_in([*operators, *rows(PT="0.01", FR="0.06")], provider="default")
    assert Price.objects.count() == 4
    assert credits_by_country(current_card())["FR"] == 7


def test_publish_puts_a_leap_in_force_on_purpose(normal):
    assert credits_by_country(publish(rows(FR="5", DE="9"), provider="default")) == {"FR": 1, "DE": 2}


# Prices from a file.


@pytest.fixture
def negotiated(normal) -> RateCard:
    """The card that a file made: France costs twice what the API says."""
    return publish(rows(**{**NORMAL, "FR": "0.10"}), provider="default", source="negotiated.csv", reason="Our contract")


def test_prices_from_a_file_stay_in_force_and_the_apis_are_kept_aside(negotiated):
    for _hour in range(3):
        refresh_all()
    assert current_card() == negotiated
    aside = PriceList.objects.get(status=PriceListStatus.ASIDE)
    assert (aside.source, lists.kept_aside(list_in_use("default"))) == (lists.API, aside)
    assert aside.seen_at > aside.received_at
    assert not lists.open_refusals().exists()


def test_whoever_asks_for_the_apis_prices_gets_them_for_good(negotiated, provider):
    refresh_all()
    refresh()
    assert credits_by_country(current_card())["FR"] == 2
    provider.prices = {**NORMAL, "FR": "0.09"}
    refresh_all()
    assert credits_by_country(current_card())["FR"] == 3
    assert lists.is_from_a_file(list_in_use("default")) is False


def test_what_was_kept_aside_can_be_used(negotiated, superuser):
    refresh_all()
    lists.use_anyway(lists.kept_aside(list_in_use("default")), reason="The contract ended", by=superuser)
    assert credits_by_country(current_card())["FR"] == 2
    (entry,) = ModelLogEntry.objects.filter(user=superuser)
    assert entry.message == "Prices of default from api put in force: The contract ended"


def test_a_file_with_the_very_prices_of_the_api_holds_them(normal, provider):
    publish(rows(**NORMAL), provider="default", source="negotiated.csv")
    provider.prices = {**NORMAL, "FR": "0.09"}
    refresh_all()
    assert current_card() == normal
    provider.prices = dict(NORMAL)
    refresh()
    provider.prices = {**NORMAL, "FR": "0.09"}
    refresh_all()
    assert credits_by_country(current_card())["FR"] == 3


def test_asking_for_the_apis_prices_asks_the_guards_too(negotiated, provider):
    provider.prices = {**NORMAL, "FR": "0.9"}
    refresh_all()
    assert "France (0.1 → 0.9)" not in lists.kept_aside(list_in_use("default")).problem
    provider.prices = {**NORMAL, "FR": "1.0"}
    refresh_all()
    assert "France (0.1 → 1)" in lists.kept_aside(list_in_use("default")).problem
    with pytest.raises(PriceListRefused):
        refresh()
    assert current_card() == negotiated


def test_a_refusal_beside_a_file_is_open_until_the_api_sends_a_list_again(negotiated, provider):
    provider.prices = {}
    refresh_all()
    assert lists.open_refusals().count() == 1
    provider.prices = dict(NORMAL)
    refresh_all()
    assert not lists.open_refusals().exists()


amounts = st.one_of(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from([Decimal(0), Decimal("-0")]))
anything = st.builds(
    PriceRow,
    country=st.one_of(st.sampled_from(["FR", "de", "XX", "", "US"]), st.text(max_size=4)),
    mccmnc=st.text(max_size=12),
    amount=amounts,
    currency=st.sampled_from(["USD", "usd", ""]),
)


@given(st.lists(anything, max_size=8))
def test_whatever_comes_in_only_prices_that_texts_can_cost_are_read(given_rows):
    found = read(given_rows)
    for (country, _mccmnc), amount in found.prices.items():
        assert country in {"FR", "DE", "US"} or len(country) == 2
        assert 0 < amount < 100_000
        assert amount == amount.quantize(Decimal("0.000001"))
