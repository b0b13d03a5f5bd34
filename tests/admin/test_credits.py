"""The Credits tab: what is left, and every movement with its cause."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_subscribers
from wagtail_sms.admin.stock import next_month, stock
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.phone import parse
from wagtail_sms.states import GrantKind
from wagtail_sms.subscribers.consent import opt_in
from wagtail_sms.subscribers.texts import current_wording


@pytest.fixture
def treasurer(site):
    return signed_in(make_editor("Tom", site, "view_wallet"))


def movements(client, **query) -> list[tuple[str, int, str]]:
    """(kind, credits, cause) of each row."""
    rows = client.get(reverse("wagtail_sms:credits"), query).context["table"].data
    return [(row.kind, row.amount, row.cause.label) for row in rows]


def text(client, **query) -> str:
    return " ".join(client.get(reverse("wagtail_sms:credits"), query).content.decode().split())


def test_the_balance_free_bought_and_held_are_shown(site, treasurer):
    give_credits(site, 1250)
    make_subscribers(site, 4)
    launched(site)
    shown = text(treasurer).replace(" ", "")
    for figure in ("1,746", "496", "1,250", "4"):
        assert f"<dd>{figure}</dd>" in shown


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
    assert "678" not in text(treasurer)


def test_a_grant_names_its_note_or_who_gave_it(site, treasurer, superuser):
    ledger.grant(site, amount=10, kind=GrantKind.ADJUSTMENT, key="a", note="Sorry for Friday", by=superuser)
    ledger.grant(site, amount=20, kind=GrantKind.ADJUSTMENT, key="b", by=superuser)
    assert movements(treasurer)[:2] == [
        ("issue", 20, "Given by Ada Lindqvist"),
        ("issue", 10, "Sorry for Friday"),
    ]


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
    shown = text(treasurer)
    assert "Ask the operator for more credits." in shown
    assert "Buy" not in shown


def test_another_sites_movements_are_not_listed(site, other_site, treasurer, south_editor):
    give_credits(site, 777)
    client = signed_in(south_editor)
    for name in ("credits", "credits_results"):
        assert "777" not in client.get(reverse(f"wagtail_sms:{name}")).content.decode()
    assert [amount for _kind, amount, _cause in movements(client)] == [500]


def test_a_sender_without_the_right_has_no_credits_tab(site):
    client = signed_in(make_editor("Sven", site, "send_campaign"))
    assert client.get(reverse("wagtail_sms:credits")).url == reverse("wagtailadmin_home")
    assert client.get(reverse("wagtail_sms:credits_results")).url == reverse("wagtailadmin_home")
