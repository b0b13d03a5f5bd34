import pytest

from tests.factories import make_site
from tests.senders.test_provisioning import site_with_pwa
from wagtail_sms import extension
from wagtail_sms.credits import ledger
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.senders.models import SenderNumber


pytestmark = pytest.mark.django_db


def test_installing_is_free_gives_500_credits_and_asks_for_a_number():
    site = site_with_pwa("localhost")
    extension.install(site)
    balance = ledger.balance(site)
    assert (balance.available, balance.free_left, balance.reserved) == (500, 500, 0)
    assert SenderNumber.objects.get(site=site).country == "US"


def test_installing_again_or_after_an_uninstall_gives_no_second_grant():
    site = site_with_pwa("localhost")
    extension.install(site)
    extension.install(site)
    extension.uninstall(site)
    assert not extension.is_installed(site)
    extension.install(site)
    assert extension.is_installed(site)
    assert ledger.balance(site).available == 500


def test_installing_one_site_changes_no_other():
    other = make_site("other.example")
    extension.install(site_with_pwa("localhost"))
    assert not extension.is_installed(other)
    assert extension.features_for(other) == {}


def test_the_popups_countries_are_those_with_a_rate():
    site = site_with_pwa("localhost")
    extension.install(site)
    refresh()
    countries = dict(extension.features_for(site)["sms"]["countries"])
    assert countries["FR"] == "33"
    assert "KP" not in countries
