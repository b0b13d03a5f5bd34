"""One subscriber's page: what they agreed to, what they got and texted, and why they can't be texted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.admin.conftest import make_editor, signed_in
from tests.delivery.sending import sent
from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.admin.person_history import texts
from wagtail_sms.delivery import notices
from wagtail_sms.delivery.models import InboundEvent, Notice
from wagtail_sms.providers.base import Outcome
from wagtail_sms.states import NoticeStatus, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


EVERYTHING = ("view_subscriber", "change_subscriber", "delete_subscriber", "view_full_numbers_subscriber")


@pytest.fixture
def keeper(site):
    return signed_in(make_editor("Karin", site, *EVERYTHING, "view_campaign", "view_inboundevent"))


def shown(client, person) -> str:
    answer = client.get(reverse("wagtail_sms:subscriber", args=[person.pk]), {"sms_site": person.site_id})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def texted(site, person, body: str) -> None:
    now = timezone.now()
    InboundEvent.objects.create(
        provider="default",
        event_key=body,
        site=site,
        subscriber=person,
        sender=person.number,
        recipient="+12015550100",
        body=body,
        sent_at=now,
        received_at=now,
    )


def test_the_page_tells_what_was_agreed_sent_and_texted_back(site, provider, keeper):
    person = make_subscriber(site, "+12015550142")
    editor = make_editor("Ola", site)
    consent.suspend(person, by=editor)
    consent.resume(Subscriber.objects.get(pk=person.pk), by=editor)
    make_subscribers(site, 2, start=50)
    sent(site)
    texted(site, person, "When do you open?")
    page = shown(keeper, person)
    assert "+1 201-555-0142" in page
    assert page.index("Resumed by an editor") < page.index("Suspended by an editor")
    assert "Ola" in page
    assert "When do you open?" in page
    assert "Accepted" in page
    assert "An editor has suspended them" not in page


def test_the_page_says_why_somebody_cannot_be_texted(site, keeper):
    stopped = make_subscriber(site, "+12015550142")
    consent.stop(site, number=stopped.number, now=timezone.now())
    nowhere = make_subscriber(site, "+85512345678", country="KH", status=SubscriberStatus.SUSPENDED)
    assert "Only they can come back" in shown(keeper, stopped)
    page = shown(keeper, nowhere)
    assert "An editor has suspended them" in page
    assert "There is no price for their country" in page
    assert "Send them messages again" in page


def test_a_refused_message_and_one_that_was_skipped_say_so(site, provider, keeper):
    person = make_subscriber(site, "+12015550142")
    provider.script[person.number] = Outcome.REJECTED
    sent(site)
    assert "Rejected" in shown(keeper, person)


def test_numbers_and_proofs_stay_hidden_and_messages_and_replies_need_their_rights(site, provider):
    person = make_subscriber(site, "+12015550142")
    sent(site)
    consent.stop(site, number=person.number, now=timezone.now(), evidence="from +12015550142: STOP")
    texted(site, person, "A private word")
    page = shown(signed_in(make_editor("Vera", site, "view_subscriber")), person)
    assert "5550142" not in page.replace("-", "").replace(" ", "")
    assert "A private word" not in page
    assert "Sent to them" not in page
    assert "Texted STOP" in page


def test_another_sites_person_is_not_found(site, other_site, keeper, south_editor):
    theirs, ours = make_subscriber(other_site, "+12015550199"), make_subscriber(site, "+12015550142")
    for client, person, here in ((keeper, theirs, site), (signed_in(south_editor), ours, other_site)):
        answer = client.get(reverse("wagtail_sms:subscriber", args=[person.pk]), {"sms_site": here.pk})
        assert answer.status_code == 404
        assert person.number[-7:] not in answer.content.decode()


def test_the_list_leads_to_the_page(site, keeper):
    person = make_subscriber(site, "+12015550142")
    page = keeper.get(reverse("wagtail_sms:subscribers")).content.decode()
    assert f'href="{reverse("wagtail_sms:subscriber", args=[person.pk])}?sms_site={site.pk}"' in page


def test_many_messages_and_texts_cost_no_more_queries(site, provider, keeper):
    person = make_subscriber(site, "+12015550142")
    url = reverse("wagtail_sms:subscriber", args=[person.pk])
    asked = []
    for round_ in range(3):
        sent(site, body=f"Concert {round_}")
        texted(site, person, f"Thanks {round_}")
        with CaptureQueriesContext(connection) as queries:
            keeper.get(url, {"sms_site": site.pk})
        asked.append(len(queries))
    assert asked[1] == asked[2]


@pytest.mark.parametrize("status", NoticeStatus)
def test_every_state_of_a_single_text_has_a_look(site, status):
    person = make_subscriber(site, "+12015550142")
    facts = {"number": person.number, "country": "US", "body": "Hello", "now": timezone.now()}
    notices.test(site, key="one", **facts)
    Notice.objects.update(subscriber=person, status=status)
    assert [text.look.label for text in texts(person)] == [str(status.label)]
