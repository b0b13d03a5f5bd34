"""Rights: for all sites, for one site, for none."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.urls import reverse
from wagtail.models import GroupSitePermission

from tests.admin.conftest import make_editor, permission, signed_in
from wagtail_sms.admin.access import EDITOR_RIGHTS, may, rights_to_give


def test_a_right_on_one_site_says_nothing_about_another(site, other_site):
    editor = make_editor("sven", other_site, "send_campaign")
    assert may(editor, other_site, "send_campaign")
    assert not may(editor, site, "send_campaign")
    assert not may(editor, other_site, "delete_subscriber")


def test_a_right_without_a_site_holds_on_every_site(site, other_site):
    user = User.objects.create_user("greta")
    user.user_permissions.add(permission("send_campaign"))
    assert may(user, site, "send_campaign")
    assert may(user, other_site, "send_campaign")


def test_any_of_several_rights_is_enough(site):
    editor = make_editor("sven", site, "view_campaign")
    assert may(editor, site, "send_campaign", "view_campaign")


def test_superusers_may_everything_and_strangers_nothing(site, superuser):
    assert may(superuser, site, "install_extension")
    assert not may(AnonymousUser(), site, "send_campaign")


def test_somebody_switched_off_may_nothing(site):
    editor = make_editor("sven", site)
    User.objects.filter(pk=editor.pk).update(is_active=False)
    assert not may(User.objects.get(pk=editor.pk), site, "send_campaign")


def test_every_right_exists_as_a_permission(db):
    assert set(rights_to_give(EDITOR_RIGHTS).values_list("codename", flat=True)) == set(EDITOR_RIGHTS)


@pytest.fixture
def group_form(site, other_site, superuser):
    """Posts the group form of Wagtail with these boxes ticked for the second site."""
    group, client = Group.objects.create(name="South"), signed_in(superuser)
    url = reverse("wagtailusers_groups:edit", args=[group.pk])

    def post(*codenames):
        empty = ("page_permissions", "document_permissions", "image_permissions", "collection_permissions")
        panels = {f"{name}-{field}": 0 for name in empty for field in ("TOTAL_FORMS", "INITIAL_FORMS")}
        data = {"name": "South", f"wagtail_sms_site_rights-site_{other_site.pk}": codenames, **panels}
        assert client.post(url, data).status_code == 302
        rows = GroupSitePermission.objects.filter(group=group)
        return set(rows.values_list("site_id", "permission__codename"))

    post.page = lambda: client.get(url).content.decode()
    return post


def test_the_group_form_gives_and_takes_rights_on_one_site(group_form, other_site):
    assert group_form("send_campaign", "view_wallet") == {
        (other_site.pk, "send_campaign"),
        (other_site.pk, "view_wallet"),
    }
    assert group_form("view_wallet") == {(other_site.pk, "view_wallet")}
    assert group_form() == set()


def test_the_group_form_shows_every_site_and_right(group_form):
    page = group_form.page()
    assert "Halle Nord" in page
    assert "Atelier Sud" in page
    assert "See full phone numbers" in page
