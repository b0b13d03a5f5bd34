"""Importing subscribers: three steps, a dry run that is right, and nothing that brings back who left."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, signed_in
from tests.factories import make_subscriber
from wagtail_sms.delivery.models import Notice
from wagtail_sms.states import ConsentKind, ImportStatus, SubscriberStatus
from wagtail_sms.subscribers import import_file, imports
from wagtail_sms.subscribers.consent import erase, stop
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber, SubscriberImport


UPLOAD = "wagtail_sms:subscribers_import"
COLUMNS = "wagtail_sms:subscribers_import_columns"
PAGE = "wagtail_sms:subscribers_import_page"
CONSENT = "Ticked the box on the entry form of the raffle, June 2026"


@pytest.fixture
def editor(site):
    return make_editor("Ines", site, "view_subscriber", "import_subscriber", "view_full_numbers_subscriber")


@pytest.fixture
def client(editor):
    return signed_in(editor)


def upload(client, content, *, name="people.csv", **fields):
    content = content.encode() if isinstance(content, str) else content
    data = {"country": "FR", "consent": CONSENT, "agreed": "on", **fields}
    return client.post(reverse(UPLOAD), {**data, "file": SimpleUploadedFile(name, content)})


def checked(client, content, *, number=0, country="", language="", **fields) -> SubscriberImport:
    response = upload(client, content, **fields)
    assert response.status_code == 302, response.context["form"].errors
    found = SubscriberImport.objects.latest("pk")
    client.post(reverse(COLUMNS, args=[found.pk]), {"number": number, "country": country, "language": language})
    found.refresh_from_db()
    return found


def confirm(client, found):
    response = client.post(reverse(PAGE, args=[found.pk]), follow=True)
    found.refresh_from_db()
    return response


def imported(client, content, **fields) -> SubscriberImport:
    found = checked(client, content, **fields)
    confirm(client, found)
    assert found.status == ImportStatus.DONE
    return found


def numbers(site) -> list[str]:
    return sorted(Subscriber.objects.of(site).values_list("number", flat=True))


def workbook(*rows) -> bytes:
    book, output = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(output)
    return output.getvalue()


def errors(response) -> str:
    return " ".join(str(error) for errors in response.context["form"].errors.values() for error in errors)


def test_the_dry_run_counts_every_outcome_and_changes_nothing(site, client):
    make_subscriber(site, "+33612345601", country="FR")
    make_subscriber(site, "+33612345602", country="FR", status=SubscriberStatus.SUSPENDED)
    stop(site, number="+33612345603")
    rows = ["Phone", "0612345601", "+33612345602", "0033612345603", "06 12 34 56 04", "+33612345604", "12", "hello", ""]
    found = checked(client, "\n".join(rows))
    assert found.figures == {"new": 1, "known": 2, "suppressed": 1, "repeated": 1, "invalid": 2}
    assert found.problems == [[7, "invalid"], [8, "not_a_number"]]
    assert len(numbers(site)) == 2
    shown = client.get(reverse(PAGE, args=[found.pk])).content.decode()
    assert "This is a dry run" in shown and "Import 1 person" in shown and "This is not a phone number." in shown


def test_an_imported_person_has_the_proof_of_their_consent(site, client, editor):
    imported(client, "number;lang\n0612345601;fr", language=1)
    person = Subscriber.objects.get(site=site)
    assert (person.number, person.country, person.language) == ("+33612345601", "FR", "fr")
    assert (person.status, person.source) == (SubscriberStatus.ACTIVE, "import")
    proof = ConsentEvent.objects.get(site=site)
    assert (proof.kind, proof.source, proof.by) == (ConsentKind.OPT_IN, "import", editor)
    assert CONSENT in proof.evidence and "people.csv" in proof.evidence
    assert ModelLogEntry.objects.get(action="wagtail_sms.import_subscribers").data["people"] == 1


def test_nobody_is_texted(site, client):
    imported(client, "0612345601")
    assert not Notice.objects.exists()
    assert "Nobody gets a welcome text" in client.get(reverse(UPLOAD)).content.decode()


def test_an_import_never_undoes_a_stop_a_deletion_or_a_suspension(site, client, editor):
    suspended = make_subscriber(site, "+33612345601", country="FR", status=SubscriberStatus.SUSPENDED)
    stopped = make_subscriber(site, "+33612345602", country="FR")
    stop(site, number=stopped.number)
    erase(make_subscriber(site, "+33612345603", country="FR"), by=editor)
    before = list(Subscriber.objects.order_by("pk").values())
    found = imported(client, "0612345601\n0612345602\n0612345603\n0612345604")
    assert list(Subscriber.objects.exclude(number="+33612345604").order_by("pk").values()) == before
    assert found.figures == {"new": 1, "known": 1, "suppressed": 2}
    assert suspended.number in numbers(site) and "+33612345603" not in numbers(site)


def test_a_stop_between_the_dry_run_and_the_import_counts(site, client):
    found = checked(client, "0612345601\n0612345602")
    stop(site, number="+33612345601")
    confirm(client, found)
    assert numbers(site) == ["+33612345602"]


def test_a_second_click_and_a_second_import_add_nobody_again(site, client):
    found = imported(client, "0612345601\n0612345602")
    confirm(client, found)
    again = imported(client, "0612345601\n0612345602")
    assert again.figures == {"known": 2}
    assert len(numbers(site)) == 2 and ConsentEvent.objects.count() == 2


def test_an_import_that_died_goes_on_where_it_ended(site, client, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 2)
    found, calls, add = checked(client, "\n".join(f"06123456{place:02d}" for place in range(5))), [], imports._add

    def die(*args):
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return add(*args)

    monkeypatch.setattr(imports, "_add", die)
    with pytest.raises(RuntimeError):
        imports.confirm(found)
    assert len(numbers(site)) == 2
    imports.run(found.pk)
    found.refresh_from_db()
    assert found.status == ImportStatus.DONE and found.figures == {"new": 5}
    assert ConsentEvent.objects.count() == 5


def test_the_file_is_gone_after_the_import(site, client):
    assert bytes(imported(client, "0612345601").content) == b""


def test_a_large_file_is_left_to_a_worker(site, client, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(imports, "ROWS_AT_ONCE", 2)
    found = checked(client, "0612345601\n0612345602\n0612345603")
    assert found.status == ImportStatus.CHECKING
    page = client.get(reverse(PAGE, args=[found.pk])).content.decode()
    assert "The file is being checked" in page and "wagtail-sms-progress" in page
    imports.run(found.pk)
    found.refresh_from_db()
    confirm(client, found)
    assert found.status == ImportStatus.IMPORTING and not numbers(site)
    imports.run(found.pk)
    state = client.get(reverse("wagtail_sms:subscribers_import_state", args=[found.pk])).content.decode()
    assert "3 people were imported." in state and "data-every" not in state


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_of_spreadsheets(site, client, encoding, delimiter):
    rows = [["Näme", "Téléphone"], ["Zoë", "0612345601"], ["Jörg", "0612345602"]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    imported(client, content, number=1)
    assert numbers(site) == ["+33612345601", "+33612345602"]


def test_a_workbook_with_numbers_as_numbers(site, client):
    content = workbook(["Phone", "Country"], [612345601, "FR"], ["+12015550101", None], [7400100200, "United Kingdom"])
    imported(client, content, name="people.xlsx", country=1)
    assert numbers(site) == ["+12015550101", "+33612345601", "+447400100200"]


def test_our_own_export_can_be_imported(site, client):
    imported(client, 'Number\r\n\'+33612345601\r\n"=""+33612345602"""')
    assert numbers(site) == ["+33612345601", "+33612345602"]


