"""The Credits tab: what is left, and every movement with its cause."""

from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_installed_site, make_subscribers
from wagtail_sms.admin.sites import for_site
from wagtail_sms.admin.stock import next_month, stock
from wagtail_sms.credits import ledger, low, purchases
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.dummy import DummyPayment
from wagtail_sms.phone import parse
from wagtail_sms.states import GrantKind
from wagtail_sms.subscribers.consent import opt_in
from wagtail_sms.subscribers.texts import current_wording


@pytest.fixture
def treasurer(site):
    return signed_in(make_editor("Tom", site, "view_wallet", "view_campaign"))


def movements(client, **query) -> list[tuple[str, int, str]]:
    """(kind, credits, cause) of each row."""
    rows = client.get(reverse("wagtail_sms:credits"), query).context["table"].data
    return [(row.kind, row.amount, row.cause.label) for row in rows]


def the_last_day(site) -> str:
    return format_date(stock(site)["free_last_day"], "j F")


def text(client, **query) -> str:
    return " ".join(client.get(reverse("wagtail_sms:credits"), query).content.decode().split())


def seen(client, name: str = "credits") -> str:
    """What a reader of the page sees: no token and no time with its microseconds among it, as in its source."""
    return BeautifulSoup(client.get(reverse(f"wagtail_sms:{name}")).content, "html.parser").get_text(" ", strip=True)


def test_the_balance_free_bought_and_held_are_shown(site, treasurer):
    give_credits(site, 1250)
    make_subscribers(site, 4)
    launched(site)
    shown = text(treasurer)
    for figure in ("1,746", "4"):
        assert f"<dd> {figure} </dd>" in shown
    assert f"496 free until {the_last_day(site)} + 1,250 given" in shown


def test_free_credits_last_until_the_last_day_of_the_month_in_utc(site):
    last = stock(site)["free_last_day"]
    until = ledger.balance(site).free_until
    assert datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC) < until
    assert (until.day, until.hour) == (1, 0) and last.month != until.month


@pytest.mark.parametrize(("today", "day"), [((2026, 11, 30, 23), "2026-12-01"), ((2026, 12, 31, 23), "2027-01-01")])
def test_the_next_free_credits_come_on_the_first_of_the_next_month(today, day):
    assert next_month(datetime(*today, tzinfo=UTC)).isoformat() == day


def test_without_free_credits_left_the_page_says_when_the_next_come(site, superuser):
    ledger.reserve(site, amount=500, key="all", purpose="campaign")
    day = format_date(next_month(timezone.now()), "j F")
    assert f"500 more on {day} (UTC)" in " ".join(text(signed_in(superuser)).split())


def test_every_movement_of_a_message_is_listed_newest_first(site, treasurer):
    make_subscribers(site, 4)
    sent(site, body="Tonight: piano.")
    assert movements(treasurer) == [
        ("capture", 4, "Tonight: piano."),
        ("reserve", 4, "Tonight: piano."),
        ("issue", 500, "Installation"),
    ]


def test_who_may_see_credits_only_reads_no_message_and_is_led_to_none(site):
    make_subscribers(site, 4)
    campaign = sent(site, body="Not announced yet: Zoe and the whole band.")
    viewer = signed_in(make_editor("Vera", site, "view_wallet"))
    assert movements(viewer)[:2] == [
        ("capture", 4, f"Message {campaign.pk}"),
        ("reserve", 4, f"Message {campaign.pk}"),
    ]
    assert "the whole band" not in text(viewer)
    assert reverse("wagtail_sms:campaign", args=[campaign.pk]) not in text(viewer)


def test_a_message_is_linked_and_signs_say_what_the_balance_did(site, superuser):
    make_subscribers(site, 4)
    campaign = sent(site)
    shown = text(signed_in(superuser))
    assert reverse("wagtail_sms:campaign", args=[campaign.pk]) in shown
    assert ">+500<" in shown and ">−4<" in shown and "wagtail-sms-amount--spent" in shown
    assert "Free credits of" in shown


def test_a_welcome_text_is_told_by_country_never_by_number(site, treasurer):
    signed_up = opt_in(site, number=parse("+33612345678"), wording=current_wording(site))
    welcome(signed_up)
    assert ("reserve", movements(treasurer)[0][1], "Welcome text (France)") == movements(treasurer)[0]
    assert "612345678" not in text(treasurer) and "678" not in seen(treasurer)


