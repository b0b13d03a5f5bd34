"""What a person asks for in a reply: to leave, to come back, to get help; or a text for people to read.

Leaving may be worded in any reasonable way (FCC 47 CFR 64.1200(a)(10)) and in any of these languages, whatever
the site's own. A wrong STOP costs less than a missed one, and START undoes it; yet what only mentions a stop
("bus stop 12", "don't stop") goes to people. START must be the whole text, HELP too but for politeness.
"""

import re
import unicodedata
from enum import StrEnum

from wagtail_sms.keyword_lists import (
    ASKING,
    COURTESY,
    EVERYDAY_WORDS,
    HELP_WORDS,
    NEGATIONS,
    START_WORDS,
    STOP_WORDS,
    STRONG_WORDS,
    SUSPECT_STEMS,
    UNMISTAKABLE,
)
from wagtail_sms.keyword_phrases import LESS, MISTAKES, NOT_LEAVING, OUR_TEXTS, REFUSALS, REQUESTS


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    REVIEW = "review"


STRONG_LENGTH = 5
LONGEST_READ = 1000
# The French and Italian short forms before a word: l'arrêt, m'envoyez.
_ELISION = re.compile(r"\b([ldjmnsct]|qu)['’‘ʼ`´](?=\w\w)")


def classify(text: str) -> Keyword | None:
    """The keyword of a reply; REVIEW when it speaks of stopping without asking; None for any other text.

    YES, OUI, SI and JA are no START here: they mean something only to who was asked.
    """
    said = _fold(text[:LONGEST_READ])
    polite = _without(said, _COURTESY)
    if _is_stop(text, said, polite):
        return Keyword.STOP
    if _joined(said) in _START:
        return Keyword.START
    if _joined(said) in _HELP or _joined(_without(polite, _ASKING)) in _HELP:
        return Keyword.HELP
    return Keyword.REVIEW if _may_be_stop(said) else None


def _may_be_stop(said: str) -> bool:
    if _SUSPECT.intersection(said.split()) or _SUSPECT_STEMS.search(said):
        return True
    return bool(_OUR_TEXTS.search(said) and _LESS.search(said))


def _is_stop(text: str, said: str, polite: str) -> bool:
    whole, words = {_joined(said), _joined(polite)}, set(polite.split())
    only_stop_words = bool(whole & _STOP) or bool(words) and words <= _STOP
    if only_stop_words or _clauses(text) & _SUSPECT or _has(_REFUSALS, said, polite):
        return True
    if _NEGATED.search(said) or _MISTAKES.search(said):
        return False
    if _UNMISTAKABLE.search(said) or _has(_REQUESTS, said, polite):
        return True
    wanted = _without(polite, _ASKING)
    if _joined(wanted) in _SUSPECT and not text.rstrip().endswith("?"):
        return True
    return any(_opens_strongly(text, heard) for heard in (said, polite, wanted))


def _has(phrases: list[re.Pattern], *heard: str) -> bool:
    return any(phrase.search(one) for phrase in phrases for one in heard)


def _opens_strongly(text: str, said: str) -> bool:
    words = len(said.split())
    if words > STRONG_LENGTH or _NOT_LEAVING.search(said):
        return False
    asks = text.rstrip().endswith("?") and words > 2
    return not asks and _STRONG.match(said) is not None


def _clauses(text: str) -> set[str]:
    return {_joined(_fold(clause)) for clause in re.split(r"[.!?,;:]+(?:\s|$)|\n", text[:LONGEST_READ])}


def _fold(text: str) -> str:
    """Lower case without accents, marks, punctuation and invisible characters; one space between words."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("🛑", " stop ").replace("ł", "l")
    plain = _ELISION.sub(r"\1 ", plain)
    letters = []
    for character in unicodedata.normalize("NFKD", plain):
        category = unicodedata.category(character)
        if character in "'’‘ʼ`´" or category in ("Cf", "Mn", "Me"):
            continue
        letters.append(character if category[0] in "LN" else " ")
    return re.sub(r"(\w)\1{2,}", r"\1", " ".join("".join(letters).split()))


def _without(said: str, dropped: frozenset[str]) -> str:
    return " ".join(word for word in said.split() if word not in dropped)


def _joined(said: str) -> str:
    """Without spaces, so that "S T O P", "opt-out" and "OPTOUT" are one word."""
    return said.replace(" ", "")


def _words(listed: str) -> list[str]:
    return [_fold(word) for word in listed.split(",")]


def _any_of(listed: str) -> str:
    return "|".join(map(re.escape, _words(listed)))


_STOP = frozenset(_joined(word) for words in STOP_WORDS.values() for word in _words(words))
_START = frozenset(map(_joined, _words(START_WORDS)))
_HELP = frozenset(map(_joined, _words(HELP_WORDS)))
_COURTESY = frozenset(_words(COURTESY))
_ASKING = frozenset(_words(ASKING))
_SUSPECT = _STOP - frozenset(_words(EVERYDAY_WORDS))
_SUSPECT_STEMS = re.compile(rf"\b(?:{SUSPECT_STEMS})")
_STRONG = re.compile(rf"(?:{_any_of(STRONG_WORDS)})(?: |$)")
_UNMISTAKABLE = re.compile(rf"\b(?:{_any_of(UNMISTAKABLE)})\b|^unsub\w*$")
_VERBS = rf"{_any_of(STRONG_WORDS)}|{_any_of(UNMISTAKABLE)}|end|quit|cancel|remove|take|delete|get|lose"
_NEGATED = re.compile(rf"\b(?:{_any_of(NEGATIONS)}) (?:.* )?(?:{_VERBS})\b")
_OUR_TEXTS = re.compile(rf"\b(?:{OUR_TEXTS})\b")
_LESS = re.compile(rf"\b(?:{LESS}|{_any_of(NEGATIONS)})\b")
_REFUSALS = [re.compile(refusal) for refusal in REFUSALS]
_REQUESTS = [re.compile(request) for request in REQUESTS]
_NOT_LEAVING, _MISTAKES = re.compile(NOT_LEAVING), re.compile(MISTAKES)
