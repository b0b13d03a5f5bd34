"""Export of the subscriber list as the search and the filters show it: CSV of any length, XLSX up to a limit."""

from collections.abc import Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_sms.admin.cells import SOURCES
from wagtail_sms.admin.subscribers import SubscribersView
from wagtail_sms.admin.table_files import LONGEST_WORKBOOK, ROWS_AT_ONCE, text_file, workbook
from wagtail_sms.countries import country_name
from wagtail_sms.phone import mask
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.states import SubscriberStatus


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
        make = workbook if as_workbook else text_file
        return make(rows(people, full=self.full_numbers), HEADINGS, name="subscribers")


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


urlpatterns = [path("sms/subscribers/export/", SubscribersExportView.as_view(), name="subscribers_export")]
