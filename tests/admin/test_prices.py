"""Prices by country for editors, and the operator's pages that change them."""

from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.admin.admin_url_finder import AdminURLFinder

from tests.admin.conftest import make_editor, permission, signed_in
from wagtail_sms.pricing import lists, rules
from wagtail_sms.pricing.cards import credits_by_country, current_card, publish, refresh_all
from wagtail_sms.pricing.making import list_in_use
from wagtail_sms.pricing.models import CountryRule, PriceList, RateCard, UnitPin
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import PriceListStatus


NORMAL = {"PT": "0.04", "FR": "0.05", "DE": "0.08", "FI": "0.06", "KR": "0.028"}


def put_in_force(**prices: str) -> RateCard:
    return publish([PriceRow(c, "", Decimal(price), "USD") for c, price in prices.items()], provider="default")


@pytest.fixture
def card(site) -> RateCard:
    return put_in_force(**NORMAL)


@pytest.fixture
def editor(site, card) -> Client:
    return signed_in(make_editor("Tom", site, "view_wallet"))


@pytest.fixture
def operator(card, django_user_model) -> Client:
    """May change prices for all sites, and nothing on any of them."""
    user = django_user_model.objects.create_user("Olga", password="secret")
    user.user_permissions.add(permission("access_admin"), permission("change_prices"))
    return signed_in(user)


def words(response) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def shown(client, name="prices", **query) -> str:
    return words(client.get(reverse(f"wagtail_sms:{name}"), query))


