"""`sms_refresh_prices`: what an operator without the admin does with prices."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from wagtail_sms.exceptions import ProviderUnavailable
from wagtail_sms.pricing.cards import credits_by_country, current_card, refresh
from wagtail_sms.pricing.models import PriceList


pytestmark = pytest.mark.django_db
NORMAL = {"FR": "0.05", "DE": "0.08", "PT": "0.04"}


@pytest.fixture(autouse=True)
def card(provider):
    provider.prices = dict(NORMAL)
    return refresh()


def said(*options) -> str:
    out = StringIO()
    call_command("sms_refresh_prices", *options, stdout=out)
    return out.getvalue()


def refused(*options) -> tuple[str, str]:
    """What it says when it fails, and what it printed before."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("sms_refresh_prices", *options, stdout=out)
    return str(caught.value), out.getvalue()


@pytest.fixture
def price_file(tmp_path):
    def write(text: str):
        path = tmp_path / "prices.csv"
        path.write_text(text)
        return f"--csv={path}"

    return write


def test_unchanged_prices(card):
    assert said() == "default: the prices did not change.\n"
    assert current_card() == card


def test_each_change_is_a_line_with_credits_and_prices(provider):
    provider.prices = {"FR": "0.09", "PT": "0.04", "DE": "0.04", "ES": "0.06"}
    assert said().splitlines() == [
        "default: New rate card: 4 countries, 1 credit = 0.04 USD.",
        "  FR France: dearer, 2 -> 3 credits (0.05 -> 0.09)",
        "  DE Germany: cheaper, 2 -> 1 credits (0.08 -> 0.04)",
        "  ES Spain: new, - -> 2 credits (- -> 0.06)",
    ]


def test_a_dry_run_shows_the_same_and_changes_nothing(provider, card):
    provider.prices = {"FR": "0.05", "DE": "0.09"}
    assert "  PT Portugal: gone, 1 -> - credits (0.04 -> -)" in said("--dry-run")
    assert current_card() == card
    assert PriceList.objects.count() == 1


def test_a_refused_list_is_an_error_with_its_reasons(provider, card):
    provider.prices = {"FR": "0.9"}
    error, printed = refused()
    assert "Half of the countries or more are missing: 1 of 3 are left." in error
    assert "10 times dearer or more: France (0.05 → 0.9)." in error
    assert "The old rate card stays in force." in error
    assert "add --accept-changes" in error
    assert printed == ""
    assert current_card() == card


def test_the_dry_run_of_a_refused_list_shows_the_difference_and_fails_too(provider):
    provider.prices = {**NORMAL, "FR": "0.9"}
    error, printed = refused("--dry-run")
    assert "10 times dearer" in error
    assert "FR France: dearer, 2 -> 23 credits" in printed
    assert PriceList.objects.count() == 1


def test_changes_are_accepted_on_purpose(provider, superuser):
    provider.prices = {**NORMAL, "FR": "0.9"}
    said("--accept-changes", "--reason=New contract", "--by=ada")
    assert credits_by_country(current_card())["FR"] == 23
    assert (current_card().reason, current_card().created_by) == ("New contract", superuser)


def test_a_file_is_imported(price_file):
    printed = said(price_file("country;price\nFR;0,05\nPT;0,04\nDE;0,1\n"))
    assert "DE Germany: dearer, 2 -> 3 credits (0.08 -> 0.1)" in printed
    assert PriceList.objects.last().source == "prices.csv"


def test_a_file_stays_in_force_until_its_provider_is_named(price_file, provider):
    printed = said(price_file("country;price\nFR;0,05\nPT;0,04\nDE;0,1\n"))
    assert "these prices stay in force, whatever its API says meanwhile" in printed
    provider.prices, mine = {**NORMAL, "DE": "0.14"}, current_card()
    aside = (
        "default: the prices of prices.csv stay in force; those of its API are kept aside. "
        "To use them: sms_refresh_prices --provider=default\n"
    )
    assert (said("--dry-run"), PriceList.objects.count()) == (aside, 2)
    assert (said(), PriceList.objects.count(), current_card()) == (aside, 3, mine)
    printed = said("--provider=default")
    assert "DE Germany: dearer, 3 -> 4 credits (0.1 -> 0.14)" in printed
    assert "default: the prices of its API take the place of prices.csv." in printed
    assert said() == "default: the prices did not change.\n"


def test_a_broken_list_of_the_api_is_an_error_beside_a_file_too(price_file, provider):
    said(price_file("country;price\nFR;0,05\nPT;0,04\nDE;0,1\n"))
    provider.prices = {}
    assert "no country with a price" in refused()[0]


def test_a_file_with_a_bad_line_imports_nothing(price_file, card):
    error, _printed = refused(price_file("country,price\nFR,0.06\nDE,dear\n"))
    assert "nothing was imported" in error
    assert "Line 3, price: “dear” is not a number" in error
    assert current_card() == card


def test_a_file_that_is_not_there():
    assert "can't be read" in refused("--csv=/nowhere/prices.csv")[0]


def test_an_unknown_provider_or_user_is_named():
    assert refused("--provider=nobody")[0] == "There is no provider 'nobody'. Choose from: default."
    assert refused("--by=nobody")[0] == "There is no user 'nobody'."


def test_a_provider_that_is_down(provider, monkeypatch):
    def down():
        raise ProviderUnavailable()

    monkeypatch.setattr(provider, "fetch_prices", down)
    assert "default: The SMS provider can't be reached." in refused()[0]


def test_a_provider_without_a_price_list_needs_a_file(provider, monkeypatch):
    monkeypatch.setattr(type(provider), "supports_price_list", False)
    assert "import a file instead" in refused("--provider=default")[0]
