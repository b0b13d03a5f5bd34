import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.delivery.test_inbound import post
from tests.factories import make_subscribers
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.models import Batch, Delivery, ReportEvent
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.providers.base import Outcome, ReportStatus, StatusReport
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus


pytestmark = pytest.mark.django_db


def report(batch: Batch, number: str, status: ReportStatus, *, seconds: int = 0, key: str = "") -> StatusReport:
    at = timezone.now() + timedelta(seconds=seconds)
    return StatusReport(batch.reference, "id", number, status, at, key or f"{batch.pk}{number}{status}{seconds}")


def test_signed_reports_move_deliveries_forward(client, site):
    people = make_subscribers(site, 2)
    campaign = sent(site)
    batch = Batch.objects.get(campaign=campaign)
    payload = [
        {
            "reference": batch.reference,
            "provider_id": "id",
            "recipient": person.number,
            "status": "delivered",
            "occurred_at": timezone.now().isoformat(),
            "event_key": f"k{person.pk}",
        }
        for person in people
    ]
    assert post(client, "reports", payload).status_code == 200
    assert post(client, "reports", payload).status_code == 200
    assert ReportEvent.objects.count() == 2
    fold()
    assert progress(campaign).delivered == 2


def test_an_unsigned_report_is_refused_and_leaves_no_row(client, site):
    assert post(client, "reports", [{"reference": "x"}], signature="").status_code == 400
    assert not ReportEvent.objects.exists()


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "undelivered"])))
def test_reports_in_any_order_end_in_the_same_state(site, order):
    [person] = make_subscribers(site, 1)
    campaign = sent(site)
    batch = Batch.objects.get(campaign=campaign)
    for position, status in enumerate(order):
        append([report(batch, person.number, ReportStatus(status), seconds=position)], provider="default")
        fold()
    assert Delivery.objects.get(campaign=campaign).status == DeliveryStatus.DELIVERED


def test_a_report_that_is_faster_than_our_own_commit_is_kept(site, provider):
    [person] = make_subscribers(site, 1)
    campaign = launched(site)
    plan(campaign.pk)
    [claimed] = claim(5, provider="default", now=timezone.now())
    append([report(claimed.batch, person.number, ReportStatus.DELIVERED)], provider="default")
    fold()
    from wagtail_sms.delivery.record import record
    from wagtail_sms.providers.base import SendResult

    record([(claimed, [SendResult(person.number, Outcome.ACCEPTED, provider_id="id")])], now=timezone.now())
    found = progress(campaign)
    assert (found.delivered, found.credits_charged) == (1, 1)


def test_a_report_proves_an_uncertain_recipient_and_spends_the_held_credits(site, provider):
    people = make_subscribers(site, 2)
    provider.script[people[0].number] = Outcome.UNCERTAIN
    provider.script[people[1].number] = Outcome.UNCERTAIN
    campaign = sent(site)
    batch = Batch.objects.get(campaign=campaign)
    assert batch.status == BatchStatus.UNCERTAIN
    append([report(batch, people[0].number, ReportStatus.DELIVERED)], provider="default")
    fold()
    found = progress(campaign)
    assert (found.delivered, found.uncertain, found.credits_charged, found.credits_held) == (1, 1, 1, 1)
    append([report(batch, people[1].number, ReportStatus.SENT)], provider="default")
    fold()
    sweep()
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DONE
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (498, 0)
    assert ledger.audit(site) == []


def test_a_report_of_an_unknown_reference_or_status_changes_nothing(site):
    people = make_subscribers(site, 1)
    campaign = sent(site)
    batch = Batch.objects.get(campaign=campaign)
    append([report(batch, people[0].number, ReportStatus.UNKNOWN)], provider="default")
    append([StatusReport("nobody", "", people[0].number, ReportStatus.SENT, timezone.now(), "z")], provider="default")
    assert fold() == 2
    assert progress(campaign).accepted == 1
