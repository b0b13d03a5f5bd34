from uuid import uuid4

import pytest
from wagtail.models import ModelLogEntry

from tests.delivery.sending import launched
from tests.factories import give_credits, make_card, make_subscriber, make_subscribers
from wagtail_sms.campaigns.estimate import check_body, estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import (
    AlreadySent,
    ExtensionNotInstalled,
    IllegalTransition,
    InsufficientCredits,
    MessageRefused,
    NobodyToText,
    NoSenderNumber,
    QuoteChanged,
)
from wagtail_sms.extension import uninstall
from wagtail_sms.pricing.cards import credits_for, refresh
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import CampaignStatus, SubscriberStatus


def test_estimate_is_the_sum_over_recipients_of_their_country_rate(site):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    quote = estimate(site, body="a" * 161)
    assert quote.segments == 2
    assert quote.credits == (3 * credits_for("US") + 2 * credits_for("FR")) * 2
    assert {line.country: line.recipients for line in quote.lines} == {"US": 3, "FR": 2}
    assert quote.balance_after == 500 - quote.credits


def test_estimate_leaves_out_suspended_stopped_and_other_sites_people(site, other_site):
    make_subscribers(site, 2)
    make_subscriber(site, "+12015550901", status=SubscriberStatus.SUSPENDED)
    make_subscriber(site, "+12015550902", status=SubscriberStatus.STOPPED)
    make_subscribers(other_site, 5)
    assert estimate(site, body="Hello").recipients == 2


def test_people_in_a_country_without_a_rate_are_named_and_neither_charged_nor_sent(site):
    make_subscribers(site, 1)
    make_subscriber(site, "+85021234567", country="KP")
    quote = estimate(site, body="Hello")
    assert (quote.recipients, quote.credits) == (1, 1)
    assert [(line.country, line.recipients) for line in quote.unserved] == [("KP", 1)]


def test_launch_reserves_exactly_the_confirmed_credits(site):
    make_subscribers(site, 4)
    campaign = launched(site)
    balance = ledger.balance(site)
    assert (campaign.status, campaign.credits) == (CampaignStatus.QUEUED, 4)
    assert (balance.available, balance.reserved) == (496, 4)


def test_the_same_form_launched_twice_is_one_campaign_and_one_reservation(site):
    make_subscribers(site, 4)
    token = uuid4()
    for _ in range(2):
        launch(compose(site, body="Hello", form_token=token), quote=estimate(site, body="Hello"))
    assert Campaign.objects.filter(site=site).count() == 1
    assert ledger.balance(site).reserved == 4


def test_a_launched_campaign_keeps_its_text_when_the_form_comes_again_with_another(site):
    make_subscribers(site, 1)
    token = uuid4()
    launch(compose(site, body="First", form_token=token), quote=estimate(site, body="First"))
    assert compose(site, body="Second", form_token=token).body == "First"


def test_a_dearer_campaign_than_confirmed_asks_again_and_reserves_nothing(site, provider):
    make_subscribers(site, 2, country="FR")
    campaign = compose(site, body="Hello", form_token=uuid4())
    confirmed = estimate(site, body="Hello")
    provider.prices["FR"] = "0.500"
    refresh()
    with pytest.raises(QuoteChanged) as changed:
        launch(campaign, quote=confirmed)
    campaign.refresh_from_db()
    assert changed.value.current.credits > confirmed.credits
    assert (campaign.status, ledger.balance(site).reserved) == (CampaignStatus.DRAFT, 0)


def test_missing_credits_are_named_to_the_credit_and_the_draft_stays(site):
    make_subscribers(site, 600)
    campaign = compose(site, body="Hello", form_token=uuid4())
    with pytest.raises(InsufficientCredits) as refused:
        launch(campaign, quote=estimate(site, body="Hello"))
    campaign.refresh_from_db()
    assert refused.value.shortfall == 100
    assert (campaign.status, campaign.body) == (CampaignStatus.DRAFT, "Hello")


def test_nobody_to_text_is_refused(site):
    with pytest.raises(NobodyToText):
        launch(compose(site, body="Hello", form_token=uuid4()), quote=estimate(site, body="Hello"))


def test_a_site_without_a_number_cannot_send(site):
    SenderNumber.objects.filter(site=site).delete()
    make_subscribers(site, 1)
    with pytest.raises(NoSenderNumber):
        launched(site)


def test_an_uninstalled_site_cannot_send(site):
    make_subscribers(site, 1)
    uninstall(site)
    with pytest.raises(ExtensionNotInstalled):
        launched(site)
    assert ledger.balance(site).reserved == 0


@pytest.mark.parametrize(
    ("body", "code"), [("", "empty"), (" \n ", "empty"), ("a" * 1600, "too_long"), ("a\x07b", "control_characters")]
)
def test_a_message_that_cannot_be_sent_says_why(body, code):
    with pytest.raises(MessageRefused) as refused:
        check_body(body)
    assert refused.value.code == code


def test_line_ends_and_decomposed_letters_are_normalised_before_they_are_counted():
    assert check_body("cafe\u0301\r\n1") == "caf\u00e9\n1"


def test_credits_given_later_make_the_same_draft_launchable(site):
    make_subscribers(site, 600)
    campaign = compose(site, body="Hello", form_token=uuid4())
    give_credits(site, 100)
    assert launch(campaign, quote=estimate(site, body="Hello")).status == CampaignStatus.QUEUED


def test_the_log_says_who_sent_how_much_and_never_what(site):
    make_subscribers(site, 2)
    campaign = launched(site, body="A secret message")
    entry = ModelLogEntry.objects.get(action="wagtail_sms.send")
    assert entry.data == {"recipients": 2, "credits": 2}
    assert "secret" not in entry.label
    assert str(campaign.pk) in entry.label


def test_the_same_text_from_a_second_tab_is_not_sent_again_unless_it_is_meant(site):
    make_subscribers(site, 2)
    first = launched(site, body="Doors at seven")
    second = compose(site, body="Doors at seven", form_token=uuid4())
    with pytest.raises(AlreadySent) as refused:
        launch(second, quote=estimate(site, body="Doors at seven"))
    second.refresh_from_db()
    assert (refused.value.campaign, second.status) == (first, CampaignStatus.DRAFT)
    assert launch(second, quote=estimate(site, body="Doors at seven"), repeat_of=first).status == CampaignStatus.QUEUED


def test_a_campaign_may_cost_more_than_fits_into_32_bits(site):
    give_credits(site, 10**12)
    make_card({"US": (100_000, "default")})
    make_subscribers(site, 2400)
    campaign = launched(site, body="a" * 1377)
    plan(campaign.pk)
    campaign.refresh_from_db()
    assert campaign.credits == campaign.planned_credits == 2400 * 9 * 100_000 > 2**31


def test_a_form_of_another_site_keeps_nothing_here_and_stays_as_it_is(site, other_site):
    theirs = compose(other_site, body="Theirs", form_token=uuid4())
    with pytest.raises(IllegalTransition):
        compose(site, body="Ours", form_token=theirs.form_token)
    assert list(Campaign.objects.values_list("body", flat=True)) == ["Theirs"]
