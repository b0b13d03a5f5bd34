"""The Subscribers tab: what is shown to whom, switching people off and on, deleting them."""

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_build, make_editor, signed_in
from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.admin.sites import for_site
from wagtail_sms.delivery.models import Notice
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.states import NoticeStatus, SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber, Suppression


LIST = "wagtail_sms:subscribers"
ACTIVE, SUSPENDED, STOPPED = SubscriberStatus.ACTIVE, SubscriberStatus.SUSPENDED, SubscriberStatus.STOPPED


@pytest.fixture
def keeper(site):
    """May do everything with subscribers."""
    rights = ("view_subscriber", "change_subscriber", "delete_subscriber", "view_full_numbers_subscriber")
    return signed_in(make_editor("Karin", site, *rights))


@pytest.fixture
def viewer(site):
    """May look at masked numbers."""
    return signed_in(make_editor("Vera", site, "view_subscriber"))


def listed(client, **query) -> list[str]:
    return [person.number for person in client.get(reverse(LIST), query).context["table"].data]


def text(client, **query) -> str:
    return " ".join(client.get(reverse(LIST), query).content.decode().split())


def toggle(client, person, *, follow=False, **fields):
    url = reverse("wagtail_sms:subscriber_toggle", args=[person.pk])
    return client.post(url, {"sms_site": person.site_id, **fields}, follow=follow)


def delete(client, person, *, follow=False, **fields):
    url = reverse("wagtail_sms:subscriber_delete", args=[person.pk])
    return client.post(url, {"sms_site": person.site_id, **fields}, follow=follow)


def status(person) -> str:
    return Subscriber.objects.get(pk=person.pk).status


def test_a_row_shows_number_country_credits_and_status(site, keeper):
    make_subscriber(site, "+33612345678", country="FR")
    shown = text(keeper)
    assert "+33 6 12 34 56 78" in shown and "France" in shown
    assert f">{credits_for('FR')}<" in shown.replace(" ", "")
    assert "Receives messages" in shown


def test_each_status_is_an_icon_and_a_word(site, keeper):
    for position, each in enumerate((ACTIVE, SUSPENDED, STOPPED)):
        make_subscriber(site, f"+1201555010{position}", status=each)
    shown = text(keeper)
    assert "wagtail-sms-state--good" in shown and "wagtail-sms-state--bad" in shown
    assert "#icon-wagtail-sms-mobile-slash" in shown
    assert "Receives messages" in shown and "Suspended" in shown and "Unsubscribed" in shown


def test_the_summary_counts_everybody_by_status(site, keeper):
    make_subscribers(site, 3)
    make_subscriber(site, "+12015559001", status=SUSPENDED)
    make_subscriber(site, "+12015559002", status=STOPPED)
    shown = text(keeper, status=STOPPED)
    assert "<strong>3</strong> receive messages" in shown
    assert "<strong>1</strong> suspended" in shown
    assert "<strong>1</strong> unsubscribed" in shown


def test_a_country_without_a_price_is_said_so(site, keeper):
    make_subscriber(site, "+85021234567", country="KP")
    assert "No price, gets nothing" in text(keeper)


def test_a_welcome_text_that_waits_for_credits_is_shown(site, keeper):
    person = make_subscriber(site)
    Notice.objects.create(
        site=site,
        purpose="welcome",
        key="welcome:1",
        subscriber=person,
        number=person.number,
        country="US",
        body="Welcome",
        encoding="GSM-7",
        segments=1,
        status=NoticeStatus.WAITING,
        next_attempt_at=person.created_at,
        created_at=person.created_at,
    )
    assert "Welcome text waits for credits" in text(keeper)


def test_numbers_are_masked_without_the_right_to_see_them(site, viewer):
    make_subscriber(site, "+33612345678", country="FR")
    shown = text(viewer)
    assert "+33 6 •• •• •• 78" in shown
    assert "12 34" not in shown and "612345678" not in shown


@pytest.mark.parametrize("typed", ["612345678", "0033612345678", "+33 6 12 34", "345", "78"])
def test_who_sees_full_numbers_searches_any_part(site, keeper, typed):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(site, "+12015550100")
    assert listed(keeper, q=typed) == ["+33612345678"]


def test_who_sees_masked_numbers_searches_the_last_two_digits_only(site, viewer):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(site, "+12015550100")
    assert listed(viewer, q="78") == ["+33612345678"]
    for probe in ("678", "612345678", "+33612345678", "34", "06 12"):
        assert listed(viewer, q=probe) == []
    assert "last two digits" in text(viewer, q="678")


