"""Uncertain texts: what editors read on the message's page, and how operators decide."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, permission, signed_in
from tests.delivery.doubtful import looked_up_in_vain, nobody_answered, uncertain, uncertain_welcome
from tests.delivery.sending import launched
from tests.delivery.test_reports import report
from tests.factories import make_subscribers
from wagtail_sms.admin import uncertain_decide
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Batch, Decision, Notice
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.states import NoticePurpose, NoticeStatus, Verdict
from wagtail_sms.subscribers.models import Subscriber


SENT, NOT_SENT = Verdict.SENT, Verdict.NOT_SENT


@pytest.fixture
def operator(db) -> User:
    """May adjust credits, for all sites, and nothing else."""
    user = User.objects.create_user("olga", password="secret", first_name="Olga", last_name="Vik")
    user.user_permissions.add(permission("access_admin"), permission("adjust_credits"))
    return user


@pytest.fixture
def desk(operator):
    return signed_in(operator)


@pytest.fixture
def both(operator, desk):
    """An operator who may also see the messages."""
    operator.user_permissions.add(permission("view_campaign"))
    return desk


@pytest.fixture
def editor(site):
    return signed_in(make_editor("Eva", site))


def words(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def message_page(client, campaign):
    return client.get(reverse("wagtail_sms:campaign", args=[campaign.pk]))


def decide_page(campaign, verdict=SENT) -> str:
    return reverse("wagtail_sms:decide_campaign", args=[campaign.pk, verdict])


def decided(client, address: str, *, people: int, credits: int, reason: str = "Their support says so"):
    form = {"reason": reason, "people": people, "credits": credits}
    return client.post(address, form, follow=True)


# The message's page


def test_an_editor_reads_who_is_uncertain_what_was_tried_and_who_decides(site, editor):
    campaign = looked_up_in_vain(site, 3, accepted=2)
    shown = words(message_page(editor, campaign))
    assert "We could not find out whether 3 people were sent this message." in shown
    assert "It was asked 5 times since." in shown
    assert "3 credits are held until it is known." in shown
    assert "The operator of this website can look into the provider" in shown
    assert decide_page(campaign) not in message_page(editor, campaign).content.decode()


def test_while_it_is_looked_up_nobody_is_asked_to_decide(site, both):
    campaign = uncertain(site, 1)
    response = message_page(both, campaign)
    assert "We don&#x27;t know yet whether 1 person was sent this message." in words(response).replace("'", "&#x27;")
    assert "it is asked again. 1 credit is held" in words(response)
    assert decide_page(campaign) not in response.content.decode()


def test_a_message_without_doubt_says_nothing_of_it(site, both):
    make_subscribers(site, 2)
    shown = words(message_page(both, launched(site)))
    assert "find out" not in shown and "Decided by a person" not in shown


def test_an_operator_decides_from_the_messages_page(site, both):
    campaign = looked_up_in_vain(site, 3, accepted=2)
    assert decide_page(campaign, NOT_SENT) in message_page(both, campaign).content.decode()
    response = decided(both, decide_page(campaign, NOT_SENT), people=3, credits=3)
    assert response.context["campaign"] == campaign
    shown = words(response)
    assert "3 texts count as not sent. 3 credits came back." in shown
    assert "3 uncertain texts count as not sent, 3 credits came back: “Their support says so” Olga Vik" in shown
    found = {outcome.name: outcome.people for outcome in response.context["outcomes"]}
    assert found == {"accepted": 2, "lost": 3}
    assert ledger.balance(site).available == 498


def test_the_editors_read_what_was_decided_and_why(site, editor, desk):
    campaign = looked_up_in_vain(site, 1)
    decided(desk, decide_page(campaign), people=1, credits=1, reason="<b>They</b> had it")
    shown = message_page(editor, campaign).content.decode()
    assert "&lt;b&gt;They&lt;/b&gt; had it" in shown
    assert "1 uncertain text counts as sent, 1 credit was spent:" in words(message_page(editor, campaign))


# The question


@pytest.mark.parametrize(
    ("verdict", "asked", "effect"),
    [
        (SENT, "Count these 3 texts as sent?", "the 3 credits held for them are spent"),
        (NOT_SENT, "Count these 3 texts as not sent?", "the 3 credits held for them come back"),
    ],
)
def test_the_question_says_what_a_decision_does_and_where_to_look(site, desk, verdict, asked, effect):
    campaign = looked_up_in_vain(site, 3)
    response = desk.get(decide_page(campaign, verdict))
    assert asked in words(response) and effect in words(response)
    assert "Nothing is sent now, whatever you decide" in words(response)
    assert Batch.objects.get().reference in response.content.decode()
    assert campaign.body not in response.content.decode()
    assert progress(campaign).uncertain == 3


def test_without_a_reason_nothing_is_decided(site, desk):
    campaign = looked_up_in_vain(site, 3)
    for reason in ("", "  ", "x" * 256):
        response = decided(desk, decide_page(campaign), people=3, credits=3, reason=reason)
        assert response.context["form"].errors.keys() == {"reason"}
    assert not Decision.objects.exists()


def test_the_second_tab_changes_nothing_and_says_so(site, desk):
    campaign = looked_up_in_vain(site, 3)
    decided(desk, decide_page(campaign, SENT), people=3, credits=3)
    response = decided(desk, decide_page(campaign, NOT_SENT), people=3, credits=3)
    assert "Nothing waits for a decision here any more. Nothing was changed." in words(response)
    assert (progress(campaign).accepted, Decision.objects.count()) == (3, 1)
    assert ModelLogEntry.objects.filter(action="wagtail_sms.decide").count() == 1
    assert "Nothing waits for a decision here" in words(desk.get(decide_page(campaign)))


def test_a_report_between_looking_and_deciding_shows_the_new_figures_first(site, desk):
    campaign = looked_up_in_vain(site, 3)
    number = Subscriber.objects.order_by("pk").first().number
    append([report(Batch.objects.get(), number, ReportStatus.DELIVERED)], provider="default")
    fold()
    response = decided(desk, decide_page(campaign, NOT_SENT), people=3, credits=3)
    assert "This changed since you looked." in words(response)
    form = response.context["form"]
    assert (form["people"].value(), form["credits"].value()) == (2, 2)
    assert form["reason"].value() == "Their support says so"
    assert not Decision.objects.exists()
    decided(desk, decide_page(campaign, NOT_SENT), people=2, credits=2)
    assert (progress(campaign).delivered, progress(campaign).lost) == (1, 2)


def test_one_request_of_several_can_be_decided_alone(site, desk, monkeypatch):
    campaign = nobody_answered(site, 120)
    first = Batch.objects.order_by("pk").first()
    address = reverse("wagtail_sms:decide_batch", args=[first.pk, SENT])
    assert address in desk.get(decide_page(campaign)).content.decode()
    assert "50 texts count as sent." in words(decided(desk, address, people=50, credits=50))
    assert (progress(campaign).accepted, progress(campaign).uncertain) == (50, 70)
    monkeypatch.setattr(uncertain_decide, "REQUESTS_SHOWN", 1)
    assert "And 1 more, which is decided with them." in words(desk.get(decide_page(campaign)))


@pytest.mark.parametrize("address", ["messages/1/maybe/", "messages/999/sent/", "texts/999/welcome/sent/"])
def test_what_is_not_there_cannot_be_decided(site, desk, address):
    assert desk.get(reverse("wagtail_sms:uncertain") + address).status_code == 404


@pytest.mark.parametrize("name", ["editor", "both"])
def test_only_operators_decide(site, request, name):
    campaign, client = looked_up_in_vain(site, 1), request.getfixturevalue(name)
    response = decided(client, decide_page(campaign), people=1, credits=1)
    assert bool(Decision.objects.count()) == (name == "both")
    if name == "editor":
        assert response.redirect_chain[0][0] == reverse("wagtailadmin_home")
        assert client.get(reverse("wagtail_sms:uncertain")).url == reverse("wagtailadmin_home")


# All sites


def test_the_list_has_every_sites_doubts_and_no_numbers_or_messages(site, other_site, desk):
    first, second = looked_up_in_vain(site, 3), uncertain(other_site, 2, start=500)
    notice = uncertain_welcome(other_site, "+12015550178")
    response = desk.get(reverse("wagtail_sms:uncertain"))
    shown = words(response)
    assert [(row.site, row.name) for row in response.context["to_decide"]] == [
        ("Halle Nord", f"Message {first.pk}"),
        ("Atelier Sud", "Welcome text"),
    ]
    assert [(row.name, row.doubt.people) for row in response.context["looked_up"]] == [(f"Message {second.pk}", 2)]
    assert first.body not in shown and notice.number not in shown
    assert reverse("wagtail_sms:campaign", args=[first.pk]) not in response.content.decode()


def test_an_empty_list_says_so(site, desk):
    assert "Nothing waits for you." in words(desk.get(reverse("wagtail_sms:uncertain")))


def test_uncertain_welcome_texts_of_a_site_are_decided_together(site, desk):
    for number in range(3):
        uncertain_welcome(site, f"+120155501{77 + number}")
    [row] = desk.get(reverse("wagtail_sms:uncertain")).context["to_decide"]
    held = ledger.balance(site).reserved
    assert row.doubt.figures == (3, held)
    address = dict(row.links)[NOT_SENT]
    assert "Count these 3 texts as not sent?" in words(desk.get(address))
    response = decided(desk, address, people=3, credits=held)
    assert "3 texts count as not sent." in words(response)
    assert "Halle Nord, Welcome text" in words(response)
    assert set(Notice.objects.values_list("status", flat=True)) == {NoticeStatus.CANCELLED}
    assert ledger.balance(site).available == 500
    assert dict(row.links)[SENT] == reverse("wagtail_sms:decide_notices", args=[site.pk, NoticePurpose.WELCOME, SENT])


def test_the_list_asks_as_few_questions_for_many_requests_as_for_one(site, desk, django_assert_max_num_queries):
    campaign = nobody_answered(site, 120)
    desk.get(reverse("wagtail_sms:uncertain"))
    with django_assert_max_num_queries(20):
        desk.get(reverse("wagtail_sms:uncertain"))
    with django_assert_max_num_queries(20):
        desk.get(decide_page(campaign))
