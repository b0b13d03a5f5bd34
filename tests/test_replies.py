"""What is made of hundreds of replies in twelve languages, as a table: who leaves is found, and hardly anybody else."""

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from wagtail_sms.keywords import Keyword, classify


CORPUS = Path(__file__).parent / "data" / "replies.txt"
LABELS = ("stop", "start", "help", "doubtful", "ordinary")
TAKEN_FOR = {Keyword.STOP: "stop", Keyword.START: "start", Keyword.HELP: "help", Keyword.REVIEW: "doubtful"}
LANGUAGES = {"en", "fr", "es", "pt", "de", "it", "nl", "sv", "da", "pl", "ru", "ar"}


class Reply(NamedTuple):
    label: str
    legal: bool
    language: str
    text: str

    @property
    def taken_for(self) -> str:
        return TAKEN_FOR.get(classify(self.text), "ordinary")


def read(line: str) -> Reply:
    label, rest = line.split(" ", 1)
    legal = rest.startswith("legal ")
    language, text = rest.removeprefix("legal ").split(" ", 1)
    return Reply(label, legal, language, text.replace(r"\n", "\n"))


LINES = [line for line in CORPUS.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")]
REPLIES = [read(line) for line in LINES]


@pytest.fixture(scope="module")
def confusion() -> Counter:
    """How many replies of each label were taken for what."""
    return Counter((reply.label, reply.taken_for) for reply in REPLIES)


def share(confusion: Counter, label: str, taken_for: str) -> float:
    return confusion[label, taken_for] / sum(confusion[label, other] for other in LABELS)


def as_table(confusion: Counter) -> str:
    rows = [f"{'is':>10} | taken for " + "".join(f"{label:>10}" for label in LABELS)]
    for label in LABELS:
        rows.append(f"{label:>10} |           " + "".join(f"{confusion[label, other]:>10}" for other in LABELS))
    return "\n".join(rows)


def test_the_corpus_is_large_enough_to_mean_something():
    assert len(REPLIES) >= 500
    assert {reply.language for reply in REPLIES} == LANGUAGES
    assert {reply.label for reply in REPLIES} == set(LABELS)
    assert len({(reply.label, reply.language, reply.text) for reply in REPLIES}) == len(REPLIES)
    per_language = Counter((reply.language, reply.label == "ordinary") for reply in REPLIES)
    assert min(per_language.values()) >= 15


def test_the_table_is_within_its_bounds(confusion, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\n{as_table(confusion)}\n")
    assert share(confusion, "ordinary", "stop") <= 0.01
    assert share(confusion, "ordinary", "doubtful") <= 0.05
    assert share(confusion, "stop", "stop") >= 0.98
    assert share(confusion, "stop", "ordinary") <= 0.005
    assert confusion["ordinary", "start"] == confusion["stop", "start"] == confusion["doubtful", "start"] == 0


@pytest.mark.parametrize("reply", [reply for reply in REPLIES if reply.legal], ids=lambda reply: reply.text)
def test_every_word_that_must_work_works(reply):
    assert reply.taken_for == reply.label


@pytest.mark.parametrize("label", ["start", "help"])
def test_who_comes_back_or_asks_is_found(confusion, label):
    assert share(confusion, label, label) == 1


def test_nobody_is_stopped_for_a_doubtful_text_and_none_is_overlooked(confusion):
    assert share(confusion, "doubtful", "doubtful") == 1