def test_who_sees_masked_numbers_cannot_sort_by_them(site, viewer, keeper):
    first = make_subscriber(site, "+12015550900")
    second = make_subscriber(site, "+12015550100")
    assert listed(keeper, ordering="number") == [second.number, first.number]
    assert listed(viewer, ordering="number") == listed(viewer)


def test_a_search_without_digits_finds_nobody(site, keeper):
    make_subscriber(site)
    assert listed(keeper, q="anna") == []


def test_sorting_by_credits_and_by_the_name_of_the_country(site, keeper):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(site, "+12015550100", country="US")
    make_subscriber(site, "+447400123456", country="GB")
    assert [number[:3] for number in listed(keeper, ordering="credits_each")] == ["+12", "+44", "+33"]
    assert [number[:3] for number in listed(keeper, ordering="-credits_each")] == ["+33", "+44", "+12"]
    assert [number[:3] for number in listed(keeper, ordering="country_name")] == ["+33", "+44", "+12"]


def test_filtering_by_status_and_country(site, keeper):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(site, "+33612345679", country="FR", status=STOPPED)
    make_subscriber(site, "+12015550100")
    assert set(listed(keeper, country="FR")) == {"+33612345678", "+33612345679"}
    assert listed(keeper, country="FR", status=STOPPED) == ["+33612345679"]


def test_the_filter_offers_the_sites_own_countries_only(site, other_site, keeper):
    make_subscriber(site, "+33612345678", country="FR")
    make_subscriber(other_site, "+447400123456", country="GB")
    shown = text(keeper)
    assert 'value="FR"' in shown and 'value="GB"' not in shown


def test_fifty_a_page(site, keeper):
    make_subscribers(site, 60)
    assert len(listed(keeper)) == 50
    assert len(listed(keeper, p=2)) == 10


def test_fifty_rows_take_as_many_queries_as_one(site, keeper):
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            keeper.get(reverse("wagtail_sms:subscribers_results"))
        return len(captured)

    make_subscribers(site, 1)
    count()
    one = count()
    make_subscribers(site, 49, start=100)
    assert count() == one


def test_another_sites_people_are_not_listed(site, other_site, south_editor, keeper):
    make_subscriber(site, "+12015550100")
    make_subscriber(other_site, "+12015550200")
    assert listed(keeper) == ["+12015550100"]
    client = signed_in(south_editor)
    assert listed(client) == ["+12015550200"]
    assert listed(client, q="100") == []
    page = BeautifulSoup(client.get(reverse("wagtail_sms:subscribers_results")).content, "html.parser")
    assert "0200" in page.get_text() and "0100" not in page.get_text()


def test_green_becomes_red_and_red_green(site, keeper):
    person = make_subscriber(site)
    assert "is suspended" in toggle(keeper, person, target=SUSPENDED, follow=True).content.decode()
    assert status(person) == SUSPENDED
    toggle(keeper, person, target=ACTIVE)
    assert status(person) == ACTIVE
    assert [event.kind for event in ConsentEvent.objects.all()] == ["suspend", "resume"]


def test_a_second_click_on_the_same_row_changes_nothing_back(site, keeper):
    person = make_subscriber(site)
    toggle(keeper, person, target=SUSPENDED)
    toggle(keeper, person, target=SUSPENDED)
    assert status(person) == SUSPENDED
    assert ConsentEvent.objects.count() == 1
    assert ModelLogEntry.objects.filter(action="wagtail_sms.suspend").count() == 1


@pytest.mark.parametrize("target", [ACTIVE, SUSPENDED, ""])
def test_who_texted_stop_stays_and_the_editor_is_told_why(site, keeper, target):
    person = make_subscriber(site, status=STOPPED)
    page = toggle(keeper, person, target=target, follow=True).content.decode()
    assert status(person) == STOPPED
    assert "STOP" in page and "Only they can come back" in page


def test_a_stopped_row_has_no_button_and_says_why(site, keeper):
    person = make_subscriber(site, status=STOPPED)
    shown = text(keeper)
    assert reverse("wagtail_sms:subscriber_toggle", args=[person.pk]) not in shown
    assert "They unsubscribed with a STOP text." in shown


def test_the_toggle_comes_back_to_the_same_page_of_the_list(site, keeper):
    person = make_subscriber(site)
    here = f"{reverse(LIST)}?status=active&p=1&sms_site={site.pk}"
    assert here.replace("&", "&amp;") in text(keeper, status="active", p=1)
    assert toggle(keeper, person, target=SUSPENDED, next=here).url == here
    assert toggle(keeper, person, target=ACTIVE, next="https://evil.example/").url == for_site(reverse(LIST), site)


