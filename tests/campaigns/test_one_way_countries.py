"""Where people can't answer STOP, their texts end with a link of their own, and the estimate has paid for it."""

import re
from uuid import uuid4

import pytest
from django.db import transaction

from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_card, make_number, make_subscriber, make_subscribers
from wagtail_sms.campaigns.estimate import estimate, estimate_within_credits
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import notices
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.exceptions import MessageRefused
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.locmem import LocmemProvider
from wagtail_sms.segments import measure
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.consent import OptIn
from wagtail_sms.subscribers.links import subscriber_of, token_of


pytestmark = pytest.mark.django_db
LONG = "a" * 130
INDIANS = ["+919876543210", "+919876543211", "+919876543212"]


@pytest.fixture
def india(site):
    """Three people who can't answer an American number, among others who can."""
    make_card({"US": (1, "default"), "IN": (4, "default"), "FR": (9, "default")})
    make_subscribers(site, 60)
    people = [make_subscriber(site, number, country="IN") for number in INDIANS]
    make_subscribers(site, 5, country="FR")
    return people


def links(provider) -> dict[str, str]:
    found = {number: re.search(r"STOP: (\S+)$", text) for number, text in provider.texts}
    return {number: match[1] for number, match in found.items() if match}


def test_only_they_get_a_link_and_each_their_own(site, india, provider):
    give_credits(site, 1000)
    sent(site)
    found = links(provider)
    assert sorted(found) == INDIANS
    assert [subscriber_of(found[number].rsplit("/", 1)[1]) for number in INDIANS] == india
    assert len(provider.texts) == 68
    assert {len(batch.recipients) for batch in provider.outbox if "STOP:" in batch.body} == {1}


def test_the_longer_text_is_in_the_estimate_and_in_the_charge(site, india):
    give_credits(site, 1000)
    quote = estimate(site, body=LONG)
    assert {line.country: line.credits_each for line in quote.lines} == {"US": 1, "FR": 9, "IN": 8}
    assert (quote.segments, quote.link_segments, quote.link_countries) == (1, 2, ("IN",))
    before = ledger.balance(site).available
    campaign = sent(site, body=LONG)
    assert before - ledger.balance(site).available == quote.credits == campaign.credits == 60 + 45 + 24
    assert ledger.balance(site).reserved == 0
    assert ledger.audit() == []


def test_credits_that_run_out_reach_the_cheapest_texts_not_the_cheapest_countries(site, india, provider):
    """A segment to India costs less than one to France, and the two that a text there needs cost more."""
    make_card({"US": (1, "default"), "IN": (4, "default"), "FR": (6, "default")})
    balance = ledger.balance(site).available
    ledger.reserve(site, amount=balance - (60 + 5 * 6 + 8), key="all but", purpose="test")
    quote = estimate(site, body=LONG)
    reached = estimate_within_credits(site, body=LONG, quote=quote)
    assert {line.country: line.recipients for line in reached.lines} == {"US": 60, "FR": 5, "IN": 1}
    campaign = launch(compose(site, body=LONG, form_token=uuid4()), quote=reached)
    plan(campaign.pk)
    dispatch()
    assert sorted(links(provider)) == INDIANS[:1]
    assert len(provider.texts) == 66
    assert ledger.balance(site).available == 0


def test_credits_that_reach_no_text_with_a_link_send_none(site, india, provider):
    make_card({"US": (1, "default"), "IN": (4, "default"), "FR": (6, "default")})
    balance = ledger.balance(site).available
    ledger.reserve(site, amount=balance - (60 + 2 * 6), key="all but", purpose="test")
    reached = estimate_within_credits(site, body=LONG, quote=estimate(site, body=LONG))
    campaign = launch(compose(site, body=LONG, form_token=uuid4()), quote=reached)
    plan(campaign.pk)
    dispatch()
    assert (links(provider), len(provider.texts)) == ({}, 62)


