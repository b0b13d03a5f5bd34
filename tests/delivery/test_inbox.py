"""What becomes of the texts that people send: doubtful ones wait for somebody, old ones go."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.delivery.test_inbound import PERSON, text_in
from tests.factories import make_subscriber
from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.models import InboundEvent, Notice
from wagtail_sms.exceptions import CameBack
from wagtail_sms.phone import parse
from wagtail_sms.states import ConsentKind, InboundVerdict, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentEvent, Suppression
from wagtail_sms.subscribers.texts import current_wording
from wagtail_sms.tasks import daily


pytestmark = pytest.mark.django_db
DOUBTFUL = "Don't stop the music"


@pytest.fixture
def editor():
    return User.objects.create_user("edda")


@pytest.fixture
def person(site):
    return make_subscriber(site, PERSON)


@pytest.fixture
def doubtful(client, site, person) -> InboundEvent:
    text_in(client, DOUBTFUL, minutes_ago=10)
    return InboundEvent.objects.get()


def status_of(person) -> str:
    person.refresh_from_db()
    return person.status


def test_a_doubtful_text_stops_nobody_and_waits_for_somebody(site, person, doubtful):
    assert status_of(person) == SubscriberStatus.ACTIVE
    assert list(inbox.waiting(site)) == [doubtful]
    assert not Notice.objects.exists()


def test_treated_as_stop_it_stops_as_of_when_it_was_sent_and_says_who_read_it_so(site, person, doubtful, editor):
    assert inbox.treat_as_stop(doubtful, by=editor)
    assert (status_of(person), person.stopped_at) == (SubscriberStatus.STOPPED, doubtful.sent_at)
    event = ConsentEvent.objects.get(kind=ConsentKind.STOP)
    assert (event.by, event.source, event.evidence) == (editor, "inbox", DOUBTFUL)
    assert Suppression.objects.filter(site=site).count() == 1
    assert not inbox.waiting(site).exists()
    assert not Notice.objects.exists()


def test_treating_it_twice_stops_once(doubtful, editor):
    inbox.treat_as_stop(doubtful, by=editor)
    assert not inbox.treat_as_stop(doubtful, by=editor)
    assert ConsentEvent.objects.count() == 1


def test_left_as_it_is_the_person_stays_and_it_can_still_be_read_as_a_stop(site, person, doubtful, editor):
    assert inbox.leave(doubtful, by=editor)
    assert status_of(person) == SubscriberStatus.ACTIVE
    assert not inbox.waiting(site).exists()
    inbox.treat_as_stop(doubtful, by=editor)
    assert status_of(person) == SubscriberStatus.STOPPED


def test_a_stop_is_never_undone_by_leaving_it(person, doubtful, editor):
    inbox.treat_as_stop(doubtful, by=editor)
    assert not inbox.leave(doubtful, by=editor)
    doubtful.refresh_from_db()
    assert doubtful.verdict == InboundVerdict.STOP
    assert status_of(person) == SubscriberStatus.STOPPED


@pytest.mark.parametrize("way", ["start", "popup"])
def test_who_came_back_after_the_text_is_not_stopped_by_it(client, site, person, doubtful, editor, way):
    if way == "start":
        text_in(client, "STOP", key="in-2", minutes_ago=5)
        text_in(client, "START", key="in-3", minutes_ago=1)
    else:
        consent.opt_in(site, number=parse(PERSON), wording=current_wording(site))
    with pytest.raises(CameBack):
        inbox.treat_as_stop(doubtful, by=editor)
    assert status_of(person) == SubscriberStatus.ACTIVE


def test_any_text_can_be_treated_as_stop_also_of_somebody_unknown(client, site, editor):
    text_in(client, "Ei kiitos enää", sender="+358401234567")
    assert inbox.treat_as_stop(InboundEvent.objects.get(), by=editor)
    assert Suppression.objects.filter(site=site).count() == 1


def test_a_stop_of_the_person_settles_what_waits(client, site, person, doubtful):
    text_in(client, "STOP", key="in-2")
    doubtful.refresh_from_db()
    assert doubtful.verdict == InboundVerdict.SETTLED
    assert not inbox.waiting(site).exists()


def test_old_texts_are_deleted_but_none_that_still_waits(client, site, person, doubtful):
    text_in(client, "See you tonight", key="in-2")
    now = timezone.now() + timedelta(days=91)
    assert inbox.prune(now=now - timedelta(days=2)) == 0
    assert inbox.prune(now=now) == 1
    assert list(InboundEvent.objects.all()) == [doubtful]
    inbox.leave(doubtful, by=None)
    assert inbox.prune(now=now) == 1


def test_the_daily_task_deletes_old_texts(client, site):
    text_in(client, "See you tonight")
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=91))
    daily()
    assert not InboundEvent.objects.exists()


def test_what_somebody_texted_can_be_forgotten_on_one_site(client, site, person, doubtful):
    text_in(client, "See you", sender="+12015550188", key="in-2")
    assert inbox.forget(site, number=PERSON) == 1
    assert InboundEvent.objects.get().sender == "+12015550188"
