import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.pwa.colours import DARK, LIGHT, accents, contrast


colours = st.integers(min_value=0, max_value=0xFFFFFF).map("#{:06x}".format)


@given(colours)
def test_button_stands_out_and_its_text_can_be_read_on_both_sheets(colour):
    found = accents(colour)
    assert contrast(found["accent"], LIGHT) >= 3
    assert contrast(found["accent-dark"], DARK) >= 3
    assert contrast(found["on-accent"], found["accent"]) >= 4.5
    assert contrast(found["on-accent-dark"], found["accent-dark"]) >= 4.5


@pytest.mark.parametrize("colour", ["#1a6b54", "#1f5fbf"])
def test_colour_that_is_legible_already_is_left_alone(colour):
    assert accents(colour)["accent"] == colour