def table(client, name="prices", **query) -> list[list[str]]:
    page = BeautifulSoup(client.get(reverse(f"wagtail_sms:{name}"), query).content, "html.parser")
    rows = page.select("table.listing tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in rows]


# Editors


def test_an_editor_sees_every_country_with_its_credits_and_why(editor):
    assert table(editor) == [
        ["Åland Islands AX", "3", "300", "Follows Finland"],
        ["Finland FI", "3", "300", "Price"],
        ["France FR", "2", "200", "Price"],
        ["Germany DE", "3", "300", "Price"],
        ["Portugal PT", "2", "200", "Price"],
        ["South Korea KR", "1", "100", "Price"],
    ]


def test_an_editor_sees_neither_money_nor_providers(editor):
    page = shown(editor)
    assert "0.05" not in page and "USD" not in page and "default" not in page
    assert "Manage prices" not in page


@pytest.mark.parametrize(
    ("ordering", "first"),
    [("credits", "South Korea KR"), ("-credits", "Åland Islands AX"), ("-country", "South Korea KR")],
)
def test_the_card_is_sorted_by_what_one_asks_for(editor, ordering, first):
    assert table(editor, ordering=ordering)[0][0] == first


@pytest.mark.parametrize("asked", ["fran", "FR", "fr", "FRANCE"])
def test_a_country_is_found_by_name_or_code(editor, asked):
    assert ["France FR", "2", "200", "Price"] in table(editor, q=asked)


def test_accents_are_no_obstacle(editor):
    assert table(editor, q="aland")[0][0] == "Åland Islands AX"


def test_searching_for_a_country_without_a_price_says_that_it_is_not_served(editor):
    assert table(editor, q="korea") == [
        ["North Korea KP", "", "", "No price: not served"],
        ["South Korea KR", "1", "100", "Price"],
    ]


def test_a_country_switched_off_is_said_to_be(editor):
    rules.disable("FR", reason="Secret matter")
    assert ["France FR", "", "", "Switched off"] in table(editor)
    assert "Secret matter" not in shown(editor)


def test_the_page_says_since_when_and_what_changed(editor):
    put_in_force(**{**NORMAL, "FR": "0.09", "DE": "0.05"})
    put_in_force(**{**NORMAL, "FR": "0.091", "DE": "0.05"})  # changes no credits
    page = shown(editor)
    assert "Changed on" in page
    assert "France 2 → to 4" in page and "Germany 3 → to 2" in page


def test_a_long_list_of_changes_is_folded(editor):
    put_in_force(**dict.fromkeys(NORMAL, "0.09"), US="0.01")
    page = shown(editor)
    assert "and 6 more countries" in page


def test_the_first_card_of_all_changed_nothing(site, superuser):
    RateCard._base_manager.exclude(pk=current_card().pk).delete()
    assert "Unchanged since" in shown(signed_in(superuser))


def test_without_a_card_the_page_says_where_prices_come_from(site, superuser):
    RateCard._base_manager.all().delete()
    for name in ("prices", "all_prices"):
        assert "There are no prices yet" in shown(signed_in(superuser), name)


def test_the_credits_tab_leads_here(editor):
    page = editor.get(reverse("wagtail_sms:credits")).content.decode()
    assert reverse("wagtail_sms:prices") in page


def test_nobody_without_a_right_sees_prices(site, card):
    client = signed_in(make_editor("Sven", site, "send_campaign"))
    for name in ("prices", "prices_results"):
        assert client.get(reverse(f"wagtail_sms:{name}")).url == reverse("wagtailadmin_home")


def test_the_number_of_queries_does_not_grow_with_the_countries(editor, django_assert_max_num_queries):
    put_in_force(**dict.fromkeys(("BE", "NL", "CH", "AT", "IT", "ES", "SE", "NO", "DK", "PL"), "0.05"))
    with django_assert_max_num_queries(40):
        editor.get(reverse("wagtail_sms:prices"))


# Operators


PAGES = ["all_prices", "all_prices_results", "price_unit", "price_upload", "price_history", "price_lists"]


@pytest.mark.parametrize("name", PAGES)
def test_the_operators_pages_are_for_operators_only(site, operator, name):
    every_right_on_one_site = signed_in(make_editor("Tom", site))
    assert every_right_on_one_site.get(reverse(f"wagtail_sms:{name}")).url == reverse("wagtailadmin_home")
    assert operator.get(reverse(f"wagtail_sms:{name}")).status_code == 200


def test_pages_of_one_thing_are_for_operators_only_too(site, card):
    editor = signed_in(make_editor("Tom", site))
    for name, pk in [("price_rule", "FR"), ("rate_card", card.pk), ("price_list", PriceList.objects.last().pk)]:
        assert editor.get(reverse(f"wagtail_sms:{name}", args=[pk])).url == reverse("wagtailadmin_home")
    answer = editor.post(reverse("wagtail_sms:price_rule", args=["FR"]), {"mode": "off", "reason": "No"})
    assert answer.url == reverse("wagtailadmin_home")
    assert not CountryRule.objects.exists()


def test_a_right_on_one_site_is_not_enough(site, card):
    editor = signed_in(make_editor("Tom", site, "change_prices"))
    assert editor.get(reverse("wagtail_sms:all_prices")).url == reverse("wagtailadmin_home")


def test_the_operator_sees_money_and_providers(operator):
    assert ["France FR", "2", "0.05 USD", "default", "Price"] in table(operator, "all_prices")
    assert "0.028 USD" in shown(operator, "all_prices")


def test_the_operator_sorts_by_price(operator):
    assert [row[0] for row in table(operator, "all_prices", ordering="-price")][0] == "Germany DE"


def decide(client, name, *args, expect=302, **fields):
    """Fill in the form, look at the difference, put it in force: what the second page said, and the answer."""
    address = reverse(f"wagtail_sms:{name}", args=args)
    looked = client.post(address, fields)
    page = BeautifulSoup(looked.content, "html.parser")
    seen = page.select_one("input[name=seen]")["value"]
    answer = client.post(address, {**fields, "seen": seen, "action-apply": "1"})
    assert answer.status_code == expect
    return words(looked), answer


def test_a_country_is_set_after_its_difference_was_shown(operator):
    looked, answer = decide(operator, "price_rule", "FR", mode="set", credits="7", reason="Promised")
    assert "1 dearer" in looked and "Dearer" in looked and "2 → to 7" in looked
    assert answer.url == reverse("wagtail_sms:all_prices")
    assert credits_by_country(current_card())["FR"] == 7
    assert current_card().created_by.username == "Olga"
    page = words(operator.get(reverse("wagtail_sms:price_rule", args=["FR"])))
    assert "Promised" in page and "Set by the operator" in page


def test_switching_off_the_cheapest_shows_what_it_does_to_all_others(operator):
    looked, _answer = decide(operator, "price_rule", "KR", mode="off", reason="Fraud")
    assert "One credit: 0.028 USD → to 0.04 USD" in looked
    assert "1 not served any more, 4 cheaper" in looked
    assert credits_by_country(current_card()) == {"AX": 2, "FI": 2, "FR": 2, "DE": 2, "PT": 1}


def test_a_country_follows_its_price_again(operator):
    rules.override("FR", credits=7, reason="Promised")
    decide(operator, "price_rule", "FR", mode="follow", reason="The promise is over")
    assert credits_by_country(current_card())["FR"] == 2


def test_looking_changes_nothing(operator, card):
    operator.post(reverse("wagtail_sms:price_rule", args=["FR"]), {"mode": "set", "credits": "7", "reason": "Try"})
    assert current_card() == card
    assert not CountryRule.objects.exists()


def test_what_was_not_looked_at_is_shown_first(operator, card):
    address = reverse("wagtail_sms:price_rule", args=["FR"])
    fields = {"mode": "set", "credits": "7", "reason": "Promised"}
    seen = BeautifulSoup(operator.post(address, fields).content, "html.parser").select_one("[name=seen]")["value"]
    answer = operator.post(address, {**fields, "credits": "70", "seen": seen, "action-apply": "1"})
    assert "Look at the difference again" in words(answer)
    assert current_card() == card


def test_prices_that_changed_in_between_are_shown_again(operator):
    address = reverse("wagtail_sms:price_rule", args=["FR"])
    fields = {"mode": "set", "credits": "7", "reason": "Promised"}
    seen = BeautifulSoup(operator.post(address, fields).content, "html.parser").select_one("[name=seen]")["value"]
    between = put_in_force(**{**NORMAL, "FR": "0.07"})
    answer = operator.post(address, {**fields, "seen": seen, "action-apply": "1"})
    assert "Look at the difference again" in words(answer)
    assert current_card() == between


def test_the_difference_is_shown_before_a_reason_is_given_and_nothing_done_without_one(operator, card):
    looked, answer = decide(operator, "price_rule", "FR", expect=200, mode="set", credits="7", reason="")
    assert "2 → to 7" in looked and "This field is required." in looked
    assert "2 → to 7" in words(answer) and "This field is required." in words(answer)
    assert "Look at the difference again" not in words(answer)
    assert current_card() == card


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"mode": "set", "credits": "", "reason": "x"}, "Enter a whole number from 1."),
        ({"mode": "set", "credits": "0", "reason": "x"}, "Enter a whole number from 1."),
        ({"mode": "set", "credits": "-5", "reason": "x"}, "Enter a whole number from 1."),
        ({"mode": "set", "credits": "1.5", "reason": "x"}, "Enter a whole number from 1."),
        ({"mode": "set", "credits": "many", "reason": "x"}, "Enter a whole number from 1."),
        ({"mode": "set", "credits": "9" * 30, "reason": "x"}, "less than or equal to 100000"),
        ({"mode": "off", "reason": "   "}, "This field is required."),
        ({"mode": "free", "reason": "x"}, "not one of the available choices"),
        ({"mode": "follow", "reason": "x"}, "France follows the price already."),
        ({"mode": "off", "reason": "with \0 zero"}, "Null characters are not allowed."),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(operator, card, fields, error):
    assert error in words(operator.post(reverse("wagtail_sms:price_rule", args=["FR"]), fields))
    assert current_card() == card