def test_formulas_are_not_believed(site, client):
    content = workbook(["=HYPERLINK(1)"], ['=CONCATENATE("+336","12345601")'], ["+33612345602"])
    found = imported(client, content, name="people.xlsx")
    assert numbers(site) == ["+33612345602"] and [2, "formula"] in found.problems


def test_markup_nul_and_changed_directions_are_shown_as_text(site, client):
    upload(
        client, "<script>alert(1)</script>,Number\na\0b,0612345601\n\u202eevil,0612345602", name="<b>\u202ecsv.exe.csv"
    )
    found = SubscriberImport.objects.get()
    page = client.get(reverse(COLUMNS, args=[found.pk])).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "\u202e" not in page and "\0" not in page


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"0612345601", "people.xlsx", "not one"),
        (b"", "people.csv", "empty"),
        (b"\n \n", "people.csv", "empty"),
        (b"\xd0\xcf\x11\xe0rest", "people.xls", "old kind"),
        (b"PK\x03\x04broken", "people.xlsx", "damaged"),
        (b"\x89PNG\0\1\2\3\0\0\0\0abc\0\0", "people.csv", "neither"),
        (b'a,"' + b"x" * 200_000, "people.csv", "quotation mark"),
    ],
)
def test_what_is_no_list_is_refused_at_the_field(site, client, content, name, sentence):
    response = upload(client, content, name=name)
    assert sentence in errors(response) and not SubscriberImport.objects.exists()
    assert CONSENT in response.content.decode()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(site, client, settings, monkeypatch):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "IMPORT_MAX_BYTES": 1000}
    monkeypatch.setattr(imports, "upload", None)
    assert "larger than 0.001 MB" in errors(upload(client, "x" * 1001))


