"""One site at a time: which one it is, switching, and never another's."""

import pytest
from django.urls import reverse
from wagtail.models import Site

from tests import factories
from tests.admin.conftest import RULES, make_editor, signed_in
from wagtail_sms.admin.sites import for_site
from wagtail_sms.extension import uninstall
from wagtail_sms.subscribers.settings import SmsSettings


PAGES = ("send", "subscribers", "history", "credits", "settings", "extensions", "pwa")


def site_of(client, name: str = "settings") -> Site:
    return client.get(reverse(f"wagtail_sms:{name}")).context["sms_site"]


def switch(client, site, **more):
    return client.post(reverse("wagtail_sms:switch_site"), {"site": site.pk, **more})


def test_the_site_of_the_host_is_the_current_one(site, other_site, superuser):
    client = signed_in(superuser)
    assert client.get(reverse("wagtail_sms:settings"), SERVER_NAME="other.example").context["sms_site"] == other_site
    assert client.get(reverse("wagtail_sms:settings"), SERVER_NAME="localhost").context["sms_site"] == site


def test_switching_lasts_until_the_next_switch(site, other_site, superuser):
    client = signed_in(superuser)
    switch(client, other_site)
    assert site_of(client) == other_site
    assert site_of(client, "pwa") == other_site
    switch(client, site)
    assert site_of(client) == site


def test_switching_needs_a_post(site, other_site, superuser):
    client = signed_in(superuser)
    assert client.get(reverse("wagtail_sms:switch_site"), {"site": other_site.pk}).status_code == 405


def test_a_link_to_a_page_of_a_site_leads_on_to_that_site(site, other_site, superuser):
    client = signed_in(superuser)
    switch(client, site)
    client.get(reverse("wagtail_sms:pwa"), {"sms_site": other_site.pk})
    assert site_of(client) == other_site


def test_switching_never_leads_off_the_admin(site, other_site, superuser):
    answer = switch(signed_in(superuser), other_site, next="https://evil.example/")
    assert answer.url == reverse("wagtail_sms:index")


@pytest.mark.parametrize("name", PAGES)
def test_an_editor_of_the_second_site_never_sees_the_first(site, south_editor, other_site, name):
    client = signed_in(south_editor)
    answer = client.get(reverse(f"wagtail_sms:{name}"), SERVER_NAME="localhost")
    assert answer.status_code == 200
    assert answer.context["sms_site"] == other_site
    assert "Halle Nord" not in answer.content.decode()


def test_an_editor_of_the_second_site_cannot_switch_to_the_first(site, south_editor, other_site):
    client = signed_in(south_editor)
    assert switch(client, site).url == reverse("wagtailadmin_home")
    assert site_of(client) == other_site


@pytest.mark.parametrize("wrong", ["", "0", "99999", "x", "1' OR 1=1"])
def test_switching_to_no_site_is_refused(site, superuser, wrong):
    answer = signed_in(superuser).post(reverse("wagtail_sms:switch_site"), {"site": wrong})
    assert answer.url == reverse("wagtailadmin_home")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_another_site_is_refused_by_its_id(site, south_editor, name):
    client = signed_in(south_editor)
    answer = client.get(reverse(f"wagtail_sms:{name}"), {"sms_site": site.pk})
    assert answer.status_code == 302
    assert answer.url == reverse("wagtailadmin_home")


@pytest.mark.parametrize("name", ["settings", "pwa", "extension_install", "extension_uninstall", "pwa_rebuild"])
def test_a_form_for_another_site_is_refused(site, south_editor, name):
    answer = signed_in(south_editor).post(reverse(f"wagtail_sms:{name}"), {"sms_site": site.pk, "brand": "Taken"})
    assert answer.url == reverse("wagtailadmin_home")
    assert not SmsSettings.objects.filter(brand="Taken").exists()


def test_a_form_changes_the_site_it_was_drawn_for_after_a_switch_elsewhere(site, other_site, superuser):
    client = signed_in(superuser)
    switch(client, site)
    data = {"sms_site": site.pk, "brand": "Halle", "frequency": "weekly", "popup_after_actions": 5, **RULES}
    switch(client, other_site)
    answer = client.post(reverse("wagtail_sms:settings"), data)
    assert answer.url == for_site(reverse("wagtail_sms:settings"), site)
    assert SmsSettings.for_site(site).brand == "Halle"
    assert SmsSettings.for_site(other_site).brand == "Atelier Sud"


@pytest.mark.parametrize(
    ("name", "page"),
    [("extension_install", "extensions"), ("extension_uninstall", "extensions"), ("pwa_rebuild", "pwa")],
)
def test_a_button_leads_back_to_its_own_site_after_a_switch_elsewhere(site, other_site, superuser, name, page):
    client = signed_in(superuser)
    switch(client, other_site)
    answer = client.post(reverse(f"wagtail_sms:{name}"), {"sms_site": site.pk}, follow=True)
    assert answer.redirect_chain == [(for_site(reverse(f"wagtail_sms:{page}"), site), 302)]
    assert answer.context["sms_site"] == site


def test_a_site_without_the_feature_leads_those_who_may_install_it_to_the_extensions(bare_site, superuser):
    answer = signed_in(superuser).get(reverse("wagtail_sms:settings"), SERVER_NAME="bare.example")
    assert answer.url == for_site(reverse("wagtail_sms:extensions"), bare_site)


def test_an_editor_of_two_sites_is_not_stuck_on_the_one_without_the_feature(site, bare_site):
    editor = make_editor("eva", bare_site, "send_campaign")
    other = make_editor("two", site, "send_campaign")
    editor.groups.add(*other.groups.all())
    client = signed_in(editor)
    switch(client, bare_site)
    answer = client.get(reverse("wagtail_sms:send"))
    assert answer.status_code == 200
    assert answer.context["sms_site"] == site


def test_without_the_feature_anywhere_an_editor_is_refused(site):
    editor = make_editor("eva", site, "send_campaign")
    uninstall(site)
    assert signed_in(editor).get(reverse("wagtail_sms:send")).url == reverse("wagtailadmin_home")


def test_strangers_are_sent_to_the_login(site, client):
    for name in PAGES:
        assert client.get(reverse(f"wagtail_sms:{name}")).url.startswith(reverse("wagtailadmin_login"))


def test_the_switcher_offers_only_sites_the_editor_may_open(site, other_site, south_editor, superuser):
    def labels(user):
        return [name for _pk, name in signed_in(user).get(reverse("wagtail_sms:pwa")).context["sms_sites"]]

    assert labels(south_editor) == ["Atelier Sud"]
    assert sorted(labels(superuser)) == ["Atelier Sud", "Halle Nord"]


def test_a_site_without_a_name_is_called_by_its_host(superuser, db):
    Site.objects.filter(pk=factories.make_site("nameless.example").pk).update(site_name="")
    answer = signed_in(superuser).get(reverse("wagtail_sms:extensions"), SERVER_NAME="nameless.example")
    assert "Not installed on nameless.example" in answer.content.decode()