def test_a_country_without_a_price_can_be_set(operator):
    found = operator.get(reverse("wagtail_sms:all_prices"), {"q": "KP"})
    assert reverse("wagtail_sms:price_rule", args=["KP"]) in found.content.decode()
    decide(operator, "price_rule", "KP", mode="set", credits="40", reason="Asked for")
    assert credits_by_country(current_card())["KP"] == 40


def test_a_country_shows_what_each_network_asks_and_a_follower_its_parents(operator):
    networks = [PriceRow("FR", "20801", Decimal("0.07"), "USD"), PriceRow("FI", "", Decimal("0.06"), "USD")]
    publish(networks, provider="default")
    assert "default 20801 0.07 USD" in words(operator.get(reverse("wagtail_sms:price_rule", args=["FR"])))
    assert "default All 0.06 USD" in words(operator.get(reverse("wagtail_sms:price_rule", args=["AX"])))


def test_a_country_that_does_not_exist_is_not_found(operator):
    assert operator.get(reverse("wagtail_sms:price_rule", args=["ZZ"])).status_code == 404


def test_one_credit_is_pinned_and_unpinned(operator):
    looked, _answer = decide(operator, "price_unit", pinned="pin", price="0.01", reason="A cent")
    assert "One credit: 0.028 USD → to 0.01 USD" in looked
    assert credits_by_country(current_card())["KR"] == 3
    assert "pinned by the operator" in shown(operator, "all_prices")
    decide(operator, "price_unit", pinned="", reason="Back")
    assert credits_by_country(current_card())["KR"] == 1
    assert UnitPin.objects.count() == 2


@pytest.mark.parametrize("price", ["", "0", "-1", "much", "0.0000001", "NaN", "1e99"])
def test_a_pin_that_is_no_price_is_refused(operator, card, price):
    page = operator.post(reverse("wagtail_sms:price_unit"), {"pinned": "pin", "price": price, "reason": "x"})
    assert page.context["form"].errors["price"]
    assert current_card() == card


