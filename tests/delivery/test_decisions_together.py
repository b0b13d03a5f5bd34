"""Two tabs and a report at the same instant."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from tests.delivery.doubtful import looked_up_in_vain
from tests.delivery.test_reports import report
from tests.factories import make_installed_site
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.decisions import decide
from wagtail_sms.delivery.models import Batch, Decision
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.states import Verdict
from wagtail_sms.subscribers.models import Subscriber


PEOPLE = 6

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs DATABASE_URL with PostgreSQL"),
]


def together(*deeds) -> None:
    barrier = Barrier(len(deeds))

    def do(deed) -> None:
        try:
            barrier.wait()
            deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        list(pool.map(do, deeds))


@pytest.mark.parametrize("round_", range(5))
def test_one_decision_counts_and_every_report_is_believed(round_):
    site = make_installed_site()
    campaign = looked_up_in_vain(site, PEOPLE)
    batch, numbers = Batch.objects.get(), list(Subscriber.objects.values_list("number", flat=True))
    append([report(batch, number, ReportStatus.DELIVERED) for number in numbers[:2]], provider="default")

    def say(verdict):
        return lambda: decide(campaign, verdict=verdict, reason="So they say", by=None)

    together(say(Verdict.SENT), say(Verdict.NOT_SENT), say(Verdict.SENT), fold, sweep)
    fold()
    found, balance = progress(campaign), ledger.balance(site)
    decision = Decision.objects.get()
    assert found.delivered == 2
    assert (found.accepted, found.lost) == ((4, 0) if decision.verdict == Verdict.SENT else (0, 4))
    assert (found.uncertain, found.credits_held, balance.reserved) == (0, 0, 0)
    assert 500 - balance.available == found.credits_charged
    assert found.credits_charged in ((6,) if decision.verdict == Verdict.SENT else (0, 2))
    assert ledger.audit() == []
