"""Amounts as people read them."""

import pytest
from django.utils import translation

from wagtail_sms.payments.money_text import money, per_hundred


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (100, "USD", "$1.00"),
        (1, "usd", "$0.01"),
        (123456789, "EUR", "€1,234,567.89"),
        (1234, "JPY", "¥1,234"),
        (1230, "CHF", "CHF\N{NO-BREAK SPACE}12.30"),
        (1230, "KWD", "KWD\N{NO-BREAK SPACE}1.230"),
        (0, "GBP", "£0.00"),
    ],
)
def test_amounts_are_in_the_currencys_own_units(amount, currency, written):
    assert money(amount, currency) == written


@pytest.mark.parametrize(
    ("amount", "currency", "credits", "written"),
    [
        (100, "USD", 100, "$1.00"),
        (9000, "USD", 10000, "$0.90"),
        (333, "USD", 500, "$0.6660"),
        (1000, "USD", 3000, "$0.3333"),
        (150, "JPY", 100, "¥150"),
        (1001, "JPY", 1000, "¥100.10"),
    ],
)
def test_the_price_of_a_hundred_hides_no_fraction(amount, currency, credits, written):
    assert per_hundred(amount, currency, credits=credits) == written


def test_figures_follow_the_readers_language():
    with translation.override("de"):
        assert money(123450, "EUR") == "€1.234,50"
