"""Every address of the admin, asked as every kind of user: the table in rights_rows says what has to come of it."""

import io
import re
import zipfile
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from wagtail.admin.viewsets import viewsets
from wagtail.contrib.settings.registry import registry as settings_registry
from wagtail.models import ModelLogEntry
from wagtail.snippets.models import get_snippet_models

from tests.admin import rights_rows
from tests.admin.conftest import signed_in
from tests.admin.rights_rows import EVERYWHERE, ROWS, named, ways
from tests.admin.rights_world import DUMMY, People, everything_kept, fields_for, hand_over, make_corner, query_for
from wagtail_sms.admin.access import EDITOR_RIGHTS, OPERATOR_RIGHTS
from wagtail_sms.admin.urls import urlpatterns
from wagtail_sms.providers import get_provider


pytestmark = pytest.mark.django_db
FULL = "view_full_numbers_subscriber"
ALL = {*EDITOR_RIGHTS, *OPERATOR_RIGHTS}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Built once: each request of these tests is undone."""
    configured = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": DUMMY}}
    with (
        django_db_blocker.unblock(),
        override_settings(DEBUG=True, WAGTAIL_SMS=configured),
        undone(),
    ):
        here = make_corner("localhost", name="Halle Nord", number="+12015550123", word="Nordlicht", start=100)
        there = make_corner("other.example", name="Atelier Sud", number="+12015550199", word="Suedwind", start=700)
        get_provider().reset()
        people = People()
        for rights, site in everybody(here.site, there.site):
            people.may(rights, site=site)
        people.is_closed = True
        yield here, there, people


@pytest.fixture
def here(world):
    with undone():
        yield world[0]


@pytest.fixture
def there(world):
    return world[1]


@pytest.fixture
def people(world) -> People:
    return world[2]


@pytest.fixture
def superuser(here):
    return signed_in(User.objects.create_superuser("ada", "ada@example.org", "secret"))


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, name: str, corner, *, things=None):
    """One request about `things` (a corner's, else this one's) while working on the corner's site."""
    things = things or corner
    address = reverse(f"wagtail_sms:{name}", args=things.arguments(ROWS[name].given))
    if ROWS[name].given == "import":
        hand_over(client, things.arguments("import"))
    query = {"sms_site": corner.site.pk}
    if name == "dummy_payment" or ROWS[name].where == EVERYWHERE:
        query = {}
    if method == "GET":
        return client.get(address, {**query_for(name, corner), **query})
    return client.post(address, {**fields_for(name, corner), **query})


def outcome(response, name: str = "") -> str:
    if response.status_code == 302:
        if response.url.startswith(reverse("wagtailadmin_login")):
            return "login"
        return "refused" if response.url == reverse("wagtailadmin_home") else "allowed"
    if name == "dummy_payment" and response.status_code == 404:
        return "refused"
    return {200: "allowed", 404: "missing", 405: "no such method"}.get(response.status_code, str(response.status_code))


def without(rights: str) -> list[set[str]]:
    """Everything but what is needed: for each right that all the ways need, all others."""
    needed = set.intersection(*ways(rights))
    return [ALL - {right} for right in sorted(needed)] if needed else [ALL - named(rights)]


def everybody(here, there):
    """(rights, site) of all whom the table needs, so that they are made once."""
    yield from ((set(), None), (ALL, here), (ALL, there), (ALL, None), (ALL - {FULL}, None))
    for row in ROWS.values():
        for rights in filter(None, row.methods.values()):
            for found in (*ways(rights), *without(rights)):
                yield from ((found, None), (found, here))


def test_every_address_has_a_row():
    assert [pattern.name for pattern in urlpatterns] == list(ROWS)


def test_every_right_in_the_table_can_be_given():
    assert {right for row in ROWS.values() for way in (row.look, row.act) if way for right in named(way)} <= ALL


def test_the_document_holds_the_table():
    assert rights_rows.DOCUMENT.read_text(encoding="utf-8") == rights_rows.as_markdown()


