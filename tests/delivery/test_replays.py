"""A call that comes again, down to its signature: acted upon once."""

import random
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.delivery.sending import sent
from tests.delivery.webhook_storm import KEY, Story
from tests.factories import make_subscriber
from wagtail_sms.delivery import reports
from wagtail_sms.delivery.models import Batch, FoldedReport, InboundEvent, ReportEvent, SeenCall
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.providers import get_provider


pytestmark = pytest.mark.django_db
PERSON = "+12015550100"


@pytest.fixture
def story(site, settings):
    """A campaign to one person, of which MessageBird says that it was delivered, and a text of theirs."""
    make_subscriber(site, PERSON)
    reference = Batch.objects.get(campaign=sent(site)).reference
    backend = "wagtail_sms.providers.messagebird.MessageBirdProvider"
    options = {"ACCESS_KEY": "live_x", "SIGNING_KEY": KEY}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    told = Story(random.Random(1), get_provider().webhook_token())
    told.calls = [
        told.report(PERSON, reference, "delivered", timezone.now()),
        told.text(PERSON, "See you tonight", timezone.now()),
    ]
    return told


def kept() -> tuple[int, int]:
    return ReportEvent.objects.count() + FoldedReport.objects.count(), InboundEvent.objects.count()


def test_a_call_overheard_leaves_nothing_also_after_its_report_was_folded(story, client):
    calls = [call.overheard(time.time()) for call in story.calls]
    for _turn in range(3):
        assert [call.make(client, time.time()) for call in calls] == [200, 200]
        reports.fold()
    assert kept() == (1, 1)


def test_what_could_not_be_kept_is_taken_when_the_same_call_comes_again(story, client, monkeypatch):
    calls = [call.overheard(time.time()) for call in story.calls]

    def away(*args, **kwargs):
        raise OperationalError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr("wagtail_sms.delivery.reports.execute", away)
        broken.setattr("wagtail_sms.delivery.inbound.sites_of", away)
        assert [call.make(client, time.time()) for call in calls] == [503, 503]
    assert [call.make(client, time.time()) for call in calls] == [200, 200]
    assert kept() == (1, 1)


def test_calls_are_forgotten_when_their_signature_is_too_old_to_come_again(story, client):
    overheard = story.calls[0].overheard(time.time())
    overheard.make(client, time.time())
    reports.fold()
    sweep()
    assert SeenCall.objects.count() == 1
    sweep(now=timezone.now() + timedelta(minutes=3))
    assert SeenCall.objects.count() == 0
