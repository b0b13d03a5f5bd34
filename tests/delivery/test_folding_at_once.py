"""Several tasks that fold at the same time, on a database where they can."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from tests.delivery.sending import sent
from tests.factories import make_subscribers
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Batch, ReportEvent
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.providers.base import Outcome, ReportStatus, StatusReport
from wagtail_sms.signals import delivery_updated
from wagtail_sms.subscribers.models import Subscriber


@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite lets one write at a time"
)
@pytest.mark.django_db(transaction=True)
def test_reports_folded_by_four_tasks_at_once_are_folded_once(site, provider):
    people = make_subscribers(site, 300)
    for person in people[::3]:
        provider.script[person.number] = Outcome.UNCERTAIN
    campaign = sent(site)
    reports, counts = _reports(campaign, random.Random(5)), []
    for first in range(0, len(reports), 50):
        append(reports[first : first + 50], provider="default")

    def note(sender, campaign, count, **kwargs):
        counts.append(count)

    delivery_updated.connect(note)
    try:
        with ThreadPoolExecutor(4) as tasks:
            folded = sum(tasks.map(_fold_all, range(4)))
    finally:
        delivery_updated.disconnect(note)
    found = progress(campaign)
    assert (folded, ReportEvent.objects.count()) == (600, 0)
    assert (found.delivered, found.uncertain, found.credits_charged, found.credits_held) == (300, 0, 300, 0)
    assert 300 <= sum(counts) <= 600
    assert ledger.audit() == []


def _fold_all(_task: int) -> int:
    folded = 0
    try:
        while some := fold(limit=35):
            folded += some
    finally:
        connection.close()
    return folded


def _reports(campaign, dice: random.Random) -> list[StatusReport]:
    at, reports = datetime(2026, 11, 20, 8, tzinfo=UTC), []
    for batch in Batch.objects.filter(campaign=campaign):
        people = Subscriber.objects.filter(pk__range=(batch.first_id, batch.last_id))
        for number in people.values_list("number", flat=True):
            for status in (ReportStatus.SENT, ReportStatus.DELIVERED):
                reports.append(StatusReport(batch.reference, "", number, status, at, f"{number}{status}"))
    dice.shuffle(reports)
    return reports
