"""The rows of a file of numbers, one at a time: CSV in the encodings that spreadsheets save, and XLSX.

Nothing in the file is executed or believed: cells are text, and what a workbook says of its size is compared with the
limits before anything is unpacked.
"""

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator

from django.utils.translation import gettext as _

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import ImportRefused


WORKBOOK = b"PK\x03\x04"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
# What the parts of a workbook may be unpacked, in bytes. Its table of texts is held in memory, sheets are not.
LARGEST_SHEET, LARGEST_OTHER_PART, MOST_PARTS = 150_000_000, 20_000_000, 1000
COLUMNS_READ = 40
LONGEST_CELL = 200
DELIMITERS = ",;\t|"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KEPT_AS_TEXT = re.compile(r"""^(?:="(?P<wrapped>[^"]*)"|'(?P<quoted>.*))$""", re.DOTALL)


def records(content: bytes, *, name: str = "") -> Iterator[tuple[int, list[str]]]:
    """(row from 1, its cells) of the rows that hold something. Raises ImportRefused, also in the middle."""
    is_workbook = content.startswith(WORKBOOK)
    if content.startswith(OLD_WORKBOOK):
        raise ImportRefused(_("This is a workbook of an old kind. Save it as XLSX or as CSV and choose it again."))
    if name.lower().endswith((".xlsx", ".xlsm")) and not is_workbook:
        raise ImportRefused(_("The name says that this is an XLSX workbook, but it is not one. Save it anew."))
    limit = app_settings.IMPORT_MAX_ROWS
    for row, cells in enumerate(_workbook(content, limit) if is_workbook else _text(content), start=1):
        if row > limit + 1:
            text = _("The file has more than %(limit)s rows. Split it and import the parts one after the other.")
            raise ImportRefused(text % {"limit": f"{limit:,}"})
        shown = [plain(cell) for cell in cells[:COLUMNS_READ]]
        if any(shown):
            yield row, shown


def plain(value, *, longest: int = LONGEST_CELL) -> str:
    """A cell or a name as text, without characters that can't be seen: NUL, line breaks, changes of direction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)[: longest * 2]
    text = "".join(" " if letter in "\t\r\n" else letter for letter in text)
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    kept = _KEPT_AS_TEXT.match(text.strip())
    return (kept[kept.lastgroup] if kept else text).strip()[:longest]


def _text(content: bytes) -> Iterator[list[str]]:
    encoding = _encoding(content)
    try:
        head = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="").read(4096)
        if sum(letter < " " and letter not in "\t\r\n" for letter in head) > len(head) / 20:
            raise ImportRefused(_("This is neither a CSV file nor an XLSX workbook."))
        first = next((line for line in head.splitlines() if line.strip()), "")
        lines = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
        yield from csv.reader((line.replace("\0", "") for line in lines), delimiter=max(DELIMITERS, key=first.count))
    except csv.Error:
        raise ImportRefused(_("The file can't be read as CSV: a quotation mark is opened and never closed.")) from None
    except UnicodeDecodeError:
        raise ImportRefused(_("The characters of the file can't be read. Save it as CSV in UTF-8.")) from None


def _encoding(content: bytes) -> str:
    """What its mark says; else UTF-8 if it is, UTF-16 if every second byte is zero, and Windows-1252."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    head = content[:4096]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[start::2].count(0) > len(head) * 0.4:
            return encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # Its five undefined bytes matter to no number, so the superset of it without them is read.
        return "latin-1"
    return "utf-8"


def _workbook(content: bytes, limit: int) -> Iterator[tuple]:
    from openpyxl import load_workbook

    _refuse_bombs(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = next(iter(book.worksheets), None)
        if sheet is None:
            raise ImportRefused(_("The workbook has no sheet with rows."))
        # What a sheet says of its own size may be wrong.
        sheet.reset_dimensions()
        yield from sheet.iter_rows(max_row=limit + 2, max_col=COLUMNS_READ, values_only=True)
    except ImportRefused:
        raise
    except Exception as error:
        raise ImportRefused(_("The workbook is damaged. Save it anew, or save it as CSV.")) from error


def _refuse_bombs(content: bytes) -> None:
    """Look at the table of contents only. A part that is longer than it says there is cut off by `zipfile`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            listed = parts.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise ImportRefused(_("The workbook is damaged. Save it anew, or save it as CSV.")) from None
    sheets = sum(part.file_size for part in listed if part.filename.startswith("xl/worksheets/"))
    others = sum(part.file_size for part in listed if not part.filename.startswith("xl/worksheets/"))
    if sheets > LARGEST_SHEET or others > LARGEST_OTHER_PART or len(listed) > MOST_PARTS:
        raise ImportRefused(_("The workbook is too large once it is unpacked. Save the sheet with the numbers as CSV."))
