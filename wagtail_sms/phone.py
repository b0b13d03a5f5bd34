"""Phone numbers as people type them, and as we keep, show and hide them. Rules: libphonenumber's metadata."""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from wagtail_sms.exceptions import InvalidNumber, NotANumber, NumberError, UnknownCountry


# Where a plan does not tell landlines and mobiles apart (North America), the number must be let through.
TEXTABLE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
LONGEST_INPUT = 64
_TYPED = re.compile(r"[ (\[]*\+?[0-9 ()\[\]./~·•‐‑‒–—―−-]*")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """`number` is E.164 ("+33612345678"), `country` the ISO code of its plan ("001": of no country)."""

    number: str
    country: str
    can_receive_texts: bool


def parse(text: str, country: str | None = None) -> PhoneNumber:
    """Reads a number as a person types it; `country` (ISO code) places one that has no + or 00 in front.

    Raises NotANumber, UnknownCountry or InvalidNumber. The country returned is the number's own: inside
    +1 the United States, Canada and the Caribbean are told apart.
    """
    typed = _clean(text)
    region = _region(country)
    if region is None and not typed.startswith("+"):
        raise UnknownCountry
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as error:
        raise _reason(error) from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidNumber
    return PhoneNumber(
        number=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        country=phonenumbers.region_code_for_number(number),
        can_receive_texts=phonenumbers.number_type(number) in TEXTABLE,
    )


def display(number: str) -> str:
    """ "+33612345678" spaced for reading: "+33 6 12 34 56 78". What is not E.164 comes back unchanged."""
    parsed = _stored(number)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL) if parsed else number


def mask(number: str) -> str:
    """The same with only the calling code, the first digit and the last two left: "+33 6 •• •• •• 78"."""
    parsed = _stored(number)
    if parsed is None:
        return "•" * 6
    code = f"+{parsed.country_code}"
    national = display(number).removeprefix(code)
    digits = sum(character.isdigit() for character in national)
    shown = {1, digits - 1, digits} if digits > 5 else {digits}
    return code + _hide(national, shown)


def calling_code(country: str) -> str:
    """ "FR" gives "33". Raises UnknownCountry."""
    region = _region(country)
    if region is None:
        raise UnknownCountry
    return str(phonenumbers.country_code_for_region(region))


def _clean(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.strip()[: LONGEST_INPUT * 2])
    characters = (_fold(character) for character in folded if unicodedata.category(character) != "Cf")
    typed = "".join(characters).strip()
    if not _TYPED.fullmatch(typed) or not any(character.isdigit() for character in typed):
        raise NotANumber
    if len(text.strip()) > LONGEST_INPUT:
        raise InvalidNumber
    digits = re.sub(r"[^+0-9]", "", typed)
    return "+" + digits[2:] if digits.startswith("00") else digits


def _fold(character: str) -> str:
    if character.isspace() and unicodedata.category(character) == "Zs":
        return " "
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _region(country: str | None) -> str | None:
    if not country:
        return None
    region = country.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownCountry
    return region


def _reason(error: NumberParseException) -> NumberError:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return UnknownCountry()
    return InvalidNumber()


def _stored(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number)
    except NumberParseException:
        return None


def _hide(national: str, shown: set[int]) -> str:
    masked, place = [], 0
    for character in national:
        place += character.isdigit()
        masked.append("•" if character.isdigit() and place not in shown else character)
    return "".join(masked)
