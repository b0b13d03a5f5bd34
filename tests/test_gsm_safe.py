"""Plain characters in the place of those that GSM-7 lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.gsm_safe import gsm_safe
from wagtail_sms.segments import GSM_7, measure


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It’s “déjà vu”… ça – Łódź", 'It\'s "déjà vu"... ca - Lodz'),
        ("Cafe\u0301 à 20\u202f€", "Café à 20 €"),
        ("a\u00a0b\tc\u200bd", "a b cd"),
        ("½ m² ﬁn №7 ™", "1/2 m2 fin No7 TM"),
        ("Größe: ÄÖÜ {€} ~ ñ", "Größe: ÄÖÜ {€} ~ ñ"),
        ("Œuvre, ŠKODA, İstanbul", "OEuvre, SKODA, Istanbul"),
    ],
)
def test_plain_characters_say_the_same(text, plain):
    replaced = gsm_safe(text)
    assert (replaced.text, replaced.is_whole) == (plain, True)
    assert measure(plain).encoding == GSM_7


def test_what_has_no_plain_form_stays_and_is_named():
    replaced = gsm_safe("Привет – 😀!")
    assert replaced.text == "Привет - 😀!"
    assert replaced.changed == (("–", "-"),)
    assert replaced.kept == tuple("Привет😀")


@given(st.text(max_size=200))
def test_doing_it_twice_changes_nothing_more(text):
    once = gsm_safe(text)
    assert gsm_safe(once.text).text == once.text
    assert once.is_whole == (measure(once.text).encoding == GSM_7)
