"""A text in the characters of GSM-7, wherever plainer ones say the same.

Nothing is replaced unasked: this is what an editor is offered. Letters of other alphabets and emoji stay.
"""

import unicodedata
from dataclasses import dataclass

from wagtail_sms.segments import BASIC, EXTENSION


ALPHABET = frozenset(BASIC + EXTENSION)
_PLAIN = {
    "‘’‚‛′ʼ`´": "'",
    "“”„‟″«»": '"',
    "‹": "<",
    "›": ">",
    "‐‑‒–—―−": "-",
    "…": "...",
    "•·●▪": "-",
    "\u00a0\u202f\u2007\u2009\u200a\u2002\u2003\u3000\t": " ",
    # Of no width: what one doesn't see, nobody misses.
    "\u00ad\u200b\u2060\ufeff\u200e\u200f": "",
    "⁄": "/",
    "×": "x",
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "ı": "i",
    "Œ": "OE",
    "œ": "oe",
    "ẞ": "SS",
    "©": "(c)",
    "®": "(R)",
    "™": "TM",
}
PLAIN = {character: plain for characters, plain in _PLAIN.items() for character in characters}


@dataclass(frozen=True, slots=True)
class Replacement:
    """`text` with `changed` characters made plain, as (before, after), each once; `kept` have no plain form."""

    text: str
    changed: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left that GSM-7 lacks."""
        return not self.kept


def gsm_safe(text: str) -> Replacement:
    """The text with everything made plain that can be."""
    text = unicodedata.normalize("NFC", text)
    foreign = dict.fromkeys(character for character in text if character not in ALPHABET)
    plain = {character: found for character in foreign if (found := _plain(character)) is not None}
    return Replacement(
        text="".join(plain.get(character, character) for character in text),
        changed=tuple(plain.items()),
        kept=tuple(character for character in foreign if character not in plain),
    )


def without(text: str, characters: tuple[str, ...]) -> str:
    """The text without these characters."""
    return "".join(character for character in text if character not in characters)


def _plain(character: str) -> str | None:
    if character in PLAIN:
        return PLAIN[character]
    parts = unicodedata.normalize("NFKD", character)
    letters = "".join(PLAIN.get(part, part) for part in parts if not unicodedata.combining(part))
    return letters if letters and set(letters) <= ALPHABET else None
