"""Numbers as people type them."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.exceptions import InvalidNumber, NotANumber, NumberError, UnknownCountry
from wagtail_sms.phone import PhoneNumber, calling_code, display, mask, parse


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+33612345678", None),
        ("+33612345678", "US"),
        ("+33 6 12 34 56 78", ""),
        ("(+33) 6 12 34 56 78", None),
        ("+33 (0)6 12 34 56 78", None),
        ("0033 6 12 34 56 78", None),
        ("00 33 6-12-34-56-78", "US"),
        ("06 12 34 56 78", "FR"),
        ("06.12.34.56.78", "fr"),
        ("06/12/34/56/78", "FR"),
        ("33612345678", "FR"),
        ("\u00a006\u202f12\u200934 56 78\t", "FR"),
        ("\u202a+33 6 12 34 56 78\u202c", None),
        ("\u200e+33\u200b612345678\u200f", None),
        ("٠٦١٢٣٤٥٦٧٨", "FR"),
        ("۰۶۱۲۳۴۵۶۷۸", "FR"),
        ("＋３３６１２３４５６７８", None),
        ("06 12 34 56 78", "FR"),
    ],
)
def test_one_number_typed_in_many_ways(text, country):
    assert parse(text, country) == PhoneNumber("+33612345678", "FR", True)


@pytest.mark.parametrize(
    "text",
    ["", " ", "+", "()", "hello", "1-800-FLOWERS", "06 12 34 56 7x", "+33612345678 ext 5", "tel:+33612345678"]
    + ["\x00+33612345678", "+33612345678\n+33612345679", "+33+612345678", "06#12345678", "٪", "<script>"],
)
def test_letters_and_signs_are_no_number(text):
    with pytest.raises(NotANumber):
        parse(text, "US")


@pytest.mark.parametrize(
    ("text", "country"),
    [("12", "FR"), ("+33 6 12 34", None), ("+336123456789012", None), ("9" * 500, "FR"), ("+33" + "9" * 40, None)]
    + [("+1 212 055 0123", None), ("+33 0 00 00 00 00", None), ("00", "FR")],
)
def test_numbers_that_no_one_has_are_invalid(text, country):
    with pytest.raises(InvalidNumber):
        parse(text, country)


@pytest.mark.parametrize(
    ("text", "country"),
    [("0612345678", None), ("0612345678", ""), ("+999 123 456 789", None), ("+999 123 456 789", "FR")]
    + [("0612345678", "XX"), ("+33612345678", "ZZ"), ("0612345678", "001"), ("0612345678", "FRANCE")],
)
def test_the_country_must_be_known(text, country):
    with pytest.raises(UnknownCountry):
        parse(text, country)


@pytest.mark.parametrize(
    ("text", "country"),
    [("+12125550123", "US"), ("+12042345678", "CA"), ("+18762101234", "JM"), ("+17872345678", "PR")]
    + [("+447400123456", "GB"), ("+447781123456", "GG"), ("+79161234567", "RU"), ("+77012345678", "KZ")],
)
def test_countries_that_share_a_code_are_told_apart(text, country):
    assert parse(text, "US").country == country


def test_the_numbers_country_wins_over_the_chosen_one():
    assert parse("(204) 234-5678", "US").country == "CA"


TYPES = phonenumbers.PhoneNumberType
RECEIVE_TEXTS = {TYPES.MOBILE: True, TYPES.FIXED_LINE_OR_MOBILE: True}


def examples():
    for region in ("FR", "GB", "DE", "BR", "IN", "JP", "NG", "US", "CA"):
        for kind in TYPES.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None and phonenumbers.number_type(example) == kind:
                number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
                yield pytest.param(number, kind, id=f"{region}-{TYPES.to_string(kind)}")


@pytest.mark.parametrize(("number", "kind"), list(examples()))
def test_only_numbers_that_may_be_mobile_receive_texts(number, kind):
    assert parse(number).can_receive_texts is RECEIVE_TEXTS.get(kind, False)


def test_a_number_of_no_country_receives_no_texts():
    assert parse("+80012345678") == PhoneNumber("+80012345678", "001", False)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS - {"TA"}))
def test_a_mobile_of_every_country_can_be_parsed(region):
    example = phonenumbers.example_number_for_type(region, TYPES.MOBILE)
    number = parse(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
    assert number.can_receive_texts
    assert number.number.startswith(f"+{calling_code(region)}")


@given(
    st.text(max_size=300) | st.text("+0123456789 ()-\u200e٠١٢\x00\n", max_size=80), st.sampled_from([None, "FR", "US"])
)
def test_whatever_is_typed_gives_a_number_or_a_number_error(text, country):
    try:
        number = parse(text, country)
    except NumberError as error:
        assert error.code
    else:
        assert parse(number.number) == number


@pytest.mark.parametrize(
    ("number", "hidden"),
    [
        ("+33612345678", "+33 6 •• •• •• 78"),
        ("+12125550123", "+1 2••-•••-••23"),
        ("+447911123456", "+44 7••• ••••56"),
        ("+29022158", "+290 ••••8"),
        ("not a number", "••••••"),
        ("", "••••••"),
    ],
)
def test_a_masked_number_shows_the_country_and_three_digits(number, hidden):
    assert mask(number) == hidden


@given(st.text(max_size=40))
def test_masking_and_showing_never_fail(text):
    assert mask(text)
    assert isinstance(display(text), str)


def test_numbers_are_shown_with_spaces():
    assert display("+33612345678") == "+33 6 12 34 56 78"
    assert display("unknown") == "unknown"


def test_calling_codes():
    assert (calling_code("FR"), calling_code("us"), calling_code("GG")) == ("33", "1", "44")
    for nowhere in ("XX", ""):
        with pytest.raises(UnknownCountry):
            calling_code(nowhere)
