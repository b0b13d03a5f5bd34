"""Export of the subscribers: what the list shows, harmless in a spreadsheet, and known to the site's history."""

import csv
import io
import tracemalloc

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, signed_in
from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.admin import exporting
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


EXPORT = "wagtail_sms:subscribers_export"


@pytest.fixture
def exporter(site):
    rights = ("view_subscriber", "export_subscriber", "view_full_numbers_subscriber")
    return signed_in(make_editor("Edda", site, *rights))


def table(client, **query) -> list[list[str]]:
    response = client.get(reverse(EXPORT), query)
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def cells(client, **query):
    response = client.get(reverse(EXPORT), {"format": "xlsx", **query})
    return list(load_workbook(io.BytesIO(b"".join(response.streaming_content))).active.iter_rows())


def test_a_row_says_what_the_list_says(site, exporter):
    make_subscriber(site, "+33612345678", country="FR", status=SubscriberStatus.STOPPED)
    heading, row = table(exporter, format="csv")
    assert heading[:4] == ["Number", "Country", "Credits per segment", "Status"]
    assert row[:4] == ["'+33612345678", "France", str(credits_for("FR")), "Unsubscribed"]
    assert row[5] == "Popup"


def test_numbers_are_masked_without_the_right_to_see_them(site):
    make_subscriber(site, "+33612345678", country="FR")
    masked = signed_in(make_editor("Mara", site, "view_subscriber", "export_subscriber"))
    assert "12345678" not in "".join(table(masked, format="csv")[1]).replace(" ", "")
    assert "•" in cells(masked)[1][0].value


def test_the_export_follows_the_filters_and_the_search(site, exporter):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(site, "+12015550101", status=SubscriberStatus.SUSPENDED)
    make_subscriber(site, "+12015550102")
    assert [row[0] for row in table(exporter, format="csv", country="FR")[1:]] == ["'+33612345678"]
    assert [row[0] for row in table(exporter, format="csv", status="suspended")[1:]] == ["'+12015550101"]
    assert [row[0] for row in table(exporter, format="csv", q="550102")[1:]] == ["'+12015550102"]


def test_the_buttons_take_the_filters_along(site, exporter):
    make_subscriber(site, "+33612345678", country="FR")
    page = exporter.get(reverse("wagtail_sms:subscribers"), {"country": "FR"})
    address = next(button.url for button in page.context["view"].header_more_buttons if "csv" in button.url)
    assert address in page.content.decode().replace("&amp;", "&")
    assert "country=FR" in address and exporter.get(address).status_code == 200


def test_nobody_exports_people_of_another_site(site, other_site, exporter):
    make_subscriber(other_site, "+12015550109")
    assert len(table(exporter, format="csv")) == 1
    assert exporter.get(reverse(EXPORT), {"format": "csv", "sms_site": other_site.pk}).status_code == 302


def test_no_right_no_export_and_no_button(site):
    viewer = signed_in(make_editor("Vera", site, "view_subscriber"))
    assert viewer.get(reverse(EXPORT), {"format": "csv"}).status_code == 302
    shown = viewer.get(reverse("wagtail_sms:subscribers")).content.decode()
    assert "Download CSV" not in shown and "Import subscribers" not in shown
    assert "/login/" in Client().get(reverse(EXPORT)).url
    assert not ModelLogEntry.objects.filter(action="wagtail_sms.export_subscribers").exists()


@pytest.mark.parametrize("language", ["=1+1", "@SUM(A1)", "-2+3", "+cmd|x", "\t=1", "<b>"])
def test_nothing_in_a_cell_runs(site, exporter, language):
    person = make_subscriber(site, "+12015550101")
    Subscriber.objects.filter(pk=person.pk).update(language=language, source=language[:5])
    text, sheet = table(exporter, format="csv")[1], cells(exporter)[1]
    assert text[6].lstrip()[:1] not in ("=", "+", "-", "@")
    assert all(cell.data_type != "f" for cell in sheet)
    assert str(sheet[6].value).lstrip()[:1] not in ("=", "+", "-", "@")


def test_a_workbook_keeps_the_plus_and_marks_the_number_as_text(site, exporter):
    make_subscriber(site, "+12015550101")
    cell = cells(exporter)[1][0]
    assert (cell.value, cell.data_type, cell.number_format, cell.quotePrefix) == ("+12015550101", "s", "@", True)


def test_too_many_people_for_a_workbook_lead_back_to_the_list(site, exporter, monkeypatch):
    monkeypatch.setattr(exporting, "LONGEST_WORKBOOK", 2)
    make_subscribers(site, 3)
    response = exporter.get(reverse(EXPORT), {"format": "xlsx"}, follow=True)
    assert "An XLSX file can hold 2 subscribers here" in response.content.decode()
    assert len(table(exporter, format="csv")) == 4


def test_an_export_is_written_down(site, exporter):
    make_subscribers(site, 3)
    table(exporter, format="csv")
    entry = ModelLogEntry.objects.get(action="wagtail_sms.export_subscribers")
    assert entry.data == {"people": 3, "format": "csv", "full": True} and entry.user.username == "Edda"
    assert entry.message == "3 subscribers exported"


def test_rows_are_not_kept_in_memory(site, exporter):
    def peak(client):
        tracemalloc.start()
        for _line in client.get(reverse(EXPORT), {"format": "csv"}).streaming_content:
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    make_subscribers(site, 4000)
    peak(exporter)
    few = peak(exporter)
    make_subscribers(site, 16_000, start=4000)
    assert peak(exporter) < few * 1.5
