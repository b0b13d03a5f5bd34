from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_site
from tests.pwa.builds import build_pwa, set_up_pwa
from wagtail_sms.pwa.builder import current_build, serves_sms
from wagtail_sms.pwa.history import put_back, switch_off
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


def test_all_sites_get_their_first_build_where_somebody_chose_an_icon(db):
    ready, empty = make_site(), make_site("empty.example", name="Leer")
    set_up_pwa(ready)
    assert "build 1-" in run("--all-sites", "--if-changed")
    assert current_build(ready).number == 1
    assert current_build(empty) is None


def test_what_somebody_put_back_or_switched_off_survives_a_deployment(db):
    site, other = make_site(), make_site("other.example", name="Atelier Sud")
    first = build_pwa(site, features={})
    build_pwa(site, features={}, theme_colour="#402060")
    build_pwa(other, features={})
    put_back(first, features={})
    switch_off(other)
    said = run("--all-sites")
    assert "was put back in the admin and stays" in said
    assert "switched off in the admin" in said
    assert (current_build(site), current_build(other)) == (first, None)
    assert "build 3-" in run("--site", "localhost", "--force")
    assert "build 2-" in run("--site", "other.example", "--force")


@pytest.mark.parametrize("both", [["--force", "--if-changed"], ["--all-sites", "--site", "localhost"]])
def test_options_that_exclude_each_other_are_an_error(db, both):
    assert "not allowed with argument" in run(*both)
