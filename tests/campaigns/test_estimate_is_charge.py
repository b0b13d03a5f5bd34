"""A thousand numbers from all over the world, names and emoji: estimate, sending and ledger agree to the credit."""

import random
from collections import Counter
from decimal import ROUND_CEILING, Decimal
from uuid import uuid4

import phonenumbers
import pytest
from django.utils import timezone

from tests.factories import give_credits
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.conf import NO_REPLY_COUNTRIES
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.phone import parse
from wagtail_sms.pricing.cards import publish
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.segments import measure
from wagtail_sms.states import CampaignStatus
from wagtail_sms.subscribers.models import Subscriber


PEOPLE = 1000
# Each with its segments, counted by hand from GSM 03.38.
BODIES = [
    ("Doors at 19:30. Łukasz plays.", 1),
    ("Zoë, José, Åse & Günther invite you", 1),
    ("a" * 160, 1),
    ("a" * 159 + "€", 2),
    ("🎹" * 35, 1),
    ("🎹" * 36, 2),
    ("Привет, 世界! 🎻 " + "é" * 120, 3),
    ("[" * 229, 4),
]


@pytest.fixture(scope="module")
def people():
    """`(number, country)` of a thousand valid mobile numbers, spread over every region that has an example."""
    dice, found, regions = random.Random(20261123), {}, []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is not None:
            regions.append((region, str(example.national_number), example.country_code))
    for attempt in range(200 * PEOPLE):
        region, national, code = regions[attempt % len(regions)]
        digits = national[:-4] + f"{dice.randrange(10_000):04d}"
        typed = f"+{code}{digits}"
        number = phonenumbers.parse(typed)
        if phonenumbers.is_valid_number(number) and phonenumbers.region_code_for_number(number) == region:
            found[parse(typed).number] = region
        if len(found) == PEOPLE:
            return sorted(found.items())
    raise AssertionError(f"only {len(found)} numbers")


@pytest.fixture
def world(site, people):
    """A price per country, in thousandths; the cheapest is 0.007."""
    dice = random.Random(7)
    amounts = {country: Decimal(dice.randint(7, 900)) / 1000 for country in sorted({country for _n, country in people})}
    amounts["US"] = Decimal("0.007")
    publish([PriceRow(country, "", amount, "USD") for country, amount in amounts.items()], provider="default")
    before = timezone.now()
    Subscriber.objects.bulk_create(
        Subscriber(site=site, number=number, country=country, status_changed_at=before, created_at=before)
        for number, country in people
    )
    give_credits(site, 10_000_000)
    return {
        country: int((amount / amounts["US"]).to_integral_value(rounding=ROUND_CEILING))
        for country, amount in amounts.items()
    }


def test_a_thousand_people_cost_what_the_estimate_said(site, people, world, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_REQUESTS_PER_SECOND": 10_000}
    provider = get_provider()
    assert len({country for _number, country in people}) > 150
    country_of, total = dict(people), 0
    for body, segments in BODIES:
        provider.texts.clear()
        before = ledger.balance(site).available
        quote = estimate(site, body=body)
        campaign = launch(compose(site, body=body, form_token=uuid4()), quote=quote)
        plan(campaign.pk)
        dispatch()
        campaign.refresh_from_db()
        # What left, priced by hand, one text at a time; some end with a link, because they can't be answered.
        left = sum(
            world[country_of[number]] * (segments if text == body else measure(text).segments)
            for number, text in provider.texts
        )
        with_link = {country_of[number] for number, text in provider.texts if text != body}
        assert with_link == set(country_of.values()) & set(NO_REPLY_COUNTRIES)
        assert campaign.status == CampaignStatus.DONE
        assert (quote.segments, quote.credits, campaign.credits) == (segments, left, left)
        assert (campaign.reservation.captured, before - ledger.balance(site).available) == (left, left)
        assert Counter(number for number, _body in provider.texts) == Counter(country_of.keys())
        total += left
    assert ledger.balance(site).reserved == 0
    assert sum(transfer.amount for transfer in ledger.history(site) if transfer.kind == "capture") == total
    assert ledger.audit() == []
