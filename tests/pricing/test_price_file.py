"""Prices from files that people and spreadsheets make."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.exceptions import PriceFileRefused
from wagtail_sms.pricing.price_file import read_file
from wagtail_sms.providers.base import PriceRow


def prices(text: str | bytes, currency: str = "") -> dict[str, str]:
    content = text if isinstance(text, bytes) else text.encode()
    return {row.country: str(row.amount) for row in read_file(content, currency=currency)}


def problems(text: str | bytes, currency: str = "USD") -> list[str]:
    with pytest.raises(PriceFileRefused) as caught:
        prices(text, currency)
    return caught.value.problems


PLAIN = "country,price,currency\nFR,0.05,EUR\nDE,0.08,EUR\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";").replace(".", ","),
        "Country,Price,Currency\nfr,\"0,05\",eur\n'de',0.08,eur\n".replace("'", '"'),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        "Pays é,country,price,currency\nFran\xe7ais,FR,0.05,EUR\n,DE,0.08,EUR".encode("latin-1"),
        "\n" + PLAIN + "\n,,\n\n",
        "price;ISO;Currency\n0.05;FR;EUR\n0,08 ; de ;EUR",
        "country,price,currency\nXX,0.01,EUR\nFR,0.05,EUR\nDE,0.08,EUR",
    ],
)
def test_the_ways_in_which_one_list_can_be_written(text):
    assert prices(text) == {"FR": "0.05", "DE": "0.08"}


def test_operators_and_currencies_are_read():
    text = "Country;Operator;Price;Currency\nFR;20801;0,07;EUR\nFR;;0,05;eur\n"
    assert read_file(text.encode()) == [
        PriceRow("FR", "20801", Decimal("0.07"), "EUR"),
        PriceRow("FR", "", Decimal("0.05"), "EUR"),
    ]


def test_a_file_without_currencies_is_in_the_cards():
    assert read_file(b"country,price\nFR,0.05", currency="EUR")[0].currency == "EUR"


def test_each_bad_line_is_named_with_its_number_column_and_fault():
    text = (
        "country,price,operator,currency\n"
        "France,0.05,,USD\n"
        "UK,0.05,,USD\n"
        "DE,much,,USD\n"
        "ES,-0.05,,USD\n"
        "IT,0,,USD\n"
        "NO,1000000,,USD\n"
        "SE,0.05,Telia,USD\n"
        "DK,0.05,,dollars\n"
        "FI,,,USD\n"
        "PT,0.04,,USD\n"
        "PT,0.05,,USD\n"
    )
    assert problems(text) == [
        "Line 2, country: “France” is not a country code of two letters.",
        "Line 3, country: “UK” is written GB.",
        "Line 4, price: “much” is not a number, such as 0.075.",
        "Line 5, price: “-0.05” is not between 0.000001 and 100,000.",
        "Line 6, price: “0” is not between 0.000001 and 100,000.",
        "Line 7, price: “1000000” is not between 0.000001 and 100,000.",
        "Line 8, operator: “Telia” is not a network code (MCC and MNC) of digits.",
        "Line 9, currency: “dollars” is not a currency code of three letters.",
        "Line 10, price: “” is not a number, such as 0.075.",
        "Line 12, price: Line 11 has another price for the same.",
    ]


@pytest.mark.parametrize(
    "price", ["0.05 EUR", "€0.05", "1.234,56", "1,234.56", "1e-2", "NaN", "Infinity", "1_000", "٠.٥"]
)
def test_what_is_no_plain_number_is_refused(price):
    assert "is not a number" in problems(f"country;price\nFR;{price}")[0]


def test_the_line_numbers_are_the_files_own_when_lines_are_empty():
    assert problems("country,price\n\n\nFR,bad\n")[0].startswith("Line 4,")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no column named country and none named price. Found: nothing."),
        ("name,cost\nFrance,0.05", "no column named country and none named price. Found: name, cost."),
        ("country,cost\nFR,0.05", "no column named price. Found: country, cost."),
        ("country,price\n", "no line with a price"),
        (b"PK\x03\x04\x00\x00", "Save the sheet as CSV"),
        (b"country,price\n" * 200_000, "larger than a price list"),
        ('country,price\nFR,0.05\nDE,"' + "9" * 200_000, "Save the sheet as CSV"),
        ("country,price," + "x" * 200_000 + "\nFR,0.05", "Save the sheet as CSV"),
        ("country,price\nXX,0.05\n", "no line with a price"),
    ],
)
def test_what_is_no_price_list_is_said_at_once(content, reason):
    assert reason in problems(content)[0]


def test_a_file_that_never_says_its_currency_is_refused_without_a_card():
    assert problems("country,price\nFR,0.05", currency="") == ["Line 2, currency: The currency is missing."]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(content):
    for noise in (content, b"country,price\n" + content):
        try:
            rows = read_file(noise, currency="USD")
        except PriceFileRefused as error:
            assert error.problems
        else:
            assert all(row.amount > 0 for row in rows)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        read_file(("country;price;operator;currency\n" + text).encode("utf-8", "replace"), currency="USD")
    except PriceFileRefused as error:
        assert error.problems
