"""Publish > PWA: settings, the present build, and the rebuild button."""

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_build, make_editor, make_picture, signed_in
from wagtail_sms import extension
from wagtail_sms.admin.sites import for_site
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.pwa.builder import current_build
from wagtail_sms.pwa.models import PwaBuild, PwaSettings


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


def page_of(client, site) -> str:
    return client.get(reverse("wagtail_sms:pwa"), {"sms_site": site.pk}).content.decode()


def rebuild(client, site, **data) -> str:
    answer = client.post(f"{reverse('wagtail_sms:pwa_rebuild')}?sms_site={site.pk}", data, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def form(site, **changed) -> dict:
    settings = PwaSettings.for_site(site)
    kept = ("name", "short_name", "description", "theme_colour", "background_colour", "display", "start_url", "lang")
    data = {field: getattr(settings, field) for field in (*kept, "offline_title", "offline_text")}
    return {**data, "icon": settings.icon_id or "", "sms_site": site.pk, **changed}


def test_saving_leads_back_to_the_site_of_the_form_after_a_switch_elsewhere(client, site, other_site):
    data = form(site, name="Halle", short_name="Halle", icon=make_picture().pk)
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    assert client.post(reverse("wagtail_sms:pwa"), data).url == for_site(reverse("wagtail_sms:pwa"), site)


def test_a_site_without_a_pwa_is_told_what_to_do(client, bare_site):
    page = page_of(client, bare_site)
    assert "Halle Neu has no PWA yet" in page
    assert reverse("wagtail_sms:pwa_rebuild") in page


def test_the_button_makes_the_first_build(client, ready_site, superuser):
    assert "Build 1 is ready" in rebuild(client, ready_site)
    build = current_build(ready_site)
    assert (build.number, build.created_by) == (1, superuser)
    page = page_of(client, ready_site)
    assert "Build 1" in page
    assert "by Ada Lindqvist" in page
    assert "Without the SMS popup" in page


def test_an_incomplete_pwa_is_refused_with_every_problem_and_nothing_changes(client, bare_site):
    make_build(bare_site)
    PwaSettings.objects.update_or_create(site=bare_site, defaults={"start_url": "elsewhere"})
    said = rebuild(client, bare_site)
    assert "Nothing was built" in said
    assert said.count("<li>") == 2
    assert PwaBuild.objects.filter(site=bare_site).count() == 1


def test_the_same_settings_are_already_up_to_date_and_can_be_built_anyway(client, ready_site):
    rebuild(client, ready_site)
    assert "Rebuild anyway" in page_of(client, ready_site)
    assert "Already up to date: build 1" in rebuild(client, ready_site)
    assert PwaBuild.objects.count() == 1
    assert "Build 2 is ready" in rebuild(client, ready_site, force="1")


def test_changed_settings_wait_for_the_rebuild_and_the_page_says_so(client, ready_site):
    rebuild(client, ready_site)
    client.post(reverse("wagtail_sms:pwa"), form(ready_site, name="Halle am Park"))
    assert PwaSettings.for_site(ready_site).name == "Halle am Park"
    assert "Settings changed since build 1" in page_of(client, ready_site)
    rebuild(client, ready_site)
    assert "Settings changed" not in page_of(client, ready_site)


def test_installing_asks_for_a_rebuild_and_the_build_then_has_the_popup(client, ready_site, superuser):
    refresh()
    rebuild(client, ready_site)
    extension.install(ready_site, by=superuser)
    assert "SMS notifications were installed after build 1" in page_of(client, ready_site)
    rebuild(client, ready_site)
    page = page_of(client, ready_site)
    assert "With the SMS popup" in page
    assert "sms" in current_build(ready_site).features
    extension.uninstall(ready_site)
    assert "SMS notifications were uninstalled after build 2" in page_of(client, ready_site)


def test_a_mistake_is_shown_at_its_field_and_nothing_is_saved(client, ready_site):
    answer = client.post(reverse("wagtail_sms:pwa"), form(ready_site, theme_colour="green"))
    assert answer.status_code == 200
    assert "six hexadecimal digits" in str(answer.context["form"].errors["theme_colour"])
    assert PwaSettings.for_site(ready_site).theme_colour != "green"


def test_who_may_only_rebuild_sees_no_form_and_saves_nothing(ready_site):
    client = signed_in(make_editor("eva", ready_site, "rebuild_pwa"))
    assert 'name="theme_colour"' not in page_of(client, ready_site)
    client.post(reverse("wagtail_sms:pwa"), form(ready_site, name="Taken"))
    assert PwaSettings.for_site(ready_site).name == "Halle Neu"
    assert "Build 1 is ready" in rebuild(client, ready_site)


def test_who_may_only_change_settings_gets_no_button(ready_site):
    client = signed_in(make_editor("eva", ready_site, "change_pwasettings"))
    assert reverse("wagtail_sms:pwa_rebuild") not in page_of(client, ready_site)
    rebuild(client, ready_site)
    assert current_build(ready_site) is None


def test_another_sites_pwa_is_neither_changed_nor_rebuilt(ready_site, south_editor):
    client = signed_in(south_editor)
    client.post(reverse("wagtail_sms:pwa"), form(ready_site, name="Taken"))
    rebuild(client, ready_site)
    assert PwaSettings.for_site(ready_site).name == "Halle Neu"
    assert current_build(ready_site) is None


def test_a_link_rebuilds_nothing(client, ready_site):
    assert client.get(reverse("wagtail_sms:pwa_rebuild"), {"sms_site": ready_site.pk}).status_code == 405
    assert current_build(ready_site) is None


def test_a_rebuild_is_logged_once_with_its_number(client, ready_site, superuser):
    rebuild(client, ready_site)
    rebuild(client, ready_site)
    entry = ModelLogEntry.objects.get(action="wagtail_sms.pwa_rebuild")
    assert (entry.user, entry.data) == (superuser, {"number": 1})
