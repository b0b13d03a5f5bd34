"""Why texts failed, as the campaign's figures tell it."""

import pytest
from django.utils import timezone

from tests.delivery.sending import sent
from tests.factories import make_subscribers
from wagtail_sms.admin.outcomes import failures
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.delivery.failures import kind_of
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.providers.base import Outcome, ReportStatus, StatusReport
from wagtail_sms.providers.messagebird import MessageBirdProvider
from wagtail_sms.states import RETRYABLE, DeliveryStatus, FailureKind


pytestmark = pytest.mark.django_db


def fail(campaign, person, status=ReportStatus.UNDELIVERED, *, code: str = "", text: str = "") -> None:
    batch = Batch.objects.get(campaign=campaign, first_id__lte=person.pk, last_id__gte=person.pk)
    key = f"{batch.pk}:{person.pk}:{status}:{code}"
    append(
        [StatusReport(batch.reference, "id", person.number, status, timezone.now(), key, code, text)],
        provider="default",
    )


def told(campaign, state: str) -> list[tuple[str, int, bool]]:
    return [(one.words, one.people, one.is_retryable) for one in failures(progress(campaign), state)]


def test_failures_are_told_by_reason_the_most_frequent_first(site):
    people = make_subscribers(site, 6)
    campaign = sent(site)
    for person, code in zip(people, ("absent", "absent", "absent", "blocked", "blocked", "E77"), strict=True):
        fail(campaign, person, code=code)
    fold()
    assert told(campaign, "undelivered") == [
        ("The phone was off or out of reach for too long", 3, True),
        ("The network blocked the message", 2, False),
        ("A reason that we don't know (code E77)", 1, False),
    ]


def test_words_explain_where_there_is_no_code_or_an_unknown_one_and_unknown_words_are_not_kept(site):
    people = make_subscribers(site, 3)
    campaign = sent(site)
    fail(campaign, people[0], text="Fault")
    fail(campaign, people[1], code="999", text="fault")
    fail(campaign, people[2], text="call +12015550100 back")
    fold()
    assert set(Delivery.objects.values_list("reason", flat=True)) == {"fault", ""}
    assert told(campaign, "undelivered") == [
        ("The network had a fault", 2, True),
        ("The network gave no reason", 1, False),
    ]


def test_an_expired_text_without_a_code_did_not_reach_a_phone_that_was_off(site):
    [person] = make_subscribers(site, 1)
    campaign = sent(site)
    fail(campaign, person, ReportStatus.EXPIRED)
    fold()
    assert told(campaign, "expired") == [("The phone was off or out of reach for too long", 1, True)]


def test_a_text_that_arrived_after_all_has_no_reason_left(site):
    [person] = make_subscribers(site, 1)
    campaign = sent(site)
    fail(campaign, person, code="absent")
    fold()
    fail(campaign, person, ReportStatus.DELIVERED)
    fold()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (DeliveryStatus.DELIVERED, "")


def test_a_refused_number_keeps_the_code_of_the_refusal(site, provider):
    people = make_subscribers(site, 2)
    provider.script[people[0].number] = Outcome.REJECTED
    campaign = sent(site)
    assert told(campaign, "rejected") == [
        ("The SMS provider refused the message or the number (code scripted)", 1, False)
    ]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("1", FailureKind.NO_SUCH_NUMBER),
        ("27", FailureKind.OUT_OF_REACH),
        ("34", FailureKind.NETWORK),
        ("103", FailureKind.OPTED_OUT),
        ("104", FailureKind.BLOCKED),
        ("dlr not received", FailureKind.NO_REPORT),
        ("4711", FailureKind.UNKNOWN),
    ],
)
def test_messagebirds_codes_in_our_words(settings, reason, kind):
    backend = f"{MessageBirdProvider.__module__}.{MessageBirdProvider.__name__}"
    providers = {"default": {"BACKEND": backend, "OPTIONS": {"ACCESS_KEY": "k", "SIGNING_KEY": "s"}}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": providers}
    assert kind_of("default", DeliveryStatus.EXPIRED, reason) == kind


def test_what_may_have_arrived_is_never_worth_a_second_try():
    assert not {FailureKind.NO_REPORT, FailureKind.UNEXPLAINED, FailureKind.UNKNOWN}.intersection(RETRYABLE)
