"""Credits for texts that were accepted and not delivered: they come back only where that is the policy, and once."""

import pytest

from tests.delivery.sending import sent
from tests.delivery.test_reports import report
from tests.factories import make_subscribers
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.phone import parse
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.subscribers.consent import opt_in
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
S = ReportStatus


@pytest.fixture
def refunding(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "REFUND_UNDELIVERED": True}


def reported(batch, *reports) -> None:
    append(
        [report(batch, number, status, seconds=at) for at, (number, status) in enumerate(reports)], provider="default"
    )
    while fold():
        pass


def left(site) -> int:
    return ledger.balance(site).available


def test_an_undelivered_text_stays_paid_by_default(site):
    [person] = make_subscribers(site, 1)
    reported(Batch.objects.get(campaign=sent(site)), (person.number, S.UNDELIVERED))
    assert left(site) == 499


def test_with_the_policy_undelivered_and_expired_texts_are_refunded(site, refunding):
    people = make_subscribers(site, 4)
    batch = Batch.objects.get(campaign=sent(site))
    numbers = [person.number for person in people]
    reported(batch, (numbers[0], S.UNDELIVERED), (numbers[1], S.EXPIRED), (numbers[2], S.DELIVERED))
    assert left(site) == 498
    assert ledger.audit() == []


def test_the_same_failure_told_again_refunds_nothing_more(site, refunding):
    [first, second] = make_subscribers(site, 2)
    batch = Batch.objects.get(campaign=sent(site))
    for again in range(3):
        append([report(batch, first.number, S.UNDELIVERED, seconds=again)], provider="default")
        fold()
    assert left(site) == 499
    reported(batch, (second.number, S.UNDELIVERED))
    assert left(site) == 500


def test_a_text_that_arrives_after_all_is_not_charged_again(site, refunding):
    [person] = make_subscribers(site, 1)
    batch = Batch.objects.get(campaign=sent(site))
    reported(batch, (person.number, S.UNDELIVERED))
    reported(batch, (person.number, S.DELIVERED))
    assert left(site) == 500
    assert ledger.audit() == []


def test_a_welcome_text_that_did_not_arrive_is_refunded_once(site, refunding):
    welcome(opt_in(site, number=parse("+12015550177"), wording=current_wording(site)))
    paid = left(site)
    send_notices()
    notice = Notice.objects.get()
    for status in (S.SENT, S.UNDELIVERED, S.EXPIRED):
        reported(notice, (notice.number, status))
    assert (paid < 500, left(site)) == (True, 500)
    assert ledger.audit() == []
