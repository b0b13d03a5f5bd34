"""Exports that no spreadsheet executes: text that would begin a formula is exported as text, numbers stay numbers."""

import re

from wagtail.admin.views.mixins import SpreadsheetExportMixin


# What Excel, LibreOffice and Google Sheets take for the beginning of a formula, the full-width forms included, and
# the blanks that some of them drop before they look.
DANGEROUS = re.compile(r"^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]")
# Where a comma is the decimal sign, spreadsheets end a cell at a semicolon, and take quotes in mid-line for text.
NEW_CELL = re.compile(r"((?:;|(?<=\S)\s*[\t\r\n])[\s\0\"']*)(?=[=+\-@＝＋－＠])")
# XML 1.0 has no way to write these, so openpyxl refuses the whole file.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def harmless(value):
    """Text with an apostrophe wherever it, or a part of it, would run as a formula; anything else as it is."""
    if not isinstance(value, str):
        return value
    value = NEW_CELL.sub(r"\1'", value)
    return f"'{value}" if DANGEROUS.match(value) else value


def writable(value):
    """Text without the characters that a workbook can't hold; anything else as it is."""
    return UNWRITABLE.sub("", value) if isinstance(value, str) else value


class SafeExportMixin(SpreadsheetExportMixin):
    """Wagtail's export. It writes the text of XLSX cells as text, which is enough there; CSV knows no types."""

    def preprocess_field_value(self, field, value, export_format):
        value = super().preprocess_field_value(field, value, export_format)
        return harmless(value) if export_format == self.FORMAT_CSV else writable(value)