def test_a_grant_names_its_note_or_who_gave_it(site, treasurer, superuser):
    ledger.grant(site, amount=10, kind=GrantKind.ADJUSTMENT, key="a", note="Sorry for Friday", by=superuser)
    ledger.grant(site, amount=20, kind=GrantKind.ADJUSTMENT, key="b", by=superuser)
    assert movements(treasurer)[:2] == [
        ("issue", 20, "Given by Ada Lindqvist"),
        ("issue", 10, "Sorry for Friday (Ada Lindqvist)"),
    ]


def test_credits_that_an_operator_took_say_why_and_who(site, treasurer, superuser):
    ledger.take(site, amount=7, key="t", note="Counted twice", by=superuser)
    assert movements(treasurer)[0] == ("expire", 7, "Counted twice (Ada Lindqvist)")


def test_what_was_taken_is_told_from_what_lapsed(site, treasurer, superuser):
    ledger.take(site, amount=7, key="t", note="Counted twice", by=superuser)
    rows = treasurer.get(reverse("wagtail_sms:credits")).context["table"].data
    assert str(rows[0].look.label) == "Taken back"
    ledger.expire_due(now=timezone.now() + timedelta(days=40))
    rows = treasurer.get(reverse("wagtail_sms:credits")).context["table"].data
    assert str(rows[0].look.label) == "Expired"