def test_a_message_that_is_too_long_with_its_link_only_is_refused(site, india, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_SEGMENTS": 1}
    give_credits(site, 1000)
    with pytest.raises(MessageRefused, match="needs 2 segments"):
        launched(site, body=LONG)


def test_a_number_of_the_country_itself_can_be_answered(site, india, provider):
    SenderNumber.objects.filter(site=site).delete()
    make_number(site, "+919000000001")
    give_credits(site, 1000)
    sent(site)
    assert links(provider) == {}


class DeafProvider(LocmemProvider):
    supports_inbound = False


def test_a_provider_through_which_nothing_comes_in_makes_every_country_one_way(site, settings):
    backend = {"BACKEND": f"{__name__}.DeafProvider", "OPTIONS": {}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": backend}}
    make_card({"US": (1, "default")})
    make_subscribers(site, 3)
    sent(site)
    assert len(links(get_provider())) == 3


def test_what_the_operator_knows_better_counts(site, india, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "NO_REPLY_COUNTRIES": ["FR"]}
    give_credits(site, 1000)
    sent(site)
    assert {number[:3] for number in links(get_provider())} == {"+33"}


def test_each_of_them_is_a_request_and_a_batch_of_one(site, india):
    give_credits(site, 1000)
    campaign = launched(site)
    plan(campaign.pk)
    batches = Batch.objects.filter(campaign=campaign, with_link=True).order_by("pk")
    assert [(one.first_id, one.last_id, one.recipients) for one in batches] == [(p.pk, p.pk, 1) for p in india]


def test_the_welcome_text_there_carries_the_link_and_is_paid_with_it(site, india, provider):
    give_credits(site, 1000)
    with transaction.atomic():
        notice = notices.welcome(OptIn(india[0], is_new=True))
    send_notices()
    assert subscriber_of(links(provider)[INDIANS[0]].rsplit("/", 1)[1]) == india[0]
    assert notice.credits == 4 * measure(provider.texts[0][1]).segments


# The page behind the link


def address(person) -> str:
    return f"/sms/stop/{token_of(person.pk)}"


def test_looking_at_the_page_changes_nothing(client, india):
    for method in (client.get, client.head):
        response = method(address(india[0]))
        assert response.status_code == 200
    assert b"<button" in client.get(address(india[0])).content
    india[0].refresh_from_db()
    assert india[0].status == SubscriberStatus.ACTIVE


def test_the_button_ends_the_messages_without_a_cookie(client, site, india, provider):
    client = type(client)(enforce_csrf_checks=True)
    response = client.post(address(india[0]))
    assert (response.status_code, response.cookies) == (200, {})
    assert b"<button" not in response.content
    india[0].refresh_from_db()
    assert india[0].status == SubscriberStatus.STOPPED
    client.post(address(india[0]))
    give_credits(site, 1000)
    sent(site)
    assert sorted(links(provider)) == INDIANS[1:]


def test_the_page_shows_no_number_and_tells_no_other_site(client, india):
    response = client.get(address(india[0]))
    assert INDIANS[0][3:] not in response.content.decode().replace(" ", "")
    assert response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response["X-Robots-Tag"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("change", [lambda t: "0" * 16, lambda t: t[:-1], lambda t: t + "0", lambda t: "z" * 16])
def test_a_link_that_nobody_got_stops_nobody(client, india, change):
    response = client.post(f"/sms/stop/{change(token_of(india[0].pk))}")
    assert response.status_code == 404
    india[0].refresh_from_db()
    assert india[0].status == SubscriberStatus.ACTIVE


def test_every_altered_letter_makes_another_link(india):
    token = token_of(india[0].pk)
    for position in range(len(token)):
        letter = "A" if token[position] != "A" else "B"
        assert subscriber_of(token[:position] + letter + token[position + 1 :]) is None


def test_links_of_neighbours_have_nothing_in_common_and_are_as_long():
    tokens = [token_of(number) for number in (1, 2, 3, 2**40 - 1)]
    assert {len(token) for token in tokens} == {16}
    assert len({token[:4] for token in tokens}) == len({token[-4:] for token in tokens}) == 4


def test_a_link_survives_a_new_pepper(site, india, settings):
    token = token_of(india[0].pk, pepper="old")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "NUMBER_PEPPERS": ["new", "old"]}
    assert subscriber_of(token) == india[0]
