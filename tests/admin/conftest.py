"""Editors with rights on single sites, and sites with a PWA."""

import io

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.images import ImageFile
from django.test import Client
from PIL import Image as Picture
from wagtail.images import get_image_model
from wagtail.models import GroupSitePermission

from tests import factories
from wagtail_sms.admin.access import EDITOR_RIGHTS
from wagtail_sms.pwa.models import PwaBuild, PwaSettings


# The popup's rules as the settings form sends them.
RULES = {
    "confirmation": "off",
    "popup_after_seconds": 3,
    "popup_from_visit": 1,
    "popup_audience": "mobile",
    "popup_never_on": "",
}


def permission(codename: str) -> Permission:
    label = "wagtailadmin" if codename == "access_admin" else "wagtail_sms"
    return Permission.objects.get(codename=codename, content_type__app_label=label)


def make_editor(name: str, site, *rights: str) -> User:
    """Somebody who may do this on one site and nothing anywhere else; every right when none is named."""
    user, group = User.objects.create_user(name, password="secret"), Group.objects.create(name=name)
    user.groups.add(group)
    group.permissions.add(permission("access_admin"))
    for right in rights or EDITOR_RIGHTS:
        GroupSitePermission.objects.create(group=group, site=site, permission=permission(right))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_build(site, **features) -> PwaBuild:
    """A build as far as the admin looks at it: which number it has and what is in it."""
    return PwaBuild.objects.create(
        site=site,
        number=1,
        build_id="1-abc",
        inputs_hash="abc",
        features=features,
        is_current=True,
        package_version="0",
    )


def make_picture(side: int = 600):
    drawn = io.BytesIO()
    Picture.new("RGB", (side, side), "#1a6b54").save(drawn, "PNG")
    return get_image_model().objects.create(title="Icon", file=ImageFile(io.BytesIO(drawn.getvalue()), "icon.png"))


@pytest.fixture
def bare_site(db):
    """A site that never installed anything and has no PWA."""
    return factories.make_site("bare.example", name="Halle Neu")


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("ada", "ada@example.org", "secret", first_name="Ada", last_name="Lindqvist")


@pytest.fixture
def ready_site(bare_site):
    """A site whose PWA settings are good enough for a build."""
    PwaSettings.objects.create(site=bare_site, name="Halle Neu", short_name="Halle", icon=make_picture())
    return bare_site


@pytest.fixture
def south_editor(site, other_site) -> User:
    """May do everything on the second site and nothing on the first."""
    return make_editor("sven", other_site)
