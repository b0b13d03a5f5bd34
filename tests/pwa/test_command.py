from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_site
from tests.pwa.builds import build_pwa, set_up_pwa
from wagtail_sms.pwa.builder import current_build, serves_sms
from wagtail_sms.pwa.models import PwaBuild


def run(*arguments):
    said, complained = StringIO(), StringIO()
    try:
        call_command("sms_build_pwa", *arguments, stdout=said, stderr=complained)
    except CommandError as error:
        return str(error) + complained.getvalue()
    return said.getvalue()


def test_unchanged_sites_keep_their_build(site):
    build_pwa(site)
    assert "already up to date" in run()
    assert PwaBuild.objects.count() == 1


def test_changed_sites_are_rebuilt_with_their_features(site):
    build_pwa(site, features={})
    assert "build 2-" in run()
    assert serves_sms(site)


def test_force_rebuilds_everything(site):
    build_pwa(site)
    assert "made" in run("--force")
    assert current_build(site).number == 2


def test_site_without_a_pwa_is_left_alone_until_it_is_named(db):
    site = make_site()
    set_up_pwa(site)
    assert "No site has a PWA yet" in run()
    assert "build 1-" in run("--site", "localhost")


def test_refused_build_fails_the_command_and_says_why(db):
    site = make_site()
    set_up_pwa(site, icon=None)
    assert "Choose an icon" in run("--site", "localhost")
    assert current_build(site) is None


@pytest.mark.parametrize("name", ["nobody.example", "localhost:9"])
def test_unknown_site_is_an_error(db, name):
    make_site()
    assert "0 sites answer" in run("--site", name)
