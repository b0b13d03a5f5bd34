"""Several workers that take in prices at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from wagtail_sms.pricing import lists
from wagtail_sms.pricing.difference import difference
from wagtail_sms.pricing.making import rates_of
from wagtail_sms.pricing.models import PriceList, RateCard
from wagtail_sms.providers.base import PriceRow


WORKERS = 6

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs DATABASE_URL with PostgreSQL"),
]


def together(prices: list[dict[str, str]]) -> None:
    """Each dict is one worker's list; they all start at once."""
    barrier = Barrier(len(prices))

    def take(asked: dict[str, str]) -> None:
        try:
            barrier.wait()
            rows = [PriceRow(country, "", Decimal(price), "USD") for country, price in asked.items()]
            lists.take_in(rows, provider="default")
        finally:
            connection.close()

    with ThreadPoolExecutor(len(prices)) as pool:
        list(pool.map(take, prices))


def test_the_first_list_in_several_workers_is_one_list_and_one_card():
    together([{"FR": "0.05", "DE": "0.08"}] * WORKERS)
    assert (PriceList.objects.count(), RateCard.objects.count()) == (1, 1)


def test_different_lists_leave_one_card_in_force_and_no_two_equal_ones_in_a_row():
    together([{"FR": "0.05", "DE": f"0.0{5 + number % 3}"} for number in range(WORKERS)])
    cards = list(RateCard.objects.order_by("pk"))
    assert [card.is_current for card in cards] == [False] * (len(cards) - 1) + [True]
    for before, now in zip(cards, cards[1:], strict=False):
        assert difference(rates_of(before), rates_of(now))
