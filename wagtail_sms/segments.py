"""How many segments a text takes on the air, by 3GPP TS 23.038 (GSM 03.38) and TS 23.040.

A text of basic and extension characters goes out as GSM-7: 160 septets, or 153 in each part of a longer one;
an extension character takes two septets that stay together. Any other character makes the whole text UCS-2:
70 UTF-16 units, or 67 a part; the two halves of a surrogate pair stay together. National tables are not used:
gateways rarely do. The text is measured as given; what the provider bills has the last word.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass


GSM_7, UCS_2 = "GSM-7", "UCS-2"
SINGLE = {GSM_7: 160, UCS_2: 70}
PART = {GSM_7: 153, UCS_2: 67}

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"

_FOREIGN = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
# Characters of two units, which no part may cut in half.
_PAIR = {GSM_7: re.compile(f"[{re.escape(EXTENSION)}]"), UCS_2: re.compile("[\U00010000-\U0010ffff]")}


@dataclass(frozen=True, slots=True)
class Measure:
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2). An empty text is GSM-7 with 0 segments."""

    encoding: str
    units: int
    segments: int


def measure(text: str) -> Measure:
    """Encoding, units and segments of a text."""
    encoding = _encoding(text)
    pairs = len(_PAIR[encoding].findall(text))
    units = len(text) + pairs
    if units <= SINGLE[encoding]:
        return Measure(encoding, units, 1 if units else 0)
    if not pairs:
        return Measure(encoding, units, -(-units // PART[encoding]))
    return Measure(encoding, units, sum(1 for _end in _ends(encoding, units, _openings(encoding, text))))


def split(text: str) -> list[str]:
    """The text of each segment, for previews; joined they are the text."""
    encoding = _encoding(text)
    openings = _openings(encoding, text)
    parts, start = [], 0
    for end in _ends(encoding, len(text) + len(openings), openings):
        stop = end - bisect_left(openings, end)
        parts.append(text[start:stop])
        start = stop
    return parts


def forcing_characters(text: str) -> list[str]:
    """The characters that make the text UCS-2, each once, in the order they appear."""
    return list(dict.fromkeys(_FOREIGN.findall(text)))


def _encoding(text: str) -> str:
    return GSM_7 if _FOREIGN.search(text) is None else UCS_2


def _openings(encoding: str, text: str) -> list[int]:
    """Where pairs begin, counted in units."""
    return [match.start() + before for before, match in enumerate(_PAIR[encoding].finditer(text))]


def _ends(encoding: str, units: int, openings: list[int]) -> Iterator[int]:
    """Where each segment ends, counted in units."""
    size = SINGLE[encoding] if units <= SINGLE[encoding] else PART[encoding]
    opening, end = set(openings), 0
    while end < units:
        end = min(end + size, units)
        if end < units and end - 1 in opening:
            end -= 1
        yield end
