"""One message's people as a file."""

import csv
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, signed_in
from tests.campaigns.test_retrying import failed
from wagtail_sms.subscribers.consent import erase


def table(client, campaign, **query) -> list[list[str]]:
    response = client.get(reverse("wagtail_sms:campaign_export", args=[campaign.pk]), query)
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


@pytest.fixture
def exporter(site):
    rights = ("view_campaign", "export_subscriber", "view_full_numbers_subscriber")
    return signed_in(make_editor("Edda", site, *rights))


def test_a_row_says_what_became_of_a_person_and_what_it_cost(site, provider, exporter):
    campaign, people = failed(site, provider, 1)
    heading, *rows = table(exporter, campaign)
    assert heading == ["Number", "Country", "State", "Reason", "Credits charged", "Handed over"]
    assert rows[0][:5] == [
        f"'{people[0].number}",
        "United States",
        "Not delivered",
        "The phone was off or out of reach for too long",
        "1",
    ]
    assert [(row[2], row[4]) for row in rows[1:]] == [
        ("Delivered", "1"),
        ("Accepted", "1"),
        ("Uncertain", "0"),
        ("Not delivered", "1"),
    ]
    assert all(row[5] for row in rows)


def test_numbers_are_masked_without_the_right_and_the_deleted_have_none(site, provider):
    campaign, people = failed(site, provider, 2)
    erase(people[0], by=None)
    masked = signed_in(make_editor("Mara", site, "view_campaign", "export_subscriber"))
    rows = table(masked, campaign)
    assert rows[1][0] == "Deleted" and "•" in rows[2][0]
    assert not any(people[1].number[3:] in "".join(row).replace(" ", "") for row in rows)


def test_the_workbook_holds_no_formula_and_the_message_tells_who_took_it(site, provider, exporter):
    campaign, people = failed(site, provider, 1)
    response = exporter.get(reverse("wagtail_sms:campaign_export", args=[campaign.pk]), {"format": "xlsx"})
    cells = list(load_workbook(io.BytesIO(b"".join(response.streaming_content))).active.iter_rows())
    assert cells[1][0].value == people[0].number and cells[1][0].data_type == "s"
    entry = ModelLogEntry.objects.get(action="wagtail_sms.export_campaign")
    assert (entry.message, entry.user.username) == ("5 people exported", "Edda")
    assert "5 people exported" in exporter.get(reverse("wagtail_sms:campaign", args=[campaign.pk])).content.decode()


def test_either_right_alone_is_not_enough(site, provider):
    campaign, _people = failed(site, provider, 1)
    for right in ("view_campaign", "export_subscriber"):
        client = signed_in(make_editor(f"E{right}", site, right))
        assert client.get(reverse("wagtail_sms:campaign_export", args=[campaign.pk])).status_code == 302


def test_a_long_message_streams_in_few_queries(site, provider, exporter, django_assert_max_num_queries):
    campaign, _people = failed(site, provider, 100)
    with django_assert_max_num_queries(16):
        assert len(table(exporter, campaign)) == 105