@pytest.mark.parametrize("name", ROWS)
def test_whoever_has_not_the_right_is_refused_and_changes_nothing(name, here, there, people):
    row, before = ROWS[name], everything_kept()
    for method, rights in row.methods.items():
        needed = rights or row.look or row.act
        asking = {"no right": people.may(set()), "elsewhere": people.may(ALL, site=there.site)}
        for others in without(needed):
            lacking = " ".join(sorted(ALL - others))
            asking[f"here, but not {lacking}"] = people.may(others, site=here.site)
            asking[f"everywhere, but not {lacking}"] = people.may(others)
        if row.where == EVERYWHERE:
            asking["only here"] = people.may(ALL, site=here.site)
        found = {who: outcome(ask(client, method, name, here), name) for who, client in asking.items()}
        allowed = {"refused"} if rights else {"refused", "no such method"}
        assert set(found.values()) <= allowed, (method, found)
        assert outcome(ask(Client(), method, name, here), name) == "login"
    assert everything_kept() == before


@pytest.mark.parametrize("name", ROWS)
def test_each_way_to_have_the_right_is_enough(name, here, people):
    row = ROWS[name]
    for method, rights in row.methods.items():
        found = {}
        for way in ways(rights or row.look or row.act):
            asking = {"everywhere": people.may(way)}
            if row.where != EVERYWHERE:
                asking["here"] = people.may(way, site=here.site)
            for where, client in asking.items():
                with undone():
                    found[f"{' and '.join(sorted(way))} {where}"] = outcome(ask(client, method, name, here), name)
        assert found == dict.fromkeys(found, "allowed" if rights else "no such method"), method


@pytest.mark.parametrize("name", ROWS)
def test_a_superuser_may_everything_and_a_form_that_is_right_does_something(name, here, superuser):
    row, before = ROWS[name], everything_kept()
    if row.look:
        assert outcome(ask(superuser, "GET", name, here), name) == "allowed"
        after = everything_kept()
        assert (after.pop("ModelLogEntry") != before["ModelLogEntry"]) == row.logged
        assert after.items() <= before.items()
        before = everything_kept()
    if row.act:
        assert outcome(ask(superuser, "POST", name, here), name) == "allowed"
        assert (everything_kept() != before) == row.writes


@pytest.mark.parametrize("name", [name for name in ROWS if name.endswith(("_results", "_progress", "_state"))])
def test_a_part_of_a_page_that_a_script_asks_for_is_forbidden_without_the_right(name, here, people):
    address = reverse(f"wagtail_sms:{name}", args=here.arguments(ROWS[name].given))
    response = people.may(set()).get(address, headers={"x-requested-with": "XMLHttpRequest"})
    assert response.status_code == 403
    assert not told(response, here)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.given and row.where != EVERYWHERE])
def test_what_belongs_to_another_site_is_not_there(name, here, there, superuser, people):
    row, before = ROWS[name], everything_kept()
    if here.arguments(row.given) == there.arguments(row.given):
        return  # a name, no row of a site
    editor = people.may(ALL, site=here.site)
    # A payment page belongs to its purchase, whichever site a buyer of both works on.
    clients = [editor] if name == "dummy_payment" else [editor, superuser]
    for client in clients:
        for method in ("GET", "POST"):
            if row.methods[method]:
                response = ask(client, method, name, here, things=there)
                assert response.status_code == 404
                assert not told(response, there)
    assert everything_kept() == before


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.look and row.where != EVERYWHERE])
def test_no_page_of_a_site_tells_of_another(name, here, there, people):
    response = ask(people.may(ALL, site=here.site), "GET", name, here)
    assert response.status_code in (200, 302)
    assert not told(response, there)


@pytest.mark.parametrize("field", ["draft", "copy", "template"])
def test_the_message_box_begins_with_nothing_of_another_site(field, here, there, superuser):
    of_theirs = {"draft": there.draft.form_token, "copy": there.draft.pk, "template": there.arguments("template")[0]}
    address = reverse("wagtail_sms:send")
    response = superuser.get(address, {"sms_site": here.site.pk, field: of_theirs[field]})
    assert response.status_code == 200
    assert not told(response, there)


