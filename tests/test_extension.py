from datetime import UTC, datetime

import pytest

from tests.factories import make_site
from tests.senders.test_provisioning import site_with_pwa
from wagtail_sms import extension
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import GrantKind


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


JUNE, OCTOBER = (datetime(2026, month, 15, tzinfo=UTC) for month in (6, 10))


def free_months(site) -> list[str]:
    return sorted(Grant.objects.filter(wallet__site=site, kind=GrantKind.FREE).values_list("period", flat=True))


@pytest.mark.parametrize(
    ("rolls_over", "months"),
    [(True, ["2026-06", "2026-07", "2026-08", "2027-08", "2027-09"]), (False, ["2026-06", "2027-08", "2027-09"])],
)
def test_months_without_the_feature_bring_no_free_credits_afterwards(settings, rolls_over, months):
    """From August until August it was uninstalled; in July 2026 nobody looked."""
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "FREE_CREDITS_ROLL_OVER": rolls_over}
    site = site_with_pwa("localhost")
    extension.install(site, now=JUNE)
    extension.uninstall(site, now=datetime(2026, 8, 3, tzinfo=UTC))
    extension.give_monthly_credits(now=OCTOBER)
    extension.install(site, now=datetime(2027, 8, 20, tzinfo=UTC))
    extension.give_monthly_credits(now=datetime(2027, 9, 1, tzinfo=UTC))
    assert free_months(site) == months
    assert ledger.audit(now=datetime(2027, 9, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("rolls_over", [True, False])
def test_credits_that_move_while_it_is_uninstalled_bring_no_free_ones_along(settings, rolls_over):
    """An operator gives and takes, a waiting welcome text is paid: the calendar stands still all the same."""
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "FREE_CREDITS_ROLL_OVER": rolls_over}
    site = site_with_pwa("localhost")
    extension.install(site, now=JUNE)
    extension.uninstall(site, now=JUNE)
    ledger.grant(site, amount=40, kind=GrantKind.ADJUSTMENT, key="gift", now=OCTOBER)
    ledger.take(site, amount=10, key="taken", note="a correction", now=OCTOBER)
    held = ledger.reserve(site, amount=5, key="welcome", purpose="Welcome text", now=OCTOBER)
    ledger.capture(held, amount=5, key="welcome", now=OCTOBER)
    assert ledger.balance(site, now=OCTOBER).available == (500 if rolls_over else 0) + 40 - 10 - 5
    assert ledger.ensure_monthly_grant(site, now=OCTOBER) == 0
    assert free_months(site) == ["2026-06"]
    extension.install(site, now=OCTOBER)
    assert free_months(site) == ["2026-06", "2026-10"]
    assert ledger.audit(now=OCTOBER) == []


def test_a_month_in_which_it_was_uninstalled_for_days_counts_once(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "FREE_CREDITS_ROLL_OVER": True}
    site = site_with_pwa("localhost")
    extension.install(site, now=JUNE)
    extension.uninstall(site, now=JUNE)
    extension.install(site, now=JUNE)
    assert free_months(site) == ["2026-06"]


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
