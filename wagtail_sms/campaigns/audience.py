"""Who a message goes to."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Max, QuerySet

from wagtail_sms.campaigns.quotes import Reach
from wagtail_sms.delivery import retries
from wagtail_sms.delivery.many import fetch
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


# As a key: nobody comes after it.
LAST_OF_ALL = 2**63 - 1
# People by country, read from the index alone. SQLite counts each country by itself, which it does faster than it tells
# them apart; PostgreSQL counts all of them with several processes.
COUNTED = {
    "postgresql": """
        counted AS (
            SELECT country, COUNT(*) AS people FROM wagtail_sms_subscriber
            WHERE site_id = %(site)s AND status = %(active)s
            GROUP BY country
        )
    """,
    "sqlite": """
        place(country) AS (
            SELECT MIN(country) FROM wagtail_sms_subscriber WHERE site_id = %(site)s AND status = %(active)s
            UNION ALL
            SELECT (SELECT MIN(country) FROM wagtail_sms_subscriber
                    WHERE site_id = %(site)s AND status = %(active)s AND country > place.country)
            FROM place WHERE place.country IS NOT NULL
        ), counted AS (
            SELECT country, (SELECT COUNT(*) FROM wagtail_sms_subscriber
                             WHERE site_id = %(site)s AND status = %(active)s AND country = place.country) AS people
            FROM place WHERE country IS NOT NULL
        )
    """,
}
# A row for each country where somebody can be reached, or a single one without a country. Those beyond a key are found
# by it and taken off: seldom many have joined between a quote and its click. The plus signs keep SQLite from the index.
COUNT = """
    WITH RECURSIVE rate AS (
        SELECT listed.country, listed.credits FROM wagtail_sms_countryrate AS listed
        JOIN wagtail_sms_ratecard AS card ON card.id = listed.card_id AND card.is_current
    ), beyond AS (
        SELECT person.country, COUNT(*) AS people FROM wagtail_sms_subscriber AS person
        LEFT JOIN rate ON rate.country = person.country
        WHERE {plus}person.site_id = %(site)s AND {plus}person.status = %(active)s AND person.id > %(certain)s
          AND (person.id > %(through)s OR {marginal})
        GROUP BY person.country
    ), {counted}
    SELECT (SELECT id FROM wagtail_sms_ratecard WHERE is_current),
           (SELECT MAX(id) FROM wagtail_sms_subscriber),
           counted.country, counted.people - COALESCE(beyond.people, 0), rate.credits
    FROM (SELECT 1) AS one
    LEFT JOIN counted ON 1 = 1
    LEFT JOIN beyond ON beyond.country = counted.country
    LEFT JOIN rate ON rate.country = counted.country
"""


@dataclass(frozen=True, slots=True)
class Audience:
    """People by country, and what each costs: credits per segment on the card in force, where it has a rate.

    `newest` is the key of the last subscriber there was, on any site; 0 without any.
    """

    people: dict[str, int]
    rates: dict[str, int]
    card_id: int | None
    newest: int


def count_by_country(site, *, through: int | None, reach: Reach | None = None) -> Audience:
    """The reachable subscribers up to the key `through`, of them only whom a reach includes, and the rates. One query.

    Without `through` everybody counts, and the newest one is where a quote cuts off: who joins after it is not in its
    audience.
    """
    marginal, marginal_parameters = _marginal(reach)
    plus = "+" if connection.vendor == "sqlite" else ""
    query = COUNT.format(counted=COUNTED[connection.vendor], plus=plus, marginal=marginal)
    bounds = _bounds(through, reach)
    parameters = {"site": site.pk, "active": SubscriberStatus.ACTIVE.value, **bounds, **marginal_parameters}
    rows = fetch(query, parameters)
    found = [row[2:] for row in rows if row[3] and _is_within(reach, row[2], row[4])]
    return Audience(
        people={country: count for country, count, _rate in found},
        rates={country: rate for country, _count, rate in found if rate},
        card_id=rows[0][0],
        newest=rows[0][1] or 0,
    )


def failed_by_country(campaign, *, taken_by: int | None = None) -> tuple[Audience, int]:
    """Whom a second try of this campaign goes to, and how many of those who failed can't be texted any more."""
    card = current_card()
    found = retries.count(campaign, card_id=card.pk if card else None, taken_by=taken_by)
    reachable = [failed for failed in found if failed.country]
    audience = Audience(
        people={failed.country: failed.people for failed in reachable},
        rates={failed.country: failed.credits for failed in reachable if failed.credits},
        card_id=card.pk if card else None,
        newest=max((failed.through for failed in reachable), default=0),
    )
    return audience, sum(failed.people for failed in found if not failed.country)


def nth_subscriber_id(site, position: int, *, through: int, countries: list[str]) -> int:
    """The key of the reachable subscriber of these countries at `position` (1 is the first) by key.

    That of the last one when fewer are left, since people leave at any moment, and 0 when nobody is.
    """
    people = _reachable(site, through).filter(country__in=countries)
    keys = people.order_by("pk").values_list("pk", flat=True)
    return next(iter(keys[position - 1 : position]), None) or people.aggregate(last=Max("pk"))["last"] or 0


def _reachable(site, through: int) -> QuerySet[Subscriber]:
    return Subscriber.objects.of(site).reachable().order_by().filter(pk__lte=through)


def _bounds(through: int | None, reach: Reach | None) -> dict[str, int]:
    """Up to the key `certain` everybody counts; after it those who come after `through` don't, nor do any at `rate`."""
    most = LAST_OF_ALL if through is None else through
    if reach is None:
        return {"certain": most, "through": most, "rate": 0}
    return {"certain": min(reach.through, most), "through": most, "rate": reach.rate}


def _marginal(reach: Reach | None) -> tuple[str, dict]:
    """The condition that a text to somebody costs just as much as the reach goes, with its parameters."""
    if reach is None:
        return "1 = 0", {}
    parameters = {"segments": reach.segments, "link_segments": reach.link_segments}
    countries = {f"link_{place}": country for place, country in enumerate(reach.link_countries)}
    if not countries:
        return "rate.credits * %(segments)s = %(rate)s", parameters
    listed = ", ".join(f"%({name})s" for name in countries)
    segments = f"CASE WHEN person.country IN ({listed}) THEN %(link_segments)s ELSE %(segments)s END"
    return f"rate.credits * {segments} = %(rate)s", parameters | countries


def _is_within(reach: Reach | None, country: str, rate: int | None) -> bool:
    return reach is None or (rate is not None and reach.cost(country, rate) <= reach.rate)
