"""Words that this version doesn't know: kept, shown to operators, and nothing done about them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.delivery.sending import sent
from tests.delivery.test_opt_outs import SECRET, tell
from tests.factories import SENDER, make_subscriber
from wagtail_sms.delivery import strange
from wagtail_sms.delivery.models import Batch, Delivery, FoldedReport, StrangeWord
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.doctor import examine
from wagtail_sms.providers import messagebird_webhooks
from wagtail_sms.states import DeliveryStatus


pytestmark = pytest.mark.django_db
PERSON = "+12015550100"


@pytest.fixture
def bird(site, settings):
    options = {"API_KEY": "bk_eu1_x", "WEBHOOK_SECRET": SECRET, "SENDER": SENDER}
    entry = {"BACKEND": "wagtail_sms.providers.bird.BirdProvider", "OPTIONS": options}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": entry}}


def report(site, status="teleported", **more):
    reference = Batch.objects.get(campaign=sent(site)).reference
    fields = {"id": "m1", "reference": reference, "recipient": PERSON.lstrip("+"), "status": status}
    return messagebird_webhooks.report({**fields, "statusDatetime": timezone.now().isoformat(), **more})


def test_a_status_nobody_knows_is_kept_and_moves_nothing(site):
    make_subscriber(site, PERSON)
    heard = report(site)
    append([heard], provider="default")
    append([heard], provider="default")
    assert StrangeWord.objects.get().times == 1
    fold()
    assert FoldedReport.objects.get().raw_status == "teleported"
    assert Delivery.objects.get().status == DeliveryStatus.HANDED


def test_the_operator_is_shown_the_word_and_no_number(site, admin_client):
    make_subscriber(site, PERSON)
    append([report(site, statusErrorCode="77", statusReason=f"gone to {PERSON}")], provider="default")
    page = admin_client.get(reverse("wagtail_sms:all_numbers")).content.decode()
    assert "<strong>teleported</strong> is what default named the status of a text" in " ".join(page.split())
    assert "77 gone to +..." in page
    [found] = [one for one in examine() if one.subject == "Words of default"]
    assert "“teleported”, 1 time" in found.sentence


def test_an_event_nobody_knows_is_answered_and_shown(client, site, bird, admin_client):
    for _turn in range(2):
        assert tell(client, "rcs.teleported", to="+33612345678").status_code == 200
    heard = StrangeWord.objects.get()
    assert (heard.kind, heard.word, heard.times) == ("event", "rcs.teleported", 2)
    assert '"to": "+..."' in heard.example
    page = admin_client.get(reverse("wagtail_sms:all_numbers")).content.decode()
    assert "<strong>rcs.teleported</strong> is an event that default told of 2 times" in " ".join(page.split())


def test_words_are_forgotten_after_a_while(site):
    make_subscriber(site, PERSON)
    append([report(site)], provider="default")
    later = timezone.now() + timedelta(days=31)
    assert not strange.lately(now=later).exists()
    assert strange.forget(now=later) == 1