@pytest.fixture
def selling(settings):
    settings.DEBUG = True
    dummy = {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": dummy}


def test_bought_credits_that_an_operator_took_say_why_and_who(site, treasurer, superuser, selling):
    bought = purchases.order(site, pack=purchases.packs()[0])
    purchases.confirm(DummyPayment.event(bought.uuid, PaymentKind.PAID, bought.amount_cents, bought.currency))
    ledger.take(site, amount=510, key="t", note="Counted twice", by=superuser)
    assert [row[1:] for row in movements(treasurer)[:2]] == [
        (10, "Counted twice (Ada Lindqvist)"),
        (500, "Counted twice (Ada Lindqvist)"),
    ]


def test_bought_credits_lead_to_their_purchase(site, treasurer, superuser, selling):
    bought = purchases.order(site, pack=purchases.packs()[0], by=superuser)
    for kind in (PaymentKind.PAID, PaymentKind.REFUNDED):
        purchases.confirm(DummyPayment.event(bought.uuid, kind, bought.amount_cents, bought.currency))
    assert movements(treasurer)[:2] == [
        ("expire", 100, "The money for them went back"),
        ("issue", 100, "Bought by Ada Lindqvist"),
    ]
    assert text(treasurer).count(reverse("wagtail_sms:purchase", args=[bought.uuid])) >= 2


def test_filtering_by_kind(site, treasurer):
    make_subscribers(site, 4)
    launched(site)
    assert [kind for kind, _amount, _cause in movements(treasurer, kind="reserve")] == ["reserve"]


def test_fifty_movements_a_page_without_a_query_per_row(site, treasurer, django_assert_max_num_queries):
    for number in range(60):
        ledger.grant(site, amount=1 + number, kind=GrantKind.ADJUSTMENT, key=f"k{number}")
    assert len(movements(treasurer)) == 50
    with django_assert_max_num_queries(25):
        treasurer.get(reverse("wagtail_sms:credits_results"))


def test_nothing_is_offered_for_sale_without_a_payment_provider(site, treasurer):
    shown = seen(treasurer)
    assert "Ask the operator for more credits." in shown
    assert "Buy" not in shown


def test_another_sites_movements_are_not_listed(site, other_site, treasurer, south_editor):
    give_credits(site, 777)
    client = signed_in(south_editor)
    for name in ("credits", "credits_results"):
        assert "777" not in seen(client, name)
    assert [amount for _kind, amount, _cause in movements(client)] == [500]


def test_a_sender_without_the_right_has_no_credits_tab(site):
    client = signed_in(make_editor("Sven", site, "send_campaign"))
    assert client.get(reverse("wagtail_sms:credits")).url == reverse("wagtailadmin_home")
    assert client.get(reverse("wagtail_sms:credits_results")).url == reverse("wagtailadmin_home")


def test_rolled_over_credits_are_kept_for_later_months(site, treasurer, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "FREE_CREDITS_ROLL_OVER": True}
    kept = make_installed_site("kept.example", name="Kept", number="+12015550177")
    assert stock(kept)["words"] == "500 free, kept for later months"
    # What was issued before roll-over was switched on still lapses.
    assert stock(site)["words"] == f"500 free until {the_last_day(site)}"


def test_bought_and_given_credits_are_told_apart_and_spent_ones_are_not_named(site):
    ledger.grant(site, amount=1200, kind=GrantKind.PACK, key="pack")
    ledger.grant(site, amount=30, kind=GrantKind.ADJUSTMENT, key="gift")
    assert stock(site)["words"] == f"500 free until {the_last_day(site)} + 30 given + 1,200 bought"
    ledger.reserve(site, amount=530, key="all", purpose="campaign")
    assert stock(site)["words"] == "1,200 bought"
    ledger.reserve(site, amount=1200, key="rest", purpose="campaign")
    assert stock(site)["words"] == ""


def test_low_credits_are_said_on_the_tab_until_there_are_enough(site, treasurer):
    assert "Credits run low" not in text(treasurer)
    held = ledger.reserve(site, amount=451, key="most", purpose="campaign")
    assert (stock(site)["low"], stock(site)["threshold"]) == (True, 50)
    assert "Credits run low: 49 credits are left, fewer than the 50 at which this site is warned." in text(treasurer)
    ledger.release(held, amount=1, key="one")
    assert "Credits run low" not in text(treasurer)


def test_low_credits_are_said_where_messages_are_written(site):
    client = signed_in(make_editor("Wilma", site, "add_campaign"))
    ledger.reserve(site, amount=460, key="most", purpose="campaign")
    assert "Credits run low: 40 credits are left" in client.get(reverse("wagtail_sms:send")).content.decode()


def set_threshold(client, site, threshold):
    form = {"sms_site": site.pk, "threshold": threshold}
    return client.post(reverse("wagtail_sms:credits_threshold"), form, follow=True).content.decode()


@pytest.mark.parametrize(
    ("typed", "kept", "said"),
    [
        ("501", 501, "This site is warned when fewer than 501 credits are left."),
        ("0", 0, "This site is not warned any more"),
        ("", None, "This site is warned when fewer than 50 credits are left."),
    ],
)
def test_a_buyer_sets_from_when_on_this_site_is_warned(site, other_site, typed, kept, said):
    low.set_threshold(site, threshold=7)
    client = signed_in(make_editor("Berta", site, "view_wallet", "buy_credits"))
    assert said in set_threshold(client, site, typed)
    assert Wallet.objects.get(site=site).low_threshold == kept
    assert Wallet.objects.get(site=other_site).low_threshold is None
    assert ("Credits run low" in text(client)) == (kept == 501)


@pytest.mark.parametrize("typed", ["-1", "1.5", "many", str(2**31), "9" * 5000])
def test_a_threshold_that_is_no_count_changes_nothing_and_says_so(site, typed):
    client = signed_in(make_editor("Berta", site, "view_wallet", "buy_credits"))
    page = set_threshold(client, site, typed)
    form = BeautifulSoup(page, "html.parser").select_one("form.wagtail-sms-threshold")
    assert "The warning was not changed." in form.get_text()
    assert form.select_one("[name=threshold]")["value"] == typed
    assert Wallet.objects.get(site=site).low_threshold is None


def test_a_threshold_from_somebody_without_the_tab_is_refused_too(site, settings):
    settings.DEBUG = True
    dummy = {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": dummy}
    client = signed_in(make_editor("Berta", site, "buy_credits"))
    assert "The warning was not changed." in set_threshold(client, site, "many")


def test_who_may_not_buy_sees_the_threshold_and_can_not_set_it(site, treasurer):
    assert "This site is warned when fewer than 50 credits are left." in text(treasurer)
    assert reverse("wagtail_sms:credits_threshold") not in text(treasurer)
    set_threshold(treasurer, site, "7")
    assert Wallet.objects.get(site=site).low_threshold is None


def test_the_ways_on_are_shown_to_those_who_may_take_them(site, treasurer, settings):
    settings.DEBUG = True
    method = {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": method}}
    buy = for_site(reverse("wagtail_sms:buy_credits"), site)
    assert buy in text(signed_in(make_editor("Berta", site, "view_wallet", "buy_credits")))
    shown = text(treasurer)
    assert buy not in shown and "You may not buy credits yourself: ask somebody who may." in shown