def told(response, corner) -> set[str]:
    """What the answer says of this corner: its word, or somebody's number."""
    text = text_of(response)
    digits = re.sub(r"\D", "", text)
    return {number for number in corner.numbers if number in digits} | ({corner.word} if corner.word in text else set())


def text_of(response) -> str:
    body = b"".join(response) if response.streaming else response.content
    if body[:2] == b"PK":
        sheets = zipfile.ZipFile(io.BytesIO(body))
        return " ".join(sheets.read(one).decode("utf-8", "ignore") for one in sheets.namelist())
    return body.decode("utf-8", "ignore")


# Numbers


def numbers_in(text: str, *corners) -> set[str]:
    digits = re.sub(r"\D", "", text)
    return {number for corner in corners for number in corner.numbers if number in digits}


@pytest.fixture
def discreet(here, people):
    """May everything on all sites but see whole numbers."""
    return people.may(ALL - {FULL})


def allowed_without(name: str) -> bool:
    """Whether the address opens also without the right to see whole numbers."""
    row = ROWS[name]
    return any(FULL not in way for way in ways(row.look or row.act))


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.look])
def test_no_page_shows_a_whole_number_without_the_right(name, here, there, discreet):
    response = ask(discreet, "GET", name, here)
    assert outcome(response) == ("allowed" if allowed_without(name) else "refused")
    assert not numbers_in(text_of(response), here, there)


def test_whoever_has_the_right_sees_whole_numbers(here, people):
    seeing = people.may(ALL)
    for name in ("subscribers", "inbox", "subscriber_delete", "inbox_stop"):
        assert numbers_in(text_of(ask(seeing, "GET", name, here)), here)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("name", ["spending", "spending_countries", "spending_campaigns", "subscribers", "inbox"])
def test_no_file_holds_a_whole_number_without_the_right(name, kind, here, there, discreet):
    response = discreet.get(reverse(f"wagtail_sms:{name}"), {"sms_site": here.site.pk, "export": kind})
    assert response.status_code == 200
    assert not numbers_in(text_of(response), here, there)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.act and name != "dummy_payment"])
def test_nothing_done_puts_a_whole_number_into_a_message_or_a_log(name, here, there, discreet):
    known = here.numbers | there.numbers
    response = ask(discreet, "POST", name, here)
    assert outcome(response) == ("allowed" if allowed_without(name) else "refused")
    shown = text_of(response)
    if response.status_code == 302 and response.url.startswith("/"):
        shown += text_of(discreet.get(response.url, follow=True))
    shown += text_of(discreet.get(reverse("wagtailadmin_reports:site_history")))
    for entry in ModelLogEntry.objects.all():
        shown += f" {entry.label} {entry.data} {entry.message} {entry.comment} "
    digits = re.sub(r"\D", "", shown)
    assert not {number for number in known if number in digits}


# Wagtail's own places


@pytest.mark.parametrize("where", ["wagtailadmin_home", "wagtailadmin_reports:site_history"])
def test_wagtails_own_pages_tell_somebody_of_one_site_nothing_of_another(where, here, there, superuser, people):
    for name in ("subscriber_toggle", "campaign_pause", "credits_threshold", "unschedule", "inbox_leave"):
        ask(superuser, "POST", name, there)
    response = people.may(ALL, site=here.site).get(reverse(where), follow=True)
    assert response.status_code == 200
    assert not told(response, there)
    assert there.site.site_name not in text_of(response)


def test_nothing_of_the_feature_is_in_wagtails_snippets_choosers_and_settings(here):
    of_viewsets = [getattr(viewset, "model", None) for viewset in viewsets.viewsets]
    registered = [*get_snippet_models(), *settings_registry, *of_viewsets]
    models = [model for model in registered if isinstance(model, type)]
    assert models and not [model for model in models if model._meta.app_label == "wagtail_sms"]
