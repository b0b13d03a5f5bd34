"""What an estimate asks of the database: two queries whatever is asked, an index for the people, and no mistake."""

from collections import Counter

import pytest
from django.db import connection

from tests.campaigns.crowd import RATES, make_crowd
from tests.factories import make_card, make_subscribers
from wagtail_sms.campaigns.estimate import estimate, estimate_within_credits
from wagtail_sms.campaigns.quotes import Reach
from wagtail_sms.credits import ledger
from wagtail_sms.pricing.models import RateCard


BODY = "Tonight: piano."


def asked_of_the_database(work) -> list[tuple[str, list]]:
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return asked


def explained(sql: str, params) -> str:
    """The plan of a statement. PostgreSQL would read so small a table from end to end if that weren't forbidden."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE wagtail_sms_subscriber")
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            return "\n".join(row[-1] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.fixture
def crowd(site, other_site, second):
    make_card(RATES)
    return make_crowd(site, other_site, people=400, seed=1)


def counted(people, *, through: int | None = None, reach: Reach | None = None) -> tuple[Counter, Counter]:
    """By country, one by one: those who are served and those who are not."""
    served, unserved = Counter(), Counter()
    for person in people:
        if person.status != "active" or (through is not None and person.pk > through):
            continue
        rate, _provider = RATES.get(person.country, (0, ""))
        if reach and (not rate or rate > reach.rate or (rate == reach.rate and person.pk > reach.through)):
            continue
        (served if rate else unserved)[person.country] += 1
    return served, unserved


def said(quote) -> tuple[dict, dict]:
    return tuple({line.country: line.recipients for line in lines} for lines in (quote.lines, quote.unserved))


def test_an_estimate_takes_two_queries_and_one_of_them_reads_the_people(site, crowd):
    asked = [sql for sql, _params in asked_of_the_database(lambda: estimate(site, body=BODY))]
    assert len(asked) == 2
    assert sum("wagtail_sms_subscriber" in sql for sql in asked) == 1


def test_pricing_the_audience_of_a_quote_again_takes_two_queries(site, crowd):
    quote = estimate(site, body=BODY)
    within = estimate_within_credits(site, body=BODY, quote=quote)
    assert within.reach is not None
    for earlier in (quote, within):
        again = asked_of_the_database(
            lambda earlier=earlier: estimate(site, body=BODY, through=earlier.through, reach=earlier.reach)
        )
        assert len(again) == 2


def test_an_estimate_of_nobody_takes_two_queries_and_knows_its_card(site):
    quotes = []
    assert len(asked_of_the_database(lambda: quotes.append(estimate(site, body=BODY)))) == 2
    assert (quotes[0].recipients, quotes[0].card_id) == (0, RateCard.objects.get(is_current=True).pk)


def test_without_any_prices_nobody_is_served(site):
    make_subscribers(site, 3)
    RateCard.objects.retire()
    quote = estimate(site, body=BODY)
    assert (quote.card_id, quote.recipients, said(quote)[1]) == (None, 0, {"US": 3})


def test_the_balance_takes_one_query(site):
    assert len(asked_of_the_database(lambda: ledger.balance(site))) == 1


def test_people_are_counted_by_the_index_alone(site, crowd):
    [(sql, params), _balance] = asked_of_the_database(lambda: estimate(site, body=BODY))
    covering = {
        "postgresql": "Index Only Scan using wagtail_sms_audience",
        "sqlite": "COVERING INDEX wagtail_sms_audience",
    }
    assert covering[connection.vendor] in explained(sql, params)


def test_who_joined_since_a_quote_is_found_by_key(site, crowd):
    quote = estimate(site, body=BODY)
    make_subscribers(site, 5)
    [(sql, params), _balance] = asked_of_the_database(lambda: estimate(site, body=BODY, through=quote.through))
    by_key = {
        "postgresql": "using wagtail_sms_subscriber_pkey on wagtail_sms_subscriber person",
        "sqlite": "SEARCH person USING INTEGER PRIMARY KEY",
    }
    assert by_key[connection.vendor] in explained(sql, params)


def test_an_estimate_counts_as_one_would_by_hand(site, crowd):
    assert said(estimate(site, body=BODY)) == counted(crowd)


@pytest.mark.parametrize("place", [0, 1, 57, -2, -1])
def test_an_estimate_counts_up_to_a_key_as_one_would_by_hand(site, crowd, place):
    through = crowd[place].pk
    quote = estimate(site, body=BODY, through=through)
    assert (quote.through, said(quote)) == (through, counted(crowd, through=through))


@pytest.mark.parametrize("rate", [0, 1, 4, 5, 8, 9])
@pytest.mark.parametrize("place", [0, 57, -1])
def test_a_reach_counts_as_one_would_by_hand(site, crowd, rate, place):
    reach, through = Reach(rate=rate, through=crowd[place].pk, left_out=0), crowd[-20].pk
    assert said(estimate(site, body=BODY, through=through, reach=reach)) == counted(crowd, through=through, reach=reach)
    assert said(estimate(site, body=BODY, reach=reach)) == counted(crowd, reach=reach)
