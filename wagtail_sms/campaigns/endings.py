"""How a message ends where people can't answer it: with a link of their own, which is paid like every other letter."""

from collections.abc import Collection
from dataclasses import dataclass

from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.segments import measure
from wagtail_sms.senders.replies import in_doubt, one_way_countries
from wagtail_sms.subscribers import links


@dataclass(frozen=True, slots=True)
class Ending:
    """The line with the link, the countries whose texts have it, and the segments of a text with it."""

    line: str = ""
    countries: frozenset[str] = frozenset()
    segments: int = 0


def ending_for(site, *, text: str, countries: Collection[str], card: int | None) -> Ending:
    """The ending of this text for people of these countries; an empty one where all of them can answer.

    `card` is the key of the rate card that says who carries the texts. No query where nobody is in doubt.
    """
    doubtful = in_doubt(countries)
    if not doubtful:
        return Ending()
    rates = CountryRate.objects.filter(card=card, country__in=doubtful)
    one_way = one_way_countries(site, dict(rates.values_list("country", "provider")))
    if not one_way:
        return Ending()
    line = links.line_for(site)
    return Ending(line, one_way, measure(links.sample(text, line)).segments if text else 0)
