"""Segments: the shared vectors, an independent counter, and the joints."""

import json
from pathlib import Path

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.segments import BASIC, EXTENSION, Measure, forcing_characters, measure, split


VECTORS = json.loads((Path(__file__).parent / "data" / "sms_segments.json").read_text(encoding="utf-8"))
# smsutil 1.1.3 takes U+001B for a character of the alphabet and an empty text for one part of UCS-2.
TEXTS = st.text(
    st.sampled_from(BASIC + EXTENSION * 4)
    | st.sampled_from("я’😀ç\u00a0𝒳")
    | st.characters(exclude_characters="\x1b", exclude_categories=["Cs"]),
    min_size=1,
    max_size=400,
)
GSM_TEXTS = st.text(st.sampled_from(BASIC + EXTENSION * 4), min_size=1, max_size=700)
WIDE_TEXTS = st.text(st.sampled_from("я😀a"), min_size=60, max_size=300).map("я".__add__)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_vector_is_measured_as_on_the_air(vector):
    assert measure(vector["text"]) == Measure(vector["encoding"], vector["units"], vector["segments"])


@given(TEXTS | GSM_TEXTS | WIDE_TEXTS)
def test_an_independent_counter_agrees(text):
    theirs = smsutil.split(text)
    encoding = {"gsm0338": "GSM-7"}.get(theirs.encoding, "UCS-2")
    ours = measure(text)
    assert (ours.encoding, ours.segments) == (encoding, len(theirs.parts))
    assert split(text) == [part.content for part in theirs.parts]


@given(TEXTS | GSM_TEXTS | WIDE_TEXTS)
def test_the_parts_of_a_text_are_the_text_and_each_fits(text):
    parts, whole = split(text), measure(text)
    room = {("GSM-7", True): 160, ("GSM-7", False): 153, ("UCS-2", True): 70, ("UCS-2", False): 67}
    assert "".join(parts) == text
    assert len(parts) == whole.segments
    assert all(_units(part, whole.encoding) <= room[whole.encoding, len(parts) == 1] for part in parts)


def _units(part: str, encoding: str) -> int:
    if encoding == "GSM-7":
        return len(part) + sum(character in EXTENSION for character in part)
    return len(part.encode("utf-16-le")) // 2


def test_an_empty_text_has_no_segment():
    assert measure("") == Measure("GSM-7", 0, 0)
    assert split("") == []


def test_the_escape_character_is_not_in_the_alphabet():
    assert measure("\x1b" + "a" * 70) == Measure("UCS-2", 71, 2)


@pytest.mark.parametrize(
    ("text", "segments"),
    [("a" * 152 + "€" + "b" * 152, 3), ("я" * 66 + "😀" + "я" * 66, 3), ("[" * 153, 3), ("a" * 158 + "€", 1)],
)
def test_a_pair_is_never_cut(text, segments):
    assert measure(text).segments == segments
    assert "".join(split(text)) == text


def test_the_characters_that_cost_are_named_once_each():
    assert forcing_characters("It’s “déjà vu”, it’s ça") == ["’", "“", "”", "ç"]


def test_text_is_measured_as_given():
    assert measure("e\u0301").encoding == "UCS-2"
    assert measure("é").encoding == "GSM-7"


def test_lone_surrogates_are_counted_and_not_an_error():
    assert measure("\ud83d" * 71) == Measure("UCS-2", 71, 2)
