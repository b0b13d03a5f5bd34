"""The menu: there when there is something behind it."""

import pytest
from django.test import RequestFactory
from django.urls import reverse
from wagtail.admin.menu import admin_menu

from tests.admin.conftest import make_build, make_editor, signed_in
from wagtail_sms import extension


@pytest.fixture
def menu():
    """The names of the menu's items as somebody sees them; those of a submenu after a slash."""

    def names(user, host: str = "testserver") -> set[str]:
        request = RequestFactory().get("/admin/", SERVER_NAME=host)
        request.user, request.session = user, {}
        found = set()
        for item in admin_menu.menu_items_for_request(request):
            found.add(item.name)
            if hasattr(item, "menu"):
                found |= {f"{item.name}/{child.name}" for child in item.menu.menu_items_for_request(request)}
        return found

    return names


def test_the_menu_comes_with_the_installation_and_goes_with_it(bare_site, superuser, menu):
    make_build(bare_site)
    assert "notifications" not in menu(superuser, host="bare.example")
    extension.install(bare_site, by=superuser)
    assert {"notifications", "notifications/sms"} <= menu(superuser, host="bare.example")
    extension.uninstall(bare_site)
    assert "notifications" not in menu(superuser, host="bare.example")


def test_the_menu_is_there_on_the_site_that_has_the_feature_and_not_on_the_other(site, bare_site, superuser, menu):
    assert "notifications/sms" in menu(superuser, host="localhost")
    assert "notifications/sms" not in menu(superuser, host="bare.example")


def test_the_pwa_and_the_extensions_are_there_before_any_installation(bare_site, superuser, menu):
    assert {"publish", "publish/pwa", "extensions"} <= menu(superuser)


@pytest.mark.parametrize(
    ("right", "seen"),
    [
        ("send_campaign", {"notifications", "notifications/sms"}),
        ("rebuild_pwa", {"publish", "publish/pwa"}),
        ("install_extension", {"extensions"}),
    ],
)
def test_each_sees_only_what_they_may_open(site, menu, right, seen):
    ours = {"notifications", "notifications/sms", "publish", "publish/pwa", "extensions"}
    assert menu(make_editor("eva", site, right)) & ours == seen


@pytest.mark.parametrize(
    ("right", "first"),
    [("send_campaign", "send"), ("view_wallet", "credits"), ("change_smssettings", "settings")],
)
def test_the_section_opens_at_the_first_tab_one_may_open(site, right, first):
    client = signed_in(make_editor("eva", site, right))
    assert client.get(reverse("wagtail_sms:index")).url == reverse(f"wagtail_sms:{first}")


def test_the_tabs_are_those_one_may_open_and_say_where_one_is(site):
    client = signed_in(make_editor("eva", site, "change_smssettings", "view_wallet"))
    answer = client.get(reverse("wagtail_sms:settings"))
    assert [tab.name for tab in answer.context["sms_tabs"]] == ["credits", "settings"]
    page = answer.content.decode()
    assert page.count('aria-current="page"') == 1
    assert f'href="{reverse("wagtail_sms:settings")}" aria-current="page"' in page


def test_a_tab_one_may_not_open_is_refused(site):
    client = signed_in(make_editor("eva", site, "view_wallet"))
    assert client.get(reverse("wagtail_sms:settings")).url == reverse("wagtailadmin_home")
