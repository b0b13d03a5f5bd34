"""What a click confirms: this audience, at these prices, and nothing else."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.core import signing

from tests.factories import make_subscriber, make_subscribers
from wagtail_sms.campaigns.estimate import estimate, estimate_within_credits
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.quotes import changes, seal, unseal
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.exceptions import QuoteChanged
from wagtail_sms.pricing.cards import credits_for, publish, refresh
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import CampaignStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


BODY = "Tonight: piano."


def draft(site):
    return compose(site, body=BODY, form_token=uuid4())


def sent_to_the_end(campaign, quote):
    launch(campaign, quote=quote)
    plan(campaign.pk)
    dispatch()
    campaign.refresh_from_db()
    campaign.reservation.refresh_from_db()
    return campaign


def test_a_quote_comes_back_from_its_form_as_it_was(site):
    make_subscribers(site, 3)
    make_subscriber(site, "+85021234567", country="KP")
    quote = estimate(site, body=BODY)
    assert unseal(seal(quote, site=site), site=site) == quote


@pytest.mark.parametrize("text", ["", "rubbish", "e30:rubbish"])
def test_what_was_not_sealed_here_confirms_nothing(site, other_site, text):
    assert unseal(text, site=site) is None
    assert unseal(seal(estimate(other_site, body=BODY), site=other_site), site=site) is None
    sealed = seal(estimate(site, body=BODY), site=site)
    assert unseal("a" + sealed, site=site) is None


@pytest.mark.parametrize(
    "fields", [None, [], "text", {}, {"reach": None}, {"reach": None, "lines": [{}], "unserved": []}]
)
def test_what_another_version_sealed_confirms_nothing(site, fields):
    assert unseal(signing.dumps(fields, salt=f"wagtail_sms.quote.{site.pk}", compress=True), site=site) is None


def test_a_quote_confirms_its_own_text_only(site):
    make_subscribers(site, 3)
    quote = unseal(seal(estimate(site, body="See you at eight."), site=site), site=site)
    with pytest.raises(QuoteChanged, match="not the message whose cost you saw. It costs 3 credits") as changed:
        launch(draft(site), quote=quote)
    assert launch(draft(site), quote=changed.value.current).credits == 3


def test_a_draft_that_another_tab_wrote_anew_is_asked_about(site):
    make_subscribers(site, 3)
    mine = draft(site)
    quote = estimate(site, body=mine.body)
    compose(site, body="Cancelled: no show.", form_token=mine.form_token)
    with pytest.raises(QuoteChanged):
        launch(mine, quote=quote)
    mine.refresh_from_db()
    assert mine.status == CampaignStatus.DRAFT
    assert ledger.balance(site).reserved == 0


def test_a_text_is_the_same_however_its_lines_end_and_its_letters_are_composed(site):
    make_subscribers(site, 1)
    quote = estimate(site, body="Cafe\u0301\r\ntonight\rat eight ")
    campaign = compose(site, body="Café\ntonight\nat eight", form_token=uuid4())
    assert launch(campaign, quote=quote).credits == 1


def test_whoever_leaves_while_the_reach_is_looked_up_leaves_credits_over(site):
    make_subscribers(site, 501)
    quote = estimate(site, body=BODY)
    Subscriber.objects.filter(pk__in=list(Subscriber.objects.values_list("pk", flat=True)[:2])).update(status="stopped")
    reached = estimate_within_credits(site, body=BODY, quote=quote)
    assert (reached.recipients, reached.credits) == (499, 499)
    assert launch(draft(site), quote=reached).credits == 499


def test_when_all_leave_while_the_reach_is_looked_up_nobody_is_reached(site):
    make_subscribers(site, 501)
    quote = estimate(site, body=BODY)
    Subscriber.objects.update(status="stopped")
    assert estimate_within_credits(site, body=BODY, quote=quote).recipients == 0


def test_who_joins_after_the_estimate_is_not_texted_and_not_charged(site, provider):
    make_subscribers(site, 3)
    quote = estimate(site, body=BODY)
    make_subscribers(site, 2, start=50)
    campaign = sent_to_the_end(draft(site), quote)
    assert (campaign.recipients, campaign.reservation.captured, len(provider.texts)) == (3, 3, 3)


def test_who_leaves_after_the_estimate_is_not_charged(site, provider):
    people = make_subscribers(site, 3)
    quote = estimate(site, body=BODY)
    Subscriber.objects.filter(pk=people[0].pk).update(status=SubscriberStatus.STOPPED)
    campaign = sent_to_the_end(draft(site), quote)
    assert (campaign.credits, campaign.reservation.captured, len(provider.texts)) == (2, 2, 2)


def test_who_comes_back_after_the_estimate_makes_it_ask_again(site):
    people = make_subscribers(site, 3)
    Subscriber.objects.filter(pk=people[0].pk).update(status=SubscriberStatus.SUSPENDED)
    quote = estimate(site, body=BODY)
    Subscriber.objects.filter(pk=people[0].pk).update(status=SubscriberStatus.ACTIVE)
    with pytest.raises(QuoteChanged) as changed:
        launch(draft(site), quote=quote)
    assert [(one.country, one.recipients_before, one.recipients) for one in difference(changed)] == [("US", 2, 3)]


def difference(changed):
    return changes(changed.value.confirmed, changed.value.current)


def test_any_changed_price_asks_again_with_the_difference_by_country(site, provider):
    make_subscribers(site, 2, country="FR")
    make_subscribers(site, 4)
    quote = estimate(site, body=BODY)
    before = credits_for("FR")
    provider.prices["FR"] = "0.032"
    refresh()
    with pytest.raises(QuoteChanged) as changed:
        launch(draft(site), quote=quote)
    assert changed.value.current.credits < quote.credits
    [france] = difference(changed)
    assert (france.country, france.credits_before, france.credits) == ("FR", 2 * before, 2 * credits_for("FR"))
    assert ledger.balance(site).reserved == 0


def test_a_price_that_changed_where_nobody_lives_asks_nothing(site, provider):
    make_subscribers(site, 4)
    quote = estimate(site, body=BODY)
    provider.prices["DE"] = "0.090"
    assert refresh().pk != quote.card_id
    assert launch(draft(site), quote=quote).credits == 4


def test_a_country_that_lost_its_price_is_not_left_out_in_silence(site, provider):
    make_subscribers(site, 2, country="FR")
    make_subscribers(site, 4)
    quote = estimate(site, body=BODY)
    del provider.prices["FR"]
    refresh()
    with pytest.raises(QuoteChanged) as changed:
        launch(draft(site), quote=quote)
    assert [(one.country, one.recipients) for one in difference(changed)] == [("FR", 0)]


def test_a_country_that_got_a_price_is_not_texted_in_place_of_those_who_left(site, provider):
    del provider.prices["FR"]
    refresh()
    american = make_subscriber(site)
    make_subscriber(site, "+33612345678", country="FR")
    quote = estimate(site, body=BODY)
    assert ([line.country for line in quote.unserved], quote.credits) == (["FR"], 1)
    Subscriber.objects.filter(pk=american.pk).update(status=SubscriberStatus.STOPPED)
    publish([PriceRow("US", "", Decimal(1), "USD"), PriceRow("FR", "", Decimal(1), "USD")], provider="default")
    with pytest.raises(QuoteChanged):
        launch(draft(site), quote=quote)


def prices(**amounts):
    return publish([PriceRow(code, "", Decimal(amount), "USD") for code, amount in amounts.items()], provider="default")


def test_the_credits_reach_the_cheapest_first_and_then_the_oldest(site, provider):
    prices(US=1, GB=100, FR=150)
    make_subscribers(site, 10, country="FR")
    british = make_subscribers(site, 10, country="GB")
    make_subscribers(site, 50)
    quote = estimate(site, body=BODY)
    reached = estimate_within_credits(site, body=BODY, quote=quote)
    assert {line.country: line.recipients for line in reached.lines} == {"US": 50, "GB": 4}
    assert (reached.recipients, reached.credits, reached.reach.left_out) == (54, 450, 16)
    campaign = sent_to_the_end(draft(site), reached)
    assert (campaign.status, campaign.left_out, campaign.reservation.captured) == (CampaignStatus.DONE, 16, 450)
    texted = {number for number, _body in provider.texts}
    assert {person.number for person in british[:4]} <= texted
    assert len(provider.texts) == 54


def test_countries_of_one_price_share_what_is_left_by_the_order_of_signing_up(site, provider):
    prices(US=1, GB=200, FR=200)
    first, second = make_subscribers(site, 1, country="FR"), make_subscribers(site, 1, country="GB")
    make_subscribers(site, 5, country="FR", start=10)
    reached = estimate_within_credits(site, body=BODY, quote=estimate(site, body=BODY))
    sent_to_the_end(draft(site), reached)
    assert {number for number, _body in provider.texts} == {first[0].number, second[0].number}


def test_credits_that_reach_nobody_say_so(site):
    prices(US=1, FR=600)
    make_subscribers(site, 3, country="FR")
    reached = estimate_within_credits(site, body=BODY, quote=estimate(site, body=BODY))
    assert (reached.recipients, reached.credits) == (0, 0)


def test_a_reach_is_asked_about_again_when_the_prices_changed(site):
    prices(US=1, FR=200)
    make_subscribers(site, 5, country="FR")
    reached = estimate_within_credits(site, body=BODY, quote=estimate(site, body=BODY))
    prices(US=1, FR=100)
    with pytest.raises(QuoteChanged) as changed:
        launch(draft(site), quote=reached)
    assert changed.value.current.recipients == 5


def test_credits_that_reach_everybody_are_the_quote_itself(site):
    make_subscribers(site, 5)
    quote = estimate(site, body=BODY)
    assert estimate_within_credits(site, body=BODY, quote=quote) == quote
