"""The Inbox tab: who sees which texts, finding them, and deciding the doubtful ones."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.admin.conftest import make_editor, signed_in
from tests.factories import SENDER, make_subscriber
from wagtail_sms.admin.inbox import TAKEN, InboxView
from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.models import InboundEvent, Notice
from wagtail_sms.keywords import classify
from wagtail_sms.states import InboundVerdict, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


LIST = "wagtail_sms:inbox"
PERSON = "+12015550100"
DOUBTFUL = "Don't stop the music"


def make_text(site, body: str, *, sender: str = PERSON, days_ago: float = 0) -> InboundEvent:
    """A text as it is kept, taken for what it is taken for."""
    at = timezone.now() - timedelta(days=days_ago)
    key = f"k{InboundEvent.objects.count()}"
    taken = {"keyword": str(classify(body) or ""), "sent_at": at, "received_at": at}
    to = {"provider": "default", "event_key": key, "sender": sender, "recipient": SENDER}
    return InboundEvent.objects.create(site=site, body=body, **to, **taken)


@pytest.fixture
def keeper(site):
    """Reads the inbox with full numbers, and may decide."""
    return signed_in(
        make_editor("Karin", site, "view_inboundevent", "change_subscriber", "view_full_numbers_subscriber")
    )


@pytest.fixture
def reader(site):
    """Reads the inbox, numbers masked."""
    return signed_in(make_editor("Vera", site, "view_inboundevent"))


def listed(client, **query) -> list[str]:
    return [event.body for event in client.get(reverse(LIST), query).context["table"].data]


def page(client, **query) -> str:
    return " ".join(client.get(reverse(LIST), query).content.decode().split())


def decide(client, name: str, event, *, follow=False, **fields):
    url = reverse(f"wagtail_sms:inbox_{name}", args=[event.pk])
    return client.post(url, {"sms_site": event.site_id, **fields}, follow=follow)


def test_a_row_shows_who_texted_what_and_what_it_was_taken_for(site, keeper):
    make_subscriber(site, PERSON)
    make_text(site, "STOP")
    make_text(site, "See you <b>tonight</b>", sender="+12015550188")
    shown = page(keeper)
    assert "+1 201-555-0100" in shown and "Receives messages" in shown
    assert "#icon-wagtail-sms-mobile-slash" in shown and "STOP" in shown
    assert "See you &lt;b&gt;tonight&lt;/b&gt;" in shown and "No subscriber" in shown


def test_numbers_are_masked_without_the_right_to_see_them(site, reader):
    make_text(site, "Hello")
    shown = page(reader)
    assert "+1 2••-•••-••00" in shown
    assert "555-0100" not in shown and PERSON not in shown


def test_the_texts_of_another_site_are_not_there(site, other_site, keeper):
    event = make_text(other_site, DOUBTFUL)
    assert listed(keeper) == []
    for name in ("stop", "leave"):
        url = reverse(f"wagtail_sms:inbox_{name}", args=[event.pk])
        assert keeper.post(url, {"sms_site": site.pk}).status_code == 404
    event.refresh_from_db()
    assert event.verdict == ""


@pytest.mark.parametrize("rights", [("view_subscriber", "change_subscriber"), ("send_campaign",)])
def test_without_the_right_there_is_no_tab_and_no_page(site, rights):
    event = make_text(site, DOUBTFUL)
    client = signed_in(make_editor("eva", site, *rights))
    assert client.get(reverse(LIST)).url == reverse("wagtailadmin_home")
    assert decide(client, "stop", event).url == reverse("wagtailadmin_home")
    shown = client.get(reverse("wagtail_sms:index"), follow=True)
    assert "inbox" not in [tab.name for tab in shown.context["sms_tabs"]]
    assert "to decide)" not in shown.content.decode()


def test_who_only_reads_decides_nothing(site, reader):
    event = make_text(site, DOUBTFUL)
    assert "Treat as STOP" not in page(reader)
    for name in ("stop", "leave"):
        assert decide(reader, name, event).url == reverse("wagtailadmin_home")
    event.refresh_from_db()
    assert event.verdict == ""


def test_a_doubtful_text_is_announced_until_somebody_decides(site, keeper):
    assert "to decide)" not in page(keeper)
    event = make_text(site, DOUBTFUL)
    shown = page(keeper)
    assert "(1 to decide)" in shown and "Nobody was unsubscribed because of it" in shown
    assert listed(keeper, taken="waiting") == [DOUBTFUL]
    decide(keeper, "leave", event)
    assert "to decide)" not in page(keeper)
    assert "Nothing waits for a decision" in page(keeper, taken="waiting")


def test_treat_as_stop_asks_first_and_then_unsubscribes_with_a_log_entry(site, keeper):
    person, event = make_subscriber(site, PERSON), make_text(site, DOUBTFUL)
    asked = keeper.get(reverse("wagtail_sms:inbox_stop", args=[event.pk])).content.decode()
    assert "Don&#x27;t stop the music" in asked and "You can&#x27;t undo this" in asked.replace("can't", "can&#x27;t")
    assert Subscriber.objects.get().status == SubscriberStatus.ACTIVE
    answer = decide(keeper, "stop", event, follow=True)
    person.refresh_from_db()
    assert (person.status, person.stopped_at) == (SubscriberStatus.STOPPED, event.sent_at)
    assert "+1 201-555-0100 is unsubscribed" in answer.content.decode()
    entry = ModelLogEntry.objects.get()
    assert (entry.action, entry.label, entry.user.username) == (
        "wagtail_sms.treat_as_stop",
        f"Incoming text {event.pk}",
        "Karin",
    )
    assert not Notice.objects.exists()


def test_a_second_click_changes_and_logs_nothing_more(site, keeper):
    make_subscriber(site, PERSON)
    event = make_text(site, DOUBTFUL)
    for _ in range(2):
        assert decide(keeper, "stop", event).status_code == 302
    assert ModelLogEntry.objects.count() == 1


def test_following_the_link_alone_unsubscribes_nobody(site, keeper):
    make_subscriber(site, PERSON)
    event = make_text(site, DOUBTFUL)
    keeper.get(reverse("wagtail_sms:inbox_stop", args=[event.pk]))
    assert keeper.get(reverse("wagtail_sms:inbox_leave", args=[event.pk])).status_code == 405
    assert Subscriber.objects.get().status == SubscriberStatus.ACTIVE


def test_nothing_in_the_inbox_brings_anybody_back(site, keeper):
    person, event = make_subscriber(site, PERSON), make_text(site, DOUBTFUL)
    decide(keeper, "stop", event)
    decide(keeper, "leave", event)
    event.refresh_from_db()
    person.refresh_from_db()
    assert (event.verdict, person.status) == (InboundVerdict.STOP, SubscriberStatus.STOPPED)
    assert "Treat as STOP<" not in page(keeper) and "No STOP" not in page(keeper)


def test_who_came_back_since_is_not_unsubscribed_and_the_page_says_so(site, keeper):
    person, event = make_subscriber(site, PERSON), make_text(site, DOUBTFUL, days_ago=2)
    consent.stop(site, number=PERSON)
    consent.restart(site, number=PERSON)
    asked = keeper.get(reverse("wagtail_sms:inbox_stop", args=[event.pk])).content.decode()
    assert "it no longer counts" in asked and "Yes, unsubscribe" not in asked
    answer = decide(keeper, "stop", event, follow=True)
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    assert "it no longer counts" in answer.content.decode()


def test_after_deciding_one_is_back_where_one_was(site, keeper):
    event = make_text(site, DOUBTFUL)
    here = f"{reverse(LIST)}?taken=waiting&sms_site={site.pk}"
    assert decide(keeper, "leave", event, next=here).url == here
    assert decide(keeper, "stop", event, next="https://elsewhere.example/").url.startswith(reverse(LIST))


def test_the_filters_split_the_texts_without_rest_or_overlap(site, keeper):
    texts = (
        "STOP",
        "START",
        "HELP",
        DOUBTFUL,
        "bus stop 12",
        "I never asked to opt out",
        "See you",
        "Nonstop fun",
        "Ok",
    )
    events = [make_text(site, body, sender=f"+120155501{position:02}") for position, body in enumerate(texts)]
    inbox.leave(events[4], by=None)
    inbox.treat_as_stop(events[5], by=None)
    inbox.treat_as_stop(events[8], by=None)
    by_filter = {name: set(listed(keeper, taken=name)) for name in TAKEN}
    assert sum(map(len, by_filter.values())) == len(set().union(*by_filter.values())) == len(texts)
    assert by_filter == {
        "waiting": {DOUBTFUL, "Nonstop fun"},
        "stop": {"STOP", "I never asked to opt out", "Ok"},
        "start": {"START"},
        "help": {"HELP"},
        "else": {"bus stop 12", "See you"},
    }


def test_search_finds_words_and_numbers(site, keeper):
    make_text(site, "Where is the entrance?")
    make_text(site, "Two tickets", sender="+33612345678")
    assert listed(keeper, q="ENTRANCE") == ["Where is the entrance?"]
    assert listed(keeper, q="612 345") == ["Two tickets"]
    assert listed(keeper, q="nobody wrote this") == []


def test_search_tells_no_more_of_a_masked_number_than_is_shown(site, reader):
    make_text(site, "Hello")
    assert listed(reader, q="00") == ["Hello"]
    assert listed(reader, q="5550100") == []
    assert "last two digits" in page(reader, q="5550100")


def test_the_newest_text_comes_first_and_a_long_list_has_pages(site, keeper):
    for position in range(51):
        make_text(site, f"Text {position}", days_ago=position)
    assert listed(keeper)[0] == "Text 0"
    assert listed(keeper, p=2) == ["Text 50"]


def test_an_empty_inbox_says_what_will_be_there(site, keeper):
    shown = page(keeper)
    assert "Nobody has texted this site yet" in shown and "+1 201-555-0123" in shown


def test_a_text_that_turns_the_direction_is_shown_without_that(site, keeper):
    make_text(site, "abc\u202edef\u2066 ghi\u0007")
    assert "abcdef ghi" in page(keeper)


def test_a_long_text_is_folded_and_whole(site, keeper):
    make_text(site, "Well, " * 200 + "goodbye")
    assert "The whole text" in page(keeper) and "goodbye" in page(keeper)


def test_the_number_of_queries_does_not_grow_with_the_texts(site, keeper):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(keeper)
        return len(captured)

    make_subscriber(site, PERSON)
    make_text(site, DOUBTFUL)
    page(keeper)
    few = queries()
    for position in range(20):
        make_subscriber(site, f"+1201555{position:04}")
        make_text(site, f"Text {position}", sender=f"+1201555{position:04}")
    assert queries() == few


def test_deleting_a_subscriber_deletes_what_they_texted(site):
    client = signed_in(make_editor("dora", site))
    person = make_subscriber(site, PERSON)
    make_text(site, "I am Ada Lovelace, 12 Example Street")
    make_text(site, "Hello", sender="+12015550188")
    url = reverse("wagtail_sms:subscriber_delete", args=[person.pk])
    client.post(url, {"sms_site": site.pk})
    assert [event.body for event in InboundEvent.objects.all()] == ["Hello"]


def test_a_text_that_arrives_while_the_page_is_made_is_not_announced_without_being_listed(site, keeper, monkeypatch):
    reads_rows = InboxView.get_table

    def arriving(view, object_list):
        table = reads_rows(view, object_list)
        make_text(site, DOUBTFUL)
        return table

    monkeypatch.setattr(InboxView, "get_table", arriving)
    assert "may ask to stop" not in page(keeper)
    monkeypatch.undo()
    after = page(keeper)
    assert "1 text may ask to stop" in after and "No STOP" in after
