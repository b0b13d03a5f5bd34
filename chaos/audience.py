"""The sites of a trial, their people and their campaigns."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from chaos.stage import patiently


COUNTRIES = {"US": ("+12", 9, 1), "FR": ("+336", 8, 3), "GB": ("+447", 9, 2)}


@dataclass
class Crowd:
    """One site with its people: their numbers (digits, as the gateway writes them) by primary key."""

    site: object
    sender: str
    numbers: dict[int, str]
    countries: dict[int, str]
    campaign: object = None
    stopped: dict[str, float] = field(default_factory=dict)

    @property
    def by_number(self) -> dict[str, int]:
        return {number: pk for pk, number in self.numbers.items()}

    def price(self, pk: int) -> int:
        """Credits of one text of one segment to this person, as the card says and not as the rows do."""
        return COUNTRIES[self.countries[pk]][2]


def make_crowd(number: int, people: int) -> Crowd:
    """A site with credits for one campaign, and so many people in three countries that cost 1, 2 and 3 credits."""
    from tests import factories
    from wagtail_sms.credits import ledger
    from wagtail_sms.extension import Extension
    from wagtail_sms.subscribers.models import Subscriber
    from wagtail_sms.subscribers.settings import SmsSettings

    sender = f"+1201555{number:04d}"
    site, now = factories.make_site(f"site-{number}.example", name=f"Site {number}"), timezone.now()
    Extension.objects.create(site=site, installed_at=now)
    ledger.open_wallet(site, now=now)
    factories.make_number(site, sender)
    SmsSettings.objects.create(site=site, brand=f"Site {number}")
    factories.give_credits(site, 3 * people + 1000)
    before = now - timedelta(days=1)
    persons = (_person(Subscriber, site, number, position, before) for position in range(people))
    Subscriber.objects.bulk_create(persons, batch_size=5000)
    rows = list(Subscriber.objects.filter(site=site).values_list("pk", "number", "country"))
    numbers = {pk: digits.removeprefix("+") for pk, digits, _country in rows}
    return Crowd(site, sender, numbers, {pk: country for pk, _digits, country in rows})


def make_card() -> None:
    from tests import factories

    factories.make_card({country: (credits, "default") for country, (_p, _d, credits) in COUNTRIES.items()})


def _person(model, site, number: int, position: int, before):
    country = ("US", "FR", "US", "GB", "US")[position % 5]
    prefix, digits, _credits = COUNTRIES[country]
    # Far enough apart that no two sites share a number.
    tail = f"{number * 10_000_000 + position:0{digits}d}"
    return model(site=site, number=f"{prefix}{tail}", country=country, status_changed_at=before, created_at=before)


def launch(crowd: Crowd, *, word: str = "tonight"):
    """Write, price and send, as the Send tab does. The body names the campaign, for the gateway's file."""
    from wagtail_sms.campaigns.estimate import estimate
    from wagtail_sms.campaigns.launch import compose
    from wagtail_sms.campaigns.launch import launch as click

    body, token = f"{crowd.site.site_name}: {word} at {time.time_ns()}", uuid4()

    def send():
        campaign = compose(crowd.site, body=body, form_token=token)
        return click(campaign, quote=estimate(crowd.site, body=body))

    crowd.campaign = patiently(send)
    return crowd.campaign
