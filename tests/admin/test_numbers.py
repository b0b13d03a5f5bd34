"""The sender number: editors see it and ask, the operator changes it; and the alarm that nothing comes back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, permission, signed_in
from tests.admin.test_send import post as send_post
from tests.delivery.sending import sent
from tests.factories import SENDER, give_credits, make_card, make_subscriber, make_subscribers
from wagtail_sms import tasks
from wagtail_sms.countries import country_name
from wagtail_sms.delivery.models import Batch
from wagtail_sms.extension import Extension
from wagtail_sms.providers.base import AvailableNumber
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.states import CountryRequestStatus, ExtensionPlan, SenderStatus


pytestmark = pytest.mark.django_db
SWEDISH = "+46701740605"


@pytest.fixture
def operator(db) -> User:
    user = User.objects.create_user("olga", email="olga@example.org", password="secret", first_name="Olga")
    user.user_permissions.add(permission("access_admin"), permission("change_sender"))
    return user


@pytest.fixture
def desk(operator):
    return signed_in(operator)


@pytest.fixture
def editor(site):
    return signed_in(make_editor("nora", site))


@pytest.fixture
def swedish(provider, monkeypatch):
    offer = lambda country: AvailableNumber(SWEDISH, country, ("sms",)) if country == "SE" else None  # noqa: E731
    monkeypatch.setattr(provider, "find_number", offer)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def ask(client, country: str = "SE", reason: str = "Our guests are Swedish."):
    return client.post(reverse("wagtail_sms:number"), {"country": country, "reason": reason}, follow=True)


def page_of(site) -> str:
    return reverse("wagtail_sms:site_numbers", args=[site.pk])


def test_an_editor_sees_the_number_and_finds_no_field_for_it(editor, site):
    response = editor.get(reverse("wagtail_sms:number"))
    assert "+1 201-555-0123" in words(response)
    assert list(response.context["form"].fields) == ["country", "reason"]


def test_a_wish_waits_for_an_operator_who_can_be_written_to(editor, desk, site, swedish):
    users = User.objects.filter(email="olga@example.org")
    operator = users.get().pk
    User.objects.update(email="")
    ask(editor)
    tasks.tell_operators()
    assert mail.outbox == []
    User.objects.filter(pk=operator).update(email="olga@example.org")
    tasks.tell_operators()
    assert [letter.to for letter in mail.outbox] == [["olga@example.org"]]


def test_from_the_wish_to_the_new_number(editor, desk, site, swedish):
    assert "The operator was told" in words(ask(editor))
    tasks.tell_operators()
    assert [letter.to for letter in mail.outbox] == [["olga@example.org"]]
    listed = words(desk.get(reverse("wagtail_sms:all_numbers")))
    assert "1 request waits for you" in listed
    assert "Our guests are Swedish." in listed
    answered = desk.post(page_of(site), {"country": "SE", "action-change": "1"}, follow=True)
    assert "A new number is being bought" in words(answered)
    tasks.obtain_numbers()
    seen = words(editor.get(reverse("wagtail_sms:number")))
    assert "+46 70 174 06 05" in seen
    assert "Replies to it still arrive until" in seen
    assert CountryRequest.objects.get().status == CountryRequestStatus.DONE
    assert "waits for you" not in words(desk.get(reverse("wagtail_sms:all_numbers")))
    actions = set(ModelLogEntry.objects.values_list("action", flat=True))
    assert {"wagtail_sms.country_request", "wagtail_sms.change_sender"} <= actions


def test_a_declined_wish_tells_why_and_may_be_followed_by_another(editor, desk, site):
    ask(editor, "FR")
    assert "is open already" in words(ask(editor, "SE"))
    empty = desk.post(page_of(site), {"action-decline": "1", "answer": ""})
    assert "This field is required" in words(empty)
    desk.post(page_of(site), {"action-decline": "1", "answer": "French numbers need papers."})
    seen = words(editor.get(reverse("wagtail_sms:number")))
    assert "French numbers need papers." in seen
    assert "Request another country" in seen
    twice = desk.post(page_of(site), {"action-decline": "1", "answer": "No."}, follow=True)
    assert "already" in words(twice)


def test_who_may_not_change_settings_can_not_ask(site):
    reader = signed_in(make_editor("rolf", site, "view_campaign"))
    assert "Request another country" not in words(reader.get(reverse("wagtail_sms:number")))
    ask(reader)
    assert not CountryRequest.objects.exists()


def test_no_editor_reaches_the_operators_pages(editor, site):
    before = SenderNumber.objects.values_list("number", "country", "status").get()
    for address in (reverse("wagtail_sms:all_numbers"), page_of(site)):
        assert editor.get(address).status_code == 302
    assert editor.post(page_of(site), {"country": "SE", "action-change": "1"}).status_code == 302
    assert SenderNumber.objects.values_list("number", "country", "status").get() == before


def test_an_unknown_country_is_refused(editor, desk, site):
    assert "Select a valid choice" in words(ask(editor, "XX"))
    assert "Select a valid choice" in words(desk.post(page_of(site), {"country": "XX", "action-change": "1"}))
    assert SenderNumber.objects.count() == 1


def test_the_operator_stops_looking_for_a_number_that_nobody_sells(desk, site, swedish):
    assert "Stop looking" not in words(desk.get(page_of(site)))
    desk.post(page_of(site), {"country": "FR", "action-change": "1"})
    tasks.obtain_numbers()
    assert "has no number to offer" in words(desk.get(page_of(site)))
    desk.post(page_of(site), {"action-keep": "1"})
    assert SenderNumber.objects.get().number == SENDER


def test_the_operator_ends_a_trial(desk, site):
    SenderNumber.objects.all().delete()
    Extension.objects.update(plan=ExtensionPlan.TRIAL)
    assert "End the trial now" in words(desk.get(page_of(site)))
    desk.post(page_of(site), {"action-end-trial": "1"})
    tasks.obtain_numbers()
    assert SenderNumber.objects.get(site=site).status == SenderStatus.ACTIVE


def test_a_site_in_trial_reads_about_the_shared_number_and_gets_no_form(editor, site):
    Extension.objects.update(plan=ExtensionPlan.TRIAL, trial_until=timezone.now() + timedelta(days=9))
    seen = words(editor.get(reverse("wagtail_sms:number")))
    assert "which the sites in trial share" in seen
    assert "Request another country" not in seen


# Countries that can't answer


def test_they_are_named_on_the_number_page_with_their_people(editor, site):
    make_card({"US": (1, "default"), "IN": (4, "default"), "TR": (5, "default"), "FR": (8, "default")})
    make_subscriber(site, "+919876543210", country="IN")
    one_way = editor.get(reverse("wagtail_sms:number")).context["one_way"]
    assert one_way == [("India", 1), (country_name("TR"), 0)]


def test_they_are_named_before_sending_with_the_link_and_its_segments(editor, site):
    make_card({"US": (1, "default"), "IN": (4, "default")})
    make_subscribers(site, 2)
    make_subscriber(site, "+919876543210", country="IN")
    give_credits(site, 100)
    asked = send_post(editor, site, body="a" * 140)
    seen = words(asked)
    assert "1 person can't answer STOP" in seen
    assert "India" in seen
    assert "STOP: http://localhost/sms/stop/…" in seen
    assert "Such a text has 2 segments." in seen


# The alarm


def test_the_alarm_is_shown_to_editors_and_operators(editor, desk, site):
    make_subscribers(site, 2)
    sent(site)
    pages = [reverse("wagtail_sms:send"), reverse("wagtail_sms:history"), reverse("wagtail_sms:settings")]
    assert all("no delivery report has come in" not in words(editor.get(page)) for page in pages)
    Batch.objects.update(finished_at=timezone.now() - timedelta(minutes=20))
    for page in pages:
        assert "no delivery report has come in" in words(editor.get(page))
        assert "Tell the operator" in words(editor.get(page))
    assert "sms_doctor" in words(desk.get(reverse("wagtail_sms:all_numbers")))


def test_the_number_page_of_a_site_that_waits_for_its_first(editor, site):
    SenderNumber.objects.update(status=SenderStatus.REQUESTED, number="", problem="The SMS provider has no number.")
    seen = words(editor.get(reverse("wagtail_sms:number")))
    assert "Being obtained" in seen
    assert SENDER not in seen
