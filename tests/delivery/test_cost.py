"""What a recipient costs, counted and not timed: statements, requests and tasks don't grow faster than batches."""

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import give_credits, make_subscribers
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery import wire
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch, ReportEvent
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import ReportStatus, StatusReport


pytestmark = pytest.mark.django_db


class Counted:
    """Statements that change or read rows. The tests' own transaction makes savepoints of what begins one elsewhere."""

    def __init__(self):
        self.statements = 0

    def __enter__(self) -> "Counted":
        self._wrapper = connection.execute_wrapper(self._count)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *exc_info) -> None:
        self._wrapper.__exit__(*exc_info)

    def _count(self, execute, sql, params, many, context):
        self.statements += "SAVEPOINT" not in sql
        return execute(sql, params, many, context)


@pytest.fixture
def fast(settings):
    changes = {"CONCURRENT_REQUESTS": 64, "MAX_REQUESTS_PER_SECOND": 100_000}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **changes}


def planned(site, count: int):
    make_subscribers(site, count)
    give_credits(site, count)
    body = "Tonight: piano."
    campaign = launch(compose(site, body=body, form_token=uuid4()), quote=estimate(site, body=body))
    plan(campaign.pk)
    return campaign


def test_a_recipient_costs_a_fiftieth_of_a_statement_and_of_a_request(site, fast, monkeypatch):
    """All answers of a claim come at once here, as they do at any rate that needs the speed."""
    planned(site, 6400)
    answers = wire.Wire.answers
    monkeypatch.setattr(wire.Wire, "answers", lambda self, *, seconds, enough: answers(self, seconds=5, enough=32))
    with Counted() as counted:
        dispatch()
    provider = get_provider()
    assert len(provider.texts) == 6400
    assert len(provider.outbox) == 128
    assert counted.statements / 6400 <= 0.02


@pytest.mark.parametrize("batches", [2, 40])
def test_claiming_many_batches_takes_as_many_statements_as_claiming_two(site, batches):
    planned(site, 2000)
    with Counted() as counted:
        assert len(claim(batches, provider="default", now=timezone.now())) == batches
    assert counted.statements <= 8


@pytest.mark.parametrize("people", [100, 1000])
def test_folding_many_reports_takes_as_many_statements_as_folding_a_hundred(site, fast, people):
    planned(site, people)
    dispatch()
    batches = {number: batch.reference for batch in get_provider().outbox for number in batch.recipients}
    append(
        [StatusReport(ref, "", number, ReportStatus.SENT, timezone.now(), number) for number, ref in batches.items()],
        provider="default",
    )
    with Counted() as counted:
        assert fold() == people
    assert counted.statements <= 10
    assert not ReportEvent.objects.exists()


def test_an_estimate_reads_the_subscribers_once(site):
    make_subscribers(site, 10)
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        estimate(site, body="Hello")
    assert sum("wagtail_sms_subscriber" in sql for sql in seen) == 1


def test_the_next_batch_is_found_by_an_index(site):
    campaign = planned(site, 100)
    waiting = Batch.objects.filter(campaign=campaign, status="queued", provider="default").order_by("crashes", "pk")
    plan_text = waiting.explain()
    assert "wagtail_sms_batch_next" in plan_text or connection.vendor == "postgresql"
