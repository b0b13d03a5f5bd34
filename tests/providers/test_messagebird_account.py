"""Prices, lookups and numbers, at the gateway and at peers that answer strangely."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.providers.fake_peer import answer, error, peer
from wagtail_sms.exceptions import (
    NumberNeedsPaperwork,
    NumberUnavailable,
    ProviderConfigurationError,
    ProviderError,
    ProviderOutOfFunds,
    ProviderUnavailable,
)
from wagtail_sms.providers.base import OutboundBatch, PriceRow, ReportStatus
from wagtail_sms.providers.messagebird import MessageBirdProvider


A = "+33612345678"


@pytest.fixture
def provider(gateway):
    return MessageBirdProvider("default", gateway.provider_options(TIMEOUT=(1, 1)))


def provider_at(url):
    options = {"ACCESS_KEY": "live_x", "SIGNING_KEY": "s" * 32, "REST_URL": url, "NUMBERS_URL": url}
    return MessageBirdProvider("default", options)


def an_hour_ago():
    return timezone.now() - timedelta(hours=1)


def test_prices_keep_operators_and_leave_the_default_out(provider):
    rows = provider.fetch_prices()
    assert PriceRow("US", "310", Decimal("0.008000"), "USD") in rows
    assert PriceRow("GB", "23410", Decimal("0.038000"), "USD") in rows
    assert {row.country for row in rows}.isdisjoint({"XX", "CU", "KP"})


@pytest.mark.parametrize("content", [{}, {"prices": "none"}, {"prices": [{"price": "much"}]}, {"prices": [1]}])
def test_unreadable_price_list_is_an_error(content):
    with peer(answer(200, content)) as server, pytest.raises(ProviderError):
        provider_at(server.url).fetch_prices()


def test_worthless_prices_are_handed_on_so_that_the_guards_refuse_the_list():
    rows = [{"price": price, "countryIsoCode": "FR"} for price in ("0", "-1", "NaN")]
    with peer(answer(200, {"prices": rows})) as server:
        found = provider_at(server.url).fetch_prices()
    assert [str(row.amount) for row in found] == ["0", "-1", "NaN"]


def test_lookup_finds_a_text_whose_answer_was_lost(provider, gateway):
    gateway.set_switch("answers", "lost", times=1)
    provider.send(OutboundBatch("lost-one", "+12015550100", "Hello", "GSM-7", (A, "+447700900123")))
    for number in range(30):
        provider.send(OutboundBatch(f"later-{number}", "+12015550100", "Hello", "GSM-7", (A,)))
    found = provider.lookup("lost-one", A, an_hour_ago())
    assert (found.reference, found.recipient) == ("lost-one", A)
    assert found.status in (ReportStatus.SENT, ReportStatus.DELIVERED)
    assert found.provider_id == gateway.messages()[0]["id"]


def test_lookup_of_a_text_that_never_arrived_is_none(provider, gateway):
    gateway.set_switch("answers", "error", times=1)
    provider.send(OutboundBatch("never", "+12015550100", "Hello", "GSM-7", (A,)))
    assert provider.lookup("never", A, an_hour_ago()) is None


def test_lookup_does_not_say_absent_when_it_can_not_see_the_end():
    page = {"totalCount": 9999, "items": [{"reference": "other", "recipients": {"items": []}}]}
    with peer(*[answer(200, page)] * 9, keep_alive=True) as server, pytest.raises(ProviderError):
        provider_at(server.url).lookup("mine", A, an_hour_ago())


@pytest.mark.parametrize("reply", [answer(500, ""), answer(200, "<h1>"), answer(200, {}), answer(404, error(20))])
def test_lookup_without_a_readable_list_is_an_error(reply):
    with peer(reply) as server, pytest.raises(ProviderError):
        provider_at(server.url).lookup("mine", A, an_hour_ago())


def test_number_that_needs_paperwork_is_not_offered_and_the_reason_is_told(provider, gateway):
    with pytest.raises(NumberNeedsPaperwork, match="Proof of address in the country") as caught:
        provider.find_number("GB")
    assert "GB" in str(caught.value)
    assert gateway.get_owned() == []


def test_country_without_numbers_has_none(provider):
    assert provider.find_number("PL") is None


@pytest.mark.parametrize(
    "status, content, error",
    [
        (401, {"errors": [{"code": 2, "description": "no", "parameter": "access_key"}]}, ProviderConfigurationError),
        (405, None, ProviderConfigurationError),
        (404, {"errors": [{"code": 98, "description": "no", "parameter": None}]}, ProviderConfigurationError),
        (400, {"errors": [{"code": 21, "description": "no", "parameter": None}]}, ProviderError),
        (422, {"errors": [{"code": 25, "description": "no", "parameter": None}]}, ProviderOutOfFunds),
        (429, None, ProviderUnavailable),
        (500, {"errors": [{"code": 99, "description": "no", "parameter": None}]}, ProviderUnavailable),
        (502, None, ProviderUnavailable),
        (200, None, ProviderUnavailable),
    ],
)
def test_questions_that_fail_say_whose_problem_it_is(provider, gateway, status, content, error):
    gateway.tell(method="GET", status=status, content=content)
    for ask in (provider.fetch_prices, provider.balance, lambda: provider.lookup("mine", A, an_hour_ago())):
        with pytest.raises(error):
            ask()


def test_number_that_is_not_found_is_not_owned(provider):
    assert provider.owned_number("+12015550199") is None


def test_numbers_are_bought_read_and_given_back_without_a_second_purchase(provider, gateway):
    offer = provider.find_number("US")
    assert offer.monthly_price == 1 and offer.currency == "USD"
    assert provider.buy_number(offer.number, "US").status == "active"
    assert [number["number"] for number in gateway.get_owned()] == [offer.number.lstrip("+")]
    provider.release_number(offer.number)
    assert gateway.get_owned() == []


def test_number_with_paperwork_is_passed_over_even_if_it_is_listed():
    items = [
        {"number": "1", "features": ["sms"], "verificationRequired": True},
        {"number": "2", "features": ["voice"]},
        {"number": "12015550123", "features": ["sms"], "country": "US", "monthlyPrice": 1.5, "currency": "EUR"},
    ]
    with peer(answer(200, {"items": items})) as server:
        offer = provider_at(server.url).find_number("US")
    assert (offer.number, offer.monthly_price, offer.currency) == ("+12015550123", Decimal("1.5"), "EUR")


def test_lost_answer_to_a_purchase_is_cleared_up_without_buying_again(provider, gateway):
    offer = provider.find_number("US")
    gateway.set_switch("answers", "lost", times=1)
    assert provider.buy_number(offer.number, "US").number == offer.number
    assert len(gateway.get_owned()) == 1


def test_purchase_that_nobody_knows_of_is_a_plain_provider_error():
    with peer(answer(500, ""), answer(404, error(20))) as server, pytest.raises(ProviderError) as caught:
        provider_at(server.url).buy_number("+12015550123", "US")
    assert type(caught.value) is ProviderError


def test_number_that_is_gone_is_unavailable(provider):
    with pytest.raises(NumberUnavailable):
        provider.buy_number("+15005550006", "US")


def test_gateway_that_is_down_is_unavailable(provider, gateway):
    gateway.set_switch("answers", "down", seconds=4)
    for ask in (provider.fetch_prices, provider.balance, lambda: provider.find_number("US")):
        with pytest.raises(ProviderUnavailable) as caught:
            ask()
        assert caught.value.retry_after == 4


def test_wrong_numbers_address_is_a_configuration_error():
    with peer(answer(404, error(98))) as server, pytest.raises(ProviderConfigurationError):
        provider_at(server.url).owned_number("+12015550123")


def test_empty_account_is_shown_in_the_balance(provider, gateway):
    assert provider.balance() == "1000.0 usd"
    gateway.set_switch("account", "no_money")
    assert provider.balance() == "0.0 usd"