@pytest.mark.parametrize("act", ["toggle", "delete"])
def test_the_list_comes_back_for_its_own_site_after_a_switch_elsewhere(site, other_site, superuser, act):
    person, client = make_subscriber(site), signed_in(superuser)
    here = client.get(reverse(LIST)).context["view"].here
    client.post(reverse("wagtail_sms:switch_site"), {"site": other_site.pk})
    response = client.post(
        reverse(f"wagtail_sms:subscriber_{act}", args=[person.pk]), {"sms_site": site.pk, "next": here}, follow=True
    )
    assert response.context["sms_site"] == site


def test_the_toggle_needs_a_post_and_the_right(site, keeper, viewer):
    person = make_subscriber(site)
    url = reverse("wagtail_sms:subscriber_toggle", args=[person.pk])
    assert keeper.get(url).status_code == 405
    assert toggle(viewer, person, target=SUSPENDED).url == reverse("wagtailadmin_home")
    assert url not in text(viewer)
    assert status(person) == ACTIVE


def test_delete_asks_in_words_then_erases(site, keeper):
    person = make_subscriber(site, "+33612345678", country="FR")
    page = keeper.get(reverse("wagtail_sms:subscriber_delete", args=[person.pk])).content.decode()
    assert "only by signing up in the PWA again" in page and "+33 6 12 34 56 78" in page
    assert Subscriber.objects.filter(pk=person.pk).exists()
    delete(keeper, person)
    assert not Subscriber.objects.filter(pk=person.pk).exists()
    assert Suppression.objects.get().reason == "deleted"


def test_the_log_of_a_deletion_holds_no_number(site, keeper):
    person = make_subscriber(site, "+33612345678", country="FR")
    delete(keeper, person)
    entry = ModelLogEntry.objects.get(action="wagtail_sms.delete")
    assert entry.label == f"Subscriber {person.pk}"
    assert "78" not in str(entry.data)


def test_delete_needs_the_right(site, viewer):
    person = make_subscriber(site)
    url = reverse("wagtail_sms:subscriber_delete", args=[person.pk])
    assert viewer.get(url).url == reverse("wagtailadmin_home")
    assert delete(viewer, person).url == reverse("wagtailadmin_home")
    assert url not in text(viewer)
    assert Subscriber.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize("send", [toggle, delete])
def test_another_sites_person_cannot_be_touched(site, other_site, south_editor, send):
    person = make_subscriber(site)
    client = signed_in(south_editor)
    assert send(client, person).url == reverse("wagtailadmin_home")
    assert send(client, person, sms_site=other_site.pk).status_code == 404
    assert client.get(reverse("wagtail_sms:subscriber_delete", args=[person.pk])).status_code == 404
    assert status(person) == ACTIVE


def test_deleting_twice_is_not_found_the_second_time(site, keeper):
    person = make_subscriber(site)
    delete(keeper, person)
    assert delete(keeper, person).status_code == 404


def test_nobody_yet_and_no_popup_leads_to_the_rebuild(site, superuser):
    shown = text(signed_in(superuser))
    assert "Nobody signed up yet" in shown
    assert reverse("wagtail_sms:pwa") in shown and "rebuild it to include the popup" in shown


def test_nobody_yet_with_the_popup_says_when_it_shows(site, keeper):
    make_build(site, sms={"title": "News"})
    assert PwaBuild.objects.get().is_current
    shown = text(keeper)
    assert "once they have opened 10 pages" in shown


def test_the_list_is_filtered_by_cost_source_and_day(site, keeper):
    here = make_subscriber(site, "+12015550142")
    abroad = make_subscriber(site, "+33612345678", country="FR")
    nowhere = make_subscriber(site, "+85512345678", country="KH")
    Subscriber.objects.filter(pk=abroad.pk).update(source="form", created_at="2026-01-05T12:00Z")
    dear = credits_for("FR") - 1
    assert credits_for("US") <= dear
    assert listed(keeper, dearer_than=dear) == [abroad.number]
    assert listed(keeper, dearer_than=credits_for("FR")) == []
    assert listed(keeper, source="form") == [abroad.number]
    assert listed(keeper, signed_up_from="2026-01-05", signed_up_to="2026-01-05") == [abroad.number]
    assert set(listed(keeper, signed_up_from="2026-01-06")) == {here.number, nowhere.number}
    assert set(listed(keeper, dearer_than=0)) == {here.number, abroad.number}


@pytest.mark.parametrize("typed", ["-1", "many", "9" * 400, "1e400", "NaN", "2.5\x00"])
def test_a_cost_that_is_no_number_filters_nothing_and_is_no_error(site, keeper, typed):
    make_subscriber(site, "+12015550142")
    assert keeper.get(reverse(LIST), {"dearer_than": typed}).status_code == 200
