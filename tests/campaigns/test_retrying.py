"""A second try: only for those whose phone was not reached, once each, for what was confirmed."""

from uuid import uuid4

import pytest

from tests.campaigns.test_failures import fail
from tests.delivery.sending import launched, sent
from tests.factories import make_subscribers
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.campaigns.retrying import offer, retry
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.delivery.reports import fold
from wagtail_sms.exceptions import IllegalTransition, NobodyToText, QuoteChanged
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.providers.base import Outcome, ReportStatus
from wagtail_sms.states import DeliveryStatus
from wagtail_sms.subscribers.consent import erase, stop, suspend


pytestmark = pytest.mark.django_db


def failed(site, provider, count: int = 4, *, code: str = "absent", country: str = "US"):
    """A campaign to `count` people and four more: delivered, accepted, uncertain, and blocked. The `count` failed."""
    people = make_subscribers(site, count, country=country)
    others = make_subscribers(site, 4, start=500)
    provider.script[others[2].number] = Outcome.UNCERTAIN
    campaign = sent(site)
    for person in people:
        fail(campaign, person, code=code)
    fail(campaign, others[0], ReportStatus.DELIVERED)
    fail(campaign, others[3], code="blocked")
    fold()
    return campaign, people


def go_on(campaign):
    plan(campaign.pk)
    dispatch()
    campaign.refresh_from_db()
    return campaign


def texted(campaign) -> set[int]:
    return set(Delivery.objects.filter(campaign=campaign).values_list("subscriber_id", flat=True))


def test_exactly_those_who_were_not_reached_are_texted_again_and_paid(site, provider):
    campaign, people = failed(site, provider)
    before = ledger.balance(site).available
    second = offer(campaign)
    assert (second.quote.recipients, second.quote.credits, second.left) == (4, 4, 0)
    again = go_on(retry(campaign, quote=second.quote, form_token=uuid4()))
    assert texted(again) == {person.pk for person in people}
    assert progress(again).accepted == 4
    assert (again.body, again.retry_of, again.credits) == (campaign.body, campaign, 4)
    assert ledger.balance(site).available == before - 4
    assert again.reservation != campaign.reservation


def test_who_left_since_is_left_out_and_counted(site, provider):
    campaign, people = failed(site, provider)
    stop(site, number=people[0].number, evidence="STOP", source="text")
    suspend(people[1], by=None)
    erase(people[2], by=None)
    second = offer(campaign)
    assert (second.quote.recipients, second.left) == (1, 3)
    again = go_on(retry(campaign, quote=second.quote, form_token=uuid4()))
    assert texted(again) == {people[3].pk}


def test_who_leaves_between_the_page_and_the_click_is_not_paid_for(site, provider):
    campaign, people = failed(site, provider)
    quote = offer(campaign).quote
    suspend(people[0], by=None)
    assert retry(campaign, quote=quote, form_token=uuid4()).credits == 3


def test_two_clicks_make_one_and_two_editors_too(site, provider):
    campaign, _people = failed(site, provider)
    quote, token = offer(campaign).quote, uuid4()
    first = retry(campaign, quote=quote, form_token=token)
    assert retry(campaign, quote=quote, form_token=token) == first
    with pytest.raises(NobodyToText):
        retry(campaign, quote=quote, form_token=uuid4())
    assert Campaign.objects.filter(retry_of=campaign).count() == 1
    assert ledger.balance(site).reserved == 4 + 1  # and the one whose fate is uncertain


def test_failures_that_are_reported_later_can_be_sent_again_too(site, provider):
    campaign, people = failed(site, provider)
    accepted = Delivery.objects.filter(campaign=campaign, status=DeliveryStatus.ACCEPTED)
    late = accepted.exclude(subscriber__in=people).first()
    first = go_on(retry(campaign, quote=offer(campaign).quote, form_token=uuid4()))
    fail(campaign, late.subscriber, ReportStatus.EXPIRED)
    fold()
    again = go_on(retry(campaign, quote=offer(campaign).quote, form_token=uuid4()))
    assert texted(again) == {late.subscriber_id}
    assert not texted(first) & texted(again)


def test_a_text_that_arrives_after_all_before_its_turn_is_not_sent_again(site, provider):
    campaign, people = failed(site, provider)
    again = retry(campaign, quote=offer(campaign).quote, form_token=uuid4())
    fail(campaign, people[0], ReportStatus.DELIVERED)
    fold()
    assert texted(go_on(again)) == {person.pk for person in people[1:]}
    assert again.reservation.wallet.site == site
    assert progress(again).credits_charged == 3


def test_a_failure_of_the_second_try_can_be_tried_a_third_time(site, provider):
    campaign, people = failed(site, provider, 1)
    again = go_on(retry(campaign, quote=offer(campaign).quote, form_token=uuid4()))
    fail(again, people[0], code="absent")
    fold()
    third = go_on(retry(again, quote=offer(again).quote, form_token=uuid4()))
    assert (texted(third), third.retry_of) == ({people[0].pk}, again)


def test_a_price_that_rose_asks_again_and_leaves_nothing_behind(site, provider):
    campaign, _people = failed(site, provider, country="FR")
    quote = offer(campaign).quote
    provider.prices["FR"] = "0.500"
    refresh()
    with pytest.raises(QuoteChanged):
        retry(campaign, quote=quote, form_token=uuid4())
    assert not Campaign.objects.filter(retry_of=campaign).exists()
    assert not Delivery.objects.exclude(retry_id=None).exists()


def test_nothing_that_can_not_be_mended_is_offered(site, provider):
    campaign, _people = failed(site, provider, code="unknown_number")
    assert offer(campaign).quote.recipients == 0


def test_what_is_under_way_is_not_tried_again(site):
    make_subscribers(site, 2)
    campaign = launched(site)
    with pytest.raises(IllegalTransition):
        retry(campaign, quote=offer(campaign).quote, form_token=uuid4())


def test_the_second_try_is_planned_in_chunks_like_any_other(site, provider):
    campaign, people = failed(site, provider, 25)
    again = retry(campaign, quote=offer(campaign).quote, form_token=uuid4())
    plan(again.pk, chunk=10)
    dispatch()
    assert texted(again) == {person.pk for person in people}
