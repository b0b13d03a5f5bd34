"""Publish > PWA: settings, the present build, and the rebuild button."""

import json

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
    return {**data, "icon": settings.icon_id or "", "shortcuts-count": 0, "sms_site": site.pk, **changed}


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


def post(client, site, name, *args) -> str:
    answer = client.post(f"{reverse(f'wagtail_sms:{name}', args=args)}?sms_site={site.pk}", follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def change(site, **changed) -> None:
    PwaSettings.objects.filter(site=site).update(**changed)


def test_the_page_says_in_words_what_changed_and_what_each_build_did(client, ready_site):
    rebuild(client, ready_site)
    change(ready_site, name="Halle am Park")
    assert "Name: “Halle Neu” → “Halle am Park”" in page_of(client, ready_site)
    rebuild(client, ready_site)
    page = page_of(client, ready_site)
    assert "Settings changed" not in page
    assert "The first build" in page
    assert "Name: “Halle Neu” → “Halle am Park”" in page


def test_an_earlier_build_is_put_back_with_one_press(client, ready_site):
    rebuild(client, ready_site)
    change(ready_site, name="Halle am Park")
    rebuild(client, ready_site)
    first = PwaBuild.objects.get(number=1)
    assert "Build 1 is served again" in post(client, ready_site, "pwa_put_back", first.pk)
    assert current_build(ready_site) == first
    page = page_of(client, ready_site)
    assert "Build 1 was put back, so visitors don" in page
    assert "Name: “Halle Neu” → “Halle am Park”" in page


def test_a_build_with_the_popup_is_not_put_back_after_uninstalling(client, ready_site, superuser):
    refresh()
    rebuild(client, ready_site)
    extension.install(ready_site, by=superuser)
    rebuild(client, ready_site)
    extension.uninstall(ready_site)
    rebuild(client, ready_site)
    second = PwaBuild.objects.get(number=2)
    assert "not installed any more" in page_of(client, ready_site)
    assert "not installed any more" in post(client, ready_site, "pwa_put_back", second.pk)
    assert current_build(ready_site).number == 3


def test_the_kill_switch_explains_asks_and_can_be_undone(client, ready_site):
    assert "no PWA that could be switched off" in post(client, ready_site, "pwa_off")
    rebuild(client, ready_site)
    asked = client.get(reverse("wagtail_sms:pwa_off"), {"sms_site": ready_site.pk}).content.decode()
    assert "Switch off the PWA of Halle Neu?" in asked
    assert "You can put build 1 back at any time" in asked
    assert current_build(ready_site) is not None
    assert "Build 1 can be put back" in post(client, ready_site, "pwa_off")
    assert current_build(ready_site) is None
    assert "The PWA of Halle Neu is switched off" in page_of(client, ready_site)
    post(client, ready_site, "pwa_put_back", PwaBuild.objects.get().pk)
    assert current_build(ready_site).number == 1


@pytest.mark.parametrize("right", ["change_pwasettings", None])
def test_who_may_not_rebuild_neither_puts_back_nor_switches_off(ready_site, south_editor, client, right):
    rebuild(client, ready_site)
    rebuild(client, ready_site, force="1")
    editor = signed_in(make_editor("eva", ready_site, right) if right else south_editor)
    post(editor, ready_site, "pwa_put_back", PwaBuild.objects.get(number=1).pk)
    post(editor, ready_site, "pwa_off")
    assert current_build(ready_site).number == 2


def test_a_build_of_another_site_is_not_found(client, ready_site, other_site):
    rebuild(client, ready_site)
    build = PwaBuild.objects.get(site=ready_site)
    path = reverse("wagtail_sms:pwa_put_back", args=[build.pk])
    assert client.post(f"{path}?sms_site={other_site.pk}").status_code == 404


def test_a_picture_that_is_too_small_is_refused_at_its_field(client, ready_site):
    answer = client.post(reverse("wagtail_sms:pwa"), form(ready_site, icon=make_picture(200).pk))
    assert "200 × 200 pixels" in str(answer.context["form"].errors["icon"])
    answer = client.post(reverse("wagtail_sms:pwa"), form(ready_site, screenshot_wide=make_picture(200).pk))
    assert "320 pixels or more" in str(answer.context["form"].errors["screenshot_wide"])


def test_shortcuts_are_chosen_pages_of_the_site(client, ready_site):
    shortcut = {"deleted": "", "order": "0", "type": "shortcut", "id": "", "value-name": "Tonight"}
    sent = {f"shortcuts-0-{name}": value for name, value in shortcut.items()}
    sent |= {"shortcuts-count": 1, "shortcuts-0-value-page": ready_site.root_page_id}
    client.post(reverse("wagtail_sms:pwa"), form(ready_site, **sent))
    rebuild(client, ready_site)
    file = current_build(ready_site).files.get(name="manifest.json")
    assert json.loads(bytes(file.body))["shortcuts"] == [{"name": "Tonight", "url": "/"}]


def test_the_site_history_leads_to_the_pwa(client, ready_site):
    rebuild(client, ready_site)
    shown = client.get(reverse("wagtailadmin_reports:site_history")).content.decode()
    assert "PWA rebuilt: build 1" in shown
    assert reverse("wagtail_sms:pwa") in shown
