"""Switching off or on everybody whom the list shows."""

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, signed_in
from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.states import ConsentKind, SubscriberStatus
from wagtail_sms.subscribers import crowd
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber


SUSPEND, RESUME = "wagtail_sms:subscribers_suspend", "wagtail_sms:subscribers_resume"
ACTIVE, SUSPENDED, STOPPED = SubscriberStatus.ACTIVE, SubscriberStatus.SUSPENDED, SubscriberStatus.STOPPED


@pytest.fixture
def keeper(site):
    rights = ("view_subscriber", "change_subscriber", "view_full_numbers_subscriber")
    return signed_in(make_editor("Karin", site, *rights))


def address(name: str, site, query: str = "") -> str:
    return f"{reverse(name)}?sms_site={site.pk}&{query}"


def people(site) -> dict[str, str]:
    return dict(Subscriber.objects.of(site).values_list("number", "status"))


def test_those_who_cost_more_are_suspended_and_the_saving_is_told(site, other_site, keeper):
    make_subscribers(site, 3)
    dear = make_subscribers(site, 2, country="FR")
    theirs = make_subscribers(other_site, 1, country="FR", start=9)
    query = f"dearer_than={credits_for('FR') - 1}"
    page = " ".join(keeper.get(address(SUSPEND, site, query)).content.decode().split())
    assert "Suspend 2 people?" in page
    assert f"costs {2 * credits_for('FR')} credits less" in page
    assert set(people(site).values()) == {ACTIVE}

    answer = keeper.post(address(SUSPEND, site, query), {"sms_site": site.pk}, follow=True)
    assert "2 people are suspended." in answer.content.decode()
    assert {number for number, status in people(site).items() if status == SUSPENDED} == {p.number for p in dear}
    assert people(other_site) == {theirs[0].number: ACTIVE}
    assert ConsentEvent.objects.filter(kind=ConsentKind.SUSPEND, by__username="Karin").count() == 2
    assert ModelLogEntry.objects.get(action="wagtail_sms.suspend_all").message == "2 subscribers suspended"


def test_doing_it_again_changes_nobody(site, keeper):
    make_subscribers(site, 2)
    for _press in range(2):
        answer = keeper.post(address(SUSPEND, site), {"sms_site": site.pk}, follow=True)
    assert "There was nobody left to change." in answer.content.decode()
    assert ConsentEvent.objects.filter(kind=ConsentKind.SUSPEND).count() == 2


def test_nobody_who_texted_stop_is_switched_on(site, keeper):
    make_subscriber(site, "+12015550142", status=SUSPENDED)
    make_subscriber(site, "+12015550143", status=STOPPED)
    make_subscriber(site, "+12015550144", status=SubscriberStatus.UNREACHABLE)
    keeper.post(address(RESUME, site), {"sms_site": site.pk})
    assert people(site) == {
        "+12015550142": ACTIVE,
        "+12015550143": STOPPED,
        "+12015550144": SubscriberStatus.UNREACHABLE,
    }


def test_a_search_is_kept_and_a_filter_that_cannot_be_read_means_nobody(site, keeper):
    make_subscriber(site, "+12015550142")
    make_subscriber(site, "+12015550199")
    keeper.post(address(SUSPEND, site, "dearer_than=many"), {"sms_site": site.pk})
    assert set(people(site).values()) == {ACTIVE}
    keeper.post(address(SUSPEND, site, "q=0142"), {"sms_site": site.pk})
    assert people(site) == {"+12015550142": SUSPENDED, "+12015550199": ACTIVE}


def test_a_crowd_is_switched_by_the_chunk_and_no_further_than_one_press_may(site, keeper, monkeypatch):
    monkeypatch.setattr(crowd, "CHUNK", 3)
    monkeypatch.setattr(crowd, "MOST_AT_ONCE", 7)
    make_subscribers(site, 10)
    keeper.post(address(SUSPEND, site), {"sms_site": site.pk})
    assert list(people(site).values()).count(SUSPENDED) == 7
    keeper.post(address(SUSPEND, site), {"sms_site": site.pk})
    assert list(people(site).values()).count(SUSPENDED) == 10


@pytest.mark.parametrize("name", [SUSPEND, RESUME])
def test_without_the_right_here_nothing_changes(site, south_editor, name):
    make_subscriber(site, "+12015550142")
    make_subscriber(site, "+12015550143", status=SUSPENDED)
    before = people(site)
    for client in (signed_in(make_editor("Vera", site, "view_subscriber")), signed_in(south_editor)):
        assert client.post(address(name, site), {"sms_site": site.pk}).status_code in (302, 403, 404)
        assert people(site) == before


def test_the_list_offers_it_only_for_what_was_searched_for(site, keeper):
    make_subscribers(site, 2)
    assert reverse(SUSPEND) not in keeper.get(reverse("wagtail_sms:subscribers")).content.decode()
    found = keeper.get(reverse("wagtail_sms:subscribers"), {"status": "active"}).content.decode()
    assert f"{reverse(SUSPEND)}?status=active&amp;sms_site={site.pk}" in found
