"""Export of the subscriber list as the search and the filters show it: CSV of any length, XLSX up to a limit."""

import csv
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_sms.admin.cells import SOURCES
from wagtail_sms.admin.spreadsheets import harmless, writable
from wagtail_sms.admin.subscribers import SubscribersView
from wagtail_sms.countries import country_name
from wagtail_sms.phone import mask
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.states import SubscriberStatus


# A workbook is made whole before its first byte goes out; what is longer would outlast a web server's patience.
LONGEST_WORKBOOK = 100_000
ROWS_AT_ONCE = 2000
FIELDS = ("number", "country", "status", "status_changed_at", "source", "language", "created_at")
HEADINGS = (
    gettext_lazy("Number"),
    gettext_lazy("Country"),
    gettext_lazy("Credits per segment"),
    gettext_lazy("Status"),
    gettext_lazy("Since"),
    gettext_lazy("Signed up through"),
    gettext_lazy("Language"),
    gettext_lazy("Signed up"),
)


class SubscribersExportView(SubscribersView):
    """The list with the same search and filters. A line in the site's history says who took how many along."""

    permission = "export_subscriber"
    http_method_names = ["get"]

    def get(self, request, *args, **kwargs):
        people = self.filter_queryset(self.get_base_queryset())
        people = self.search_queryset(people)
        as_workbook = request.GET.get("format") == "xlsx"
        count = people.count()
        if as_workbook and count > LONGEST_WORKBOOK:
            text = _("An XLSX file can hold %(limit)s subscribers here. Use filters, or download CSV.")
            messages.error(request, text % {"limit": f"{LONGEST_WORKBOOK:,}"})
            return redirect(self.here)
        data = {"people": count, "format": "xlsx" if as_workbook else "csv", "full": self.full_numbers}
        log(self.site, "wagtail_sms.export_subscribers", user=request.user, title=str(self.site), data=data)
        return workbook(people, full=self.full_numbers) if as_workbook else text_file(people, full=self.full_numbers)


def rows(people: QuerySet, *, full: bool) -> Iterator[list]:
    """A row per person, the oldest first, read from the database a few thousand at a time."""
    rates, status_names = credits_by_country(current_card()), dict(SubscriberStatus.choices)
    status_names = {status: str(name) for status, name in status_names.items()}
    sources = {source: str(name) for source, name in SOURCES.items()}
    found = people.order_by("pk").values_list(*FIELDS)
    for number, country, status, since, source, language, created in found.iterator(chunk_size=ROWS_AT_ONCE):
        yield [
            number if full else mask(number),
            country_name(country),
            rates.get(country),
            status_names[status],
            since,
            sources.get(source, source),
            language,
            created,
        ]


def text_file(people: QuerySet, *, full: bool) -> StreamingHttpResponse:
    """CSV, sent while it is read. It begins with a byte order mark, without which Excel takes it for Windows-1252."""
    response = StreamingHttpResponse(_lines(rows(people, full=full)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="subscribers.csv"'
    return response


def _lines(found: Iterable[list]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([str(heading) for heading in HEADINGS])
    for row in found:
        yield writer.writerow(
            [harmless(value) if isinstance(value, str) else _moment(value, text=True) for value in row]
        )


class _Echo:
    """What the CSV writer takes for a file."""

    def write(self, line: str) -> str:
        return line


def workbook(people: QuerySet, *, full: bool) -> FileResponse:
    """XLSX, written to a temporary file row by row."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title="Subscribers")
    sheet.append([str(heading) for heading in HEADINGS])
    for row in rows(people, full=full):
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
    return FileResponse(output, as_attachment=True, filename="subscribers.xlsx", content_type=kind)


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


urlpatterns = [path("sms/subscribers/export/", SubscribersExportView.as_view(), name="subscribers_export")]
