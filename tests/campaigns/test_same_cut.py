"""One seeded audience gives the same batches on PostgreSQL and SQLite: those that are kept beside this test."""

import csv
from pathlib import Path

import pytest

from tests.campaigns.crowd import RATES, make_crowd
from tests.delivery.sending import launched
from tests.factories import give_credits, make_card, make_number
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.models import Batch


KEPT = Path(__file__).parent.parent / "data" / "batches.csv"
COLUMNS = ["card", "provider", "sender", "first", "last", "recipients", "credits"]
CARDS = {"one": {country: (credits, "default") for country, (credits, _provider) in RATES.items()}, "two": RATES}


@pytest.fixture
def crowd(site, other_site, second, monkeypatch):
    """Beside a site whose people have keys in between, and a provider that takes fewer at once than the other."""
    monkeypatch.setattr(second, "max_recipients_per_request", 20, raising=False)
    make_number(site, "+12015550155", provider="second")
    give_credits(site, 20_000)
    return make_crowd(site, other_site, people=2500, seed=4)


def cut(campaign, crowd, *, card: str) -> list[list[str]]:
    """The batches in their order, as rows of the file: with places among the site's people instead of keys."""
    place = {person.pk: position for position, person in enumerate(crowd)}
    rows = Batch.objects.filter(campaign=campaign).order_by("pk")
    return [
        [
            card,
            row.provider,
            row.sender,
            *map(str, (place[row.first_id], place[row.last_id], row.recipients, row.credits)),
        ]
        for row in rows
    ]


def kept(card: str) -> list[list[str]]:
    with KEPT.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == COLUMNS
    return [row for row in rows if row[0] == card]


@pytest.mark.parametrize("card", CARDS)
def test_a_seeded_audience_is_cut_as_on_any_other_database(site, crowd, card):
    """With one provider on the card, and with two."""
    make_card(CARDS[card])
    campaign = launched(site, body="Tonight: piano. " * 11)
    plan(campaign.pk)
    assert cut(campaign, crowd, card=card) == kept(card)
    assert sum(int(row[-2]) for row in kept(card)) == campaign.recipients
    assert sum(int(row[-1]) for row in kept(card)) == campaign.credits
