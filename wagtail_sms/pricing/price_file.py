"""Prices from a CSV file, as a provider hands them out or a spreadsheet saves them.

Columns, in any order, named in the first line: `country` (ISO code of two letters), `price` (of one segment), and if
wanted `operator` (MCC and MNC, digits only; empty for the whole country) and `currency` (ISO code). Others are ignored.
Separators are commas, semicolons or tabs; the decimal sign is a point or a comma. A file with one bad line is refused.
"""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from wagtail_sms.countries import NAMES
from wagtail_sms.exceptions import PriceFileRefused
from wagtail_sms.pricing.reading import DEFAULT_ROWS, HIGHEST_PRICE, usable
from wagtail_sms.providers.base import PriceRow


LARGEST_FILE = 2_000_000
COLUMNS = {
    "country": ("country", "iso", "country code", "country iso code", "countryisocode", "iso2"),
    "price": ("price", "amount", "rate"),
    "operator": ("operator", "mccmnc", "mcc mnc", "network"),
    "currency": ("currency", "currency code", "currencycode"),
}
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")
_OPERATOR = re.compile(r"[0-9]{3,6}")
# What people write instead, because the code sounds right.
_OTHER_CODES = {"UK": "GB", "EN": "GB", "EL": "GR", "KO": "XK", "KV": "XK", "KS": "XK"}
DELIMITERS = ";\t,"


class LineError(Exception):
    """What is wrong in one line of the file: `column` is one of COLUMNS."""

    def __init__(self, column: str, sentence: str):
        self.column, self.sentence = column, sentence
        super().__init__(sentence)


def read_file(content: bytes, *, currency: str = "") -> list[PriceRow]:
    """The rows of a file; `currency` is for files that don't name one. Raises PriceFileRefused with every bad line."""
    lines = _decoded(content).splitlines()
    delimiter, columns = _head(next((line for line in lines if line.strip()), ""))
    rows, places, problems = [], {}, []
    for number, cells in _records(lines, delimiter):
        try:
            row = _row(dict(zip(columns, cells, strict=False)), currency)
            if row:
                _refuse_a_second_price(row, number, places)
                rows.append(row)
        except LineError as error:
            values = {"line": number, "column": error.column, "problem": error.sentence}
            problems.append(_("Line %(line)s, %(column)s: %(problem)s") % values)
    if not rows and not problems:
        problems.append(_("The file has no line with a price in it."))
    if problems:
        raise PriceFileRefused(problems)
    return rows


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise PriceFileRefused([_("The file is larger than a price list can be.")])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        raise _no_csv()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Only names of countries have letters beyond ASCII, and they are not read.
        return content.decode("latin-1")


def _head(line: str) -> tuple[str, list[str]]:
    """The separator and the columns by our names; a column we don't know keeps its own."""
    delimiter = max(DELIMITERS, key=line.count)
    titles = next((cells for _number, cells in _cells([line], delimiter)), [])
    columns = [_column(title) for title in titles]
    missing = [name for name in ("country", "price") if name not in columns]
    if missing:
        sentence = _("Line 1: there is no column named %(missing)s. Found: %(found)s.")
        found = ", ".join(title.strip() for title in titles if title.strip())[:200] or _("nothing")
        raise PriceFileRefused([sentence % {"missing": _(" and none named ").join(missing), "found": found}])
    return delimiter, columns


def _column(title: str) -> str:
    plain = title.strip().lower().replace("_", " ").replace("-", " ")
    return next((name for name, aliases in COLUMNS.items() if plain in aliases), plain)


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line after the first that has something in it."""
    seen_head = False
    for number, cells in _cells(lines, delimiter):
        if not any(cell.strip() for cell in cells):
            continue
        if seen_head:
            yield number, [cell.strip() for cell in cells]
        seen_head = True


def _cells(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line; a cell of more than 128 KB is no cell."""
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise _no_csv() from None


def _no_csv() -> PriceFileRefused:
    return PriceFileRefused([_("This is not a CSV file. Save the sheet as CSV first.")])


def _row(cells: dict[str, str], currency: str) -> PriceRow | None:
    """None for the rate of countries that are not listed."""
    country = _country(cells.get("country", ""))
    if country in DEFAULT_ROWS:
        return None
    return PriceRow(
        country,
        _operator(cells.get("operator", "")),
        _price(cells.get("price", "")),
        _currency(cells.get("currency", "") or currency),
    )


def _country(text: str) -> str:
    country = text.upper()
    if country in NAMES or (country in DEFAULT_ROWS and country):
        return country
    if country in _OTHER_CODES:
        raise LineError("country", _("“%(text)s” is written %(code)s.") % {"text": text, "code": _OTHER_CODES[country]})
    raise LineError("country", _("“%(text)s” is not a country code of two letters.") % {"text": text[:40]})


def _price(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise LineError("price", _("“%(text)s” is not a number, such as 0.075.") % {"text": text[:40]})
    amount = Decimal(text.replace(",", "."))
    if usable(amount) is None:
        limits = {"text": text[:40], "highest": f"{HIGHEST_PRICE:,}"}
        raise LineError("price", _("“%(text)s” is not between 0.000001 and %(highest)s.") % limits)
    return amount


def _operator(text: str) -> str:
    if text and not _OPERATOR.fullmatch(text):
        raise LineError(
            "operator", _("“%(text)s” is not a network code (MCC and MNC) of digits.") % {"text": text[:40]}
        )
    return text


def _currency(text: str) -> str:
    code = text.upper()
    if not code:
        raise LineError("currency", _("The currency is missing."))
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise LineError("currency", _("“%(text)s” is not a currency code of three letters.") % {"text": text[:40]})
    return code


def _refuse_a_second_price(row: PriceRow, number: int, places: dict) -> None:
    place = row.country, row.mccmnc
    first, amount = places.setdefault(place, (number, row.amount))
    if amount != row.amount:
        raise LineError("price", _("Line %(first)s has another price for the same.") % {"first": first})
