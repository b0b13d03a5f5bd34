"""Tables as files to download: CSV, sent while it is read, and XLSX. The first column holds phone numbers."""

import csv
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile

from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone

from wagtail_sms.admin.spreadsheets import harmless, writable


# A workbook is made whole before its first byte goes out; what is longer would outlast a web server's patience.
LONGEST_WORKBOOK = 100_000
ROWS_AT_ONCE = 2000


def text_file(rows: Iterable[list], headings: Iterable, *, name: str) -> StreamingHttpResponse:
    """CSV, sent while it is read. It begins with a byte order mark, without which Excel takes it for Windows-1252."""
    response = StreamingHttpResponse(_lines(rows, headings), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(rows: Iterable[list], headings: Iterable) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([str(heading) for heading in headings])
    for row in rows:
        yield writer.writerow(
            [harmless(value) if isinstance(value, str) else _moment(value, text=True) for value in row]
        )


class _Echo:
    """What the CSV writer takes for a file."""

    def write(self, line: str) -> str:
        return line


def workbook(rows: Iterable[list], headings: Iterable, *, name: str) -> FileResponse:
    """XLSX, written to a temporary file row by row."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=name.capitalize()[:31])
    sheet.append([str(heading) for heading in headings])
    for row in rows:
        sheet.append(
            [
                _text(sheet, value, place) if isinstance(value, str) else _moment(value)
                for place, value in enumerate(row)
            ]
        )
    output = TemporaryFile()
    book.save(output)
    output.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(output, as_attachment=True, filename=f"{name}.xlsx", content_type=kind)


def _text(sheet, value: str, place: int):
    """A cell of text. The number keeps its plus: it is marked as text and stays so when it is edited."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, writable(value if place == 0 else harmless(value)))
    cell.data_type = "s"
    if place == 0:
        cell.number_format, cell.quotePrefix = "@", True
    return cell


def _moment(value, *, text: bool = False):
    """A time in the zone of the admin, as spreadsheets know it: without a zone. Other values as they are."""
    if not hasattr(value, "tzinfo"):
        return value
    naive = timezone.make_naive(value).replace(microsecond=0)
    return naive.isoformat(" ") if text else naive
