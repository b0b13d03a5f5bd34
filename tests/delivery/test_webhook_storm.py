"""Thousands of webhook calls, forged, spoilt, repeated and out of order, come to what the true ones say."""

import os
import random
import time

import pytest

from tests.delivery.sending import sent
from tests.delivery.webhook_storm import KEY, RANKS, Story, best, minutes_ago
from tests.factories import give_credits, make_subscribers
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Batch, Delivery, FoldedReport, InboundEvent, ReportEvent
from wagtail_sms.delivery.reports import fold
from wagtail_sms.providers import get_provider
from wagtail_sms.states import DeliveryStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db
CALLS = int(os.environ.get("STORM_CALLS", "1500"))
PEOPLE = 60
STATES = {
    None: DeliveryStatus.HANDED,
    "sent": DeliveryStatus.SENT,
    "buffered": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
}
FAILED = {DeliveryStatus.UNDELIVERED, DeliveryStatus.EXPIRED}


@pytest.fixture
def story(site, settings):
    """A message to sixty people, and what MessageBird tells of it and of them."""
    give_credits(site, 500)
    people = make_subscribers(site, PEOPLE)
    campaign = sent(site)
    backend = "wagtail_sms.providers.messagebird.MessageBirdProvider"
    options = {"ACCESS_KEY": "live_x", "SIGNING_KEY": KEY}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    story = Story(random.Random(7), get_provider().webhook_token())
    references = {
        person: reference
        for first, last, reference in Batch.objects.filter(campaign=campaign).values_list(
            "first_id", "last_id", "reference"
        )
        for person in people
        if first <= person.pk <= last
    }
    for person in people:
        story.tell(person.number, references[person], since=minutes_ago(30))
    return story


def rows() -> tuple[int, int]:
    return ReportEvent.objects.count() + FoldedReport.objects.count(), InboundEvent.objects.count()


def fold_all() -> None:
    while fold():
        pass


def storm(story: Story, client, *, folds: bool) -> dict[int, int]:
    """CALLS of them: each true one once or more, the rest forged or nonsense. Returns answers to what was not true."""
    true = [(call, True) for call in story.calls]
    again = [story.dice.choice(true) for _ in range(CALLS // 4)]
    false = [(story.forged(story.dice.choice(story.calls)), False) for _ in range(CALLS // 2)]
    overheard = [story.dice.choice(story.calls).overheard(time.time()) for _ in range(CALLS // 20)]
    calls = true + again + false + [(call, True) for call in overheard for _ in range(2)]
    calls += [(story.nonsense(), False) for _ in range(CALLS - len(calls))]
    story.dice.shuffle(calls)
    answers: dict[int, int] = {}
    for place, (call, is_true) in enumerate(calls):
        status = call.make(client, time.time())
        if is_true:
            assert status == 200, call
        else:
            answers[status] = answers.get(status, 0) + 1
        if folds and place % 100 == 99:
            fold_all()
    return answers


def assert_states_are_those_of(story: Story) -> None:
    found = dict(Delivery.objects.values_list("subscriber__number", "status"))
    for number, words in story.reports.items():
        word = best(words)
        if RANKS.get(word) == 2:
            assert found[number] in FAILED, (number, words)
        else:
            assert found[number] == STATES[word], (number, words)


def test_no_forged_call_leaves_a_row_or_a_fault_of_ours(story, client):
    answers = storm(story, client, folds=False)
    assert set(answers) <= {400, 404, 413}, answers
    distinct = sum(map(len, story.reports.values())), sum(map(len, story.texts.values()))
    assert rows() == distinct
    fold_all()
    assert_states_are_those_of(story)
    assert ledger.audit() == []


def test_the_same_states_whenever_reports_are_folded(story, client, site):
    storm(story, client, folds=True)
    fold_all()
    assert_states_are_those_of(story)
    states = dict(Subscriber.objects.of(site).values_list("number", "status"))
    for number, words in story.texts.items():
        stopped = bool(words) and words[-1] == "STOP"
        assert states[number] == (SubscriberStatus.STOPPED if stopped else SubscriberStatus.ACTIVE), words