def test_too_many_rows_are_refused_with_the_limit(site, client, settings, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 2)
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "IMPORT_MAX_ROWS": 8}
    found = checked(client, "\n".join(f"06123456{place:02d}" for place in range(20)))
    assert found.status == ImportStatus.REFUSED and "more than 8 rows" in found.refusal
    shown = client.get(reverse(PAGE, args=[found.pk])).content.decode()
    assert "more than 8 rows" in shown and "stays imported" not in shown
    confirm(client, found)
    assert not numbers(site)


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(site, client, monkeypatch):
    monkeypatch.setattr(import_file, "LARGEST_SHEET", 100_000)
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    assert "too large once it is unpacked" in errors(upload(client, output.getvalue(), name="people.xlsx"))


@pytest.mark.parametrize("missing", ["consent", "agreed"])
def test_consent_is_demanded(site, client, missing):
    response = upload(client, "0612345601", **{missing: ""})
    assert missing in response.context["form"].errors and not SubscriberImport.objects.exists()


def test_one_column_can_not_be_two_things(site, client):
    upload(client, "0612345601,fr")
    found = SubscriberImport.objects.get()
    response = client.post(reverse(COLUMNS, args=[found.pk]), {"number": 0, "language": 0})
    assert "Choose another column for each." in response.content.decode()


def test_only_the_owner_of_a_file_goes_on_with_it(site, other_site, client, editor):
    found = checked(client, "0612345601")
    colleague = signed_in(make_editor("Olga", site, "import_subscriber", "view_full_numbers_subscriber"))
    for name in (COLUMNS, PAGE, "wagtail_sms:subscribers_import_state", "wagtail_sms:subscribers_import_problems"):
        assert colleague.get(reverse(name, args=[found.pk])).status_code == 404
    assert colleague.post(reverse(PAGE, args=[found.pk])).status_code == 404
    SubscriberImport.objects.filter(pk=found.pk).update(site=other_site)
    assert client.post(reverse(PAGE, args=[found.pk])).status_code == 404
    assert not numbers(site) and not numbers(other_site)


def test_without_the_right_there_is_no_import(site):
    viewer = signed_in(make_editor("Vera", site, "view_subscriber", "change_subscriber", "export_subscriber"))
    masked = signed_in(make_editor("Mila", site, "view_subscriber", "import_subscriber"))
    assert "Import subscribers" not in masked.get(reverse("wagtail_sms:subscribers")).content.decode()
    for client in (viewer, masked):
        assert client.get(reverse(UPLOAD)).status_code == 302
        assert upload(client, "0612345601").status_code == 302
    assert upload(viewer, "0612345601").status_code == 302
    assert "/login/" in upload(Client(), "0612345601").url
    assert not SubscriberImport.objects.exists()


def test_the_list_leads_to_the_import(site, client):
    assert "Import subscribers" in client.get(reverse("wagtail_sms:subscribers")).content.decode()


def test_unusable_rows_can_be_downloaded(site, client):
    found = checked(client, "0612345601\nhello")
    content = client.get(reverse("wagtail_sms:subscribers_import_problems", args=[found.pk])).content.decode()
    assert "2,This is not a phone number." in content and "hello" not in content


def test_files_that_nobody_went_on_with_are_deleted(site, client):
    found = checked(client, "0612345601")
    imports.forget()
    assert SubscriberImport.objects.exists()
    imports.forget(now=found.created_at + imports.KEPT)
    assert not SubscriberImport.objects.exists()


def test_nobody_imports_into_another_site(site, other_site, client):
    assert upload(client, "0612345601", sms_site=other_site.pk).status_code == 302
    assert not SubscriberImport.objects.exists()
