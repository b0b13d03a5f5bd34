"""What replies mean: everything a person would use to leave, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_sms.keywords import HELP_WORDS, STOP_WORDS, Keyword, classify


DATA = Path(__file__).parent / "data"


def replies(name):
    return [line for line in (DATA / name).read_text(encoding="utf-8").split("\n") if line]


LEAVING, ORDINARY = replies("replies_stop.txt"), replies("replies_ordinary.txt")
LISTED = [word.strip() for words in STOP_WORDS.values() for word in words.split(",")]


@pytest.mark.parametrize("text", LEAVING)
def test_a_person_who_leaves_is_understood(text):
    assert classify(text) is Keyword.STOP


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_reply_unsubscribes_nobody(text):
    assert classify(text) in (None, Keyword.REVIEW)


def test_the_corpora_are_large_enough_to_mean_something():
    assert len(LEAVING) > 100
    assert len(ORDINARY) > 100
    assert sum(classify(text) is Keyword.REVIEW for text in ORDINARY) < len(ORDINARY) / 3


@pytest.mark.parametrize("word", LISTED)
@pytest.mark.parametrize("write", [str, str.upper, str.title, "{}!".format, "“{}”".format, "\u200f{}\u200b ".format])
def test_every_listed_word_is_enough_however_it_is_written(word, write):
    assert classify(write(word)) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    ["don't stop", "bus stop 12", "Stop by around 8?", "I opted out by mistake", "How do I cancel my ticket?"],
)
def test_what_only_mentions_a_stop_goes_to_people(text):
    assert classify(text) is Keyword.REVIEW


def test_a_signature_does_not_hide_a_stop():
    assert classify("STOP\n\nSent from my iPhone") is Keyword.STOP
    assert classify("Stop\n--\nDr. Ada Lovelace, Department of Analytical Engines, Room 12") is Keyword.STOP


@pytest.mark.parametrize("text", ["START", "start", " Start! ", "UNSTOP", "Un-stop", "СТАРТ", "ＳＴＡＲＴ"])
def test_start_must_be_the_whole_text(text):
    assert classify(text) is Keyword.START
    assert classify(f"{text} with the music") is not Keyword.START


@pytest.mark.parametrize("text", ["YES", "Oui", "si", "JA", "subscribe", "ok", "1"])
def test_agreeing_is_not_a_start(text):
    assert classify(text) is None


@pytest.mark.parametrize("text", [*HELP_WORDS.split(", "), "HELP!", "help me please", "Info svp", "can you help me?"])
def test_help_is_asked_for_in_many_languages(text):
    assert classify(text) is Keyword.HELP


@pytest.mark.parametrize("text", ["Can someone help my mother with the stairs?", "info@example.org"])
def test_a_sentence_with_help_in_it_is_for_the_inbox(text):
    assert classify(text) is None


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\x00", "…"])
def test_an_empty_reply_means_nothing(text):
    assert classify(text) is None


@given(st.text(max_size=2000))
def test_any_text_is_classified_without_an_error(text):
    assert classify(text) in (None, *Keyword)


@given(st.sampled_from(LISTED), st.text(st.sampled_from(" .!?*\"'’\u200b\u200e\u00ad\n-"), max_size=6))
def test_marks_around_a_stop_change_nothing(word, marks):
    assert classify(marks + word + marks) is Keyword.STOP
