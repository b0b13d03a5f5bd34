"""The same reports, come twice at the same time, on a database that takes several writes at once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from wagtail_sms.delivery.many import fetch
from wagtail_sms.delivery.models import ReportEvent
from wagtail_sms.delivery.reports import append
from wagtail_sms.providers.base import ReportStatus, StatusReport


WAITS_FOR_US = "SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"


@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite lets one write at a time"
)
@pytest.mark.django_db(transaction=True)
def test_a_call_repeated_in_another_order_waits_for_the_first_and_neither_fails():
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    first, second = (
        StatusReport("reference", "", "+12015550100", status, at, str(status))
        for status in (ReportStatus.DELIVERED, ReportStatus.SENT)
    )
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            append([first], provider="default")
            repeated = other.submit(_append, [second, first])
            while not (repeated.done() or fetch(WAITS_FOR_US, [])):
                time.sleep(0.01)
            append([second], provider="default")
        repeated.result()
    assert ReportEvent.objects.count() == 2


def _append(reports: list[StatusReport]) -> None:
    try:
        append(reports, provider="default")
    finally:
        connection.close()