def test_selling_below_cost_is_said(operator, settings):
    assert "every credit sold there loses money" in shown(operator, "all_prices")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PACKS": [(100, 400), (1000, 2800)]}
    assert "loses money" not in shown(operator, "all_prices")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PACKS": [(100, 400), (1000, 2799)]}
    assert "One credit costs you 0.028 USD, and the cheapest pack sells it for 0.02799 USD" in shown(
        operator, "all_prices"
    )
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PACK_CURRENCY": "EUR"}
    assert "loses money" not in shown(operator, "all_prices")


# Price lists that were refused


@pytest.fixture
def refused(card, provider) -> PriceList:
    provider.prices = {**NORMAL, "FR": "0.9"}
    refresh_all()
    return PriceList.objects.get(status=PriceListStatus.REFUSED)


def test_a_refused_list_is_announced_to_operators_only(site, refused, operator, superuser):
    sentence = "10 times dearer or more: France (0.05 → 0.9)."
    assert sentence in shown(operator, "all_prices")
    assert sentence in shown(signed_in(superuser))
    assert sentence not in shown(signed_in(make_editor("Tom", site)))


def test_a_refused_list_is_used_anyway_after_its_difference(operator, refused):
    looked, _answer = decide(operator, "price_list", refused.pk, reason="The contract changed")
    assert "France FR Dearer 2 → to 33" in looked
    assert credits_by_country(current_card())["FR"] == 33
    assert "was refused" not in shown(operator, "all_prices")


def test_a_refused_list_that_came_too_late_can_not_be_used(operator, refused):
    looked = operator.post(reverse("wagtail_sms:price_list", args=[refused.pk]), {"reason": "x"})
    seen = BeautifulSoup(looked.content, "html.parser").select_one("[name=seen]")["value"]
    lists.use_anyway(refused, reason="Another tab was faster")
    again = operator.post(
        reverse("wagtail_sms:price_list", args=[refused.pk]), {"reason": "x", "seen": seen, "action-apply": "1"}
    )
    assert again.status_code == 200
    page = words(operator.get(reverse("wagtail_sms:price_list", args=[refused.pk])))
    assert "Use it anyway" not in page


def test_the_history_names_cards_lists_reasons_and_people(operator, refused, superuser):
    rules.override("FR", credits=7, reason="Promised", by=superuser)
    page = shown(operator, "price_history")
    assert "France set to 7 credits: Promised" in page and "Ada Lindqvist" in page
    assert "Refused" in shown(operator, "price_lists") and "In use" in shown(operator, "price_lists")
    detail = words(operator.get(reverse("wagtail_sms:rate_card", args=[current_card().pk])))
    assert "2 → to 7" in detail


def test_the_history_leads_from_the_log_to_the_page(superuser, refused):
    rule = CountryRule(country="FR")
    finder = AdminURLFinder(superuser)
    assert finder.get_edit_url(rule) == reverse("wagtail_sms:price_rule", args=["FR"])
    assert finder.get_edit_url(refused) == reverse("wagtail_sms:price_list", args=[refused.pk])


# Importing


def upload(client, text: str | bytes, name="prices.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    fields = {"file": SimpleUploadedFile(name, content), "provider": "default"}
    return client.post(reverse("wagtail_sms:price_upload"), fields)


def hidden(page) -> dict:
    soup = BeautifulSoup(page.content, "html.parser")
    return {name: soup.select_one(f"input[name={name}]")["value"] for name in ("rows", "seen")}


def applied(client, page, **fields):
    return client.post(
        reverse("wagtail_sms:price_upload_apply"),
        {**hidden(page), "reason": "New contract", "action-apply": "1", **fields},
    )


FILE = "country;price\nPT;0,04\nFR;0,09\nDE;0,08\nFI;0,06\nKR;0,028\nES;0,03\n"


def test_a_file_is_shown_and_then_put_in_force(operator, card):
    looked = upload(operator, FILE)
    assert "6 prices for the provider “default”. Nothing is in force yet." in words(looked)
    assert "1 dearer, 1 new" in words(looked)
    assert current_card() == card and PriceList.objects.count() == 2
    assert applied(operator, looked).url == reverse("wagtail_sms:all_prices")
    taken = PriceList.objects.last()
    assert (taken.source, taken.created_by.username) == ("prices.csv", "Olga")
    assert credits_by_country(current_card())["FR"] == 4
    assert current_card().reason == "New contract"


def test_while_a_file_is_in_force_the_pages_say_that_the_apis_prices_wait(operator, card):
    page = words(operator.get(applied(operator, upload(operator, FILE)).url))
    assert "The prices of prices.csv are in force, and stay so until you use a list of the provider's API." in page
    assert "prices.csv, which stays in force" not in page
    refresh_all()
    assert "prices.csv, which stays in force; the prices of the API are kept aside" in shown(operator, "all_prices")
    assert "Kept aside" in shown(operator, "price_lists")
    file, aside = PriceList.objects.get(source="prices.csv"), PriceList.objects.get(status=PriceListStatus.ASIDE)
    address = reverse("wagtail_sms:price_list", args=[aside.pk])
    page = operator.get(reverse("wagtail_sms:price_list", args=[file.pk]))
    assert "These prices stay in force. Those of the API are kept aside until you use them" in words(page)
    assert f'href="{address}"' in page.content.decode()
    assert "The prices of prices.csv stay in force until you use these" in words(operator.get(address))


def test_prices_that_were_kept_aside_are_used_like_any_other_decision(operator, card):
    applied(operator, upload(operator, FILE))
    refresh_all()
    aside = PriceList.objects.get(status=PriceListStatus.ASIDE)
    decide(operator, "price_list", aside.pk, reason="The contract ended")
    assert "kept aside" not in shown(operator, "all_prices")
    assert "API" in shown(operator, "all_prices")
    assert current_card().created_by.username == "Olga"
    assert list_in_use("default") == aside


def test_price_lists_are_shown_in_as_many_queries_however_many_they_are(operator, card):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            operator.get(reverse("wagtail_sms:price_lists"))
        return len(asked)

    queries()
    few = queries()
    for cents in range(10):
        put_in_force(**{**NORMAL, "FR": f"0.1{cents}"})
    assert PriceList.objects.count() > 10
    assert queries() == few


def test_a_file_needs_a_reason_before_it_is_put_in_force(operator, card):
    looked = upload(operator, FILE)
    assert "This field is required." in words(applied(operator, looked, reason=""))
    assert current_card() == card


def test_a_forgotten_reason_leaves_the_difference_of_the_file_in_view(operator, card):
    again = applied(operator, upload(operator, FILE), reason="")
    assert "1 dearer, 1 new" in words(again)
    assert applied(operator, again).url == reverse("wagtail_sms:all_prices")
    assert credits_by_country(current_card())["FR"] == 4


def test_a_file_with_bad_lines_is_refused_whole_with_each_of_them(operator, card):
    page = words(upload(operator, "country,price\nFR,dear\nZZ,0.05\nDE,-1\nPT,0.04\n"))
    assert "Nothing was imported." in page
    assert "Line 2, price: “dear” is not a number" in page
    assert "Line 3, country: “ZZ” is not a country code" in page
    assert "Line 4, price: “-1” is not between" in page
    assert current_card() == card


def test_many_bad_lines_are_counted(operator):
    page = words(upload(operator, "country,price\n" + "ZZ,1\n" * 50))
    assert "and 30 more lines" in page


def test_a_suspicious_file_asks_for_a_reason_to_be_used_anyway(operator):
    looked = upload(operator, "country,price\nFR,0.9\n")
    assert "1 of 5 are left" in words(looked) and "10 times dearer" in words(looked)
    assert "Use it anyway" in words(looked)
    applied(operator, looked)
    assert credits_by_country(current_card()) == {"FR": 1}


def test_a_file_that_can_not_be_a_list_offers_no_button(operator, card):
    page = upload(operator, "country,price,currency\nFR,0.05,USD\nDE,0.08,EUR\n")
    assert "mixes currencies: EUR, USD" in words(page)
    assert "Use it anyway" not in words(page)


def test_rows_that_nobody_sealed_are_refused(operator, card):
    answer = operator.post(
        reverse("wagtail_sms:price_upload_apply"), {"rows": "FR:0.01", "reason": "x", "action-apply": "1"}
    )
    assert answer.url == reverse("wagtail_sms:price_upload")
    assert current_card() == card


def test_opening_the_second_step_by_itself_leads_to_the_first(operator):
    assert operator.get(reverse("wagtail_sms:price_upload_apply")).url == reverse("wagtail_sms:price_upload")


def test_no_file_is_said(operator):
    page = operator.post(reverse("wagtail_sms:price_upload"), {"provider": "default"})
    assert "This field is required." in words(page)


def test_a_file_is_shown_again_when_the_card_changed_meanwhile(operator):
    looked = upload(operator, FILE)
    between = put_in_force(**{**NORMAL, "FR": "0.06"})
    assert "Look at the difference again" in words(applied(operator, looked))
    assert current_card() == between


def test_applying_the_same_file_twice_makes_one_card(operator):
    looked = upload(operator, FILE)
    applied(operator, looked)
    cards = RateCard.objects.count()
    applied(operator, looked)
    assert RateCard.objects.count() == cards
