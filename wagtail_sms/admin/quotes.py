"""A quote as a page shows it: countries by name, the dearest first, and the long tail summed up."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.campaigns.quotes import Change, Line, Quote, changes
from wagtail_sms.countries import country_name
from wagtail_sms.exceptions import QuoteChanged
from wagtail_sms.subscribers.links import PLACE


COUNTRIES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class CountryLine:
    """One row of the table; `credits_each` is per person, all segments included."""

    name: str
    recipients: int
    credits_each: int
    credits: int


@dataclass(frozen=True, slots=True)
class PricedQuote:
    """`shown` and `rest` are the table's rows before and after the fold."""

    quote: Quote
    shown: tuple[CountryLine, ...]
    rest: tuple[CountryLine, ...]
    unserved: tuple[CountryLine, ...]

    @property
    def countries(self) -> int:
        return len(self.quote.lines)

    @property
    def rest_recipients(self) -> int:
        return sum(line.recipients for line in self.rest)

    @property
    def rest_credits(self) -> int:
        return sum(line.credits for line in self.rest)

    @property
    def one_way(self) -> tuple[Line, ...]:
        """Where people can't answer, so that their texts end with a link."""
        return tuple(line for line in self.quote.lines if line.with_link) if self.quote.segments else ()

    @property
    def one_way_names(self) -> str:
        return ", ".join(country_name(line.country) for line in self.one_way)

    @property
    def one_way_recipients(self) -> int:
        return sum(line.recipients for line in self.one_way)

    @property
    def most_segments(self) -> int:
        """Of the longest of the texts."""
        return max(self.quote.segments, self.quote.link_segments if self.one_way else 0)

    @property
    def link_line(self) -> str:
        return self.quote.link_line.replace(PLACE, "…")

    @property
    def unserved_names(self) -> str:
        return ", ".join(line.name for line in self.unserved)

    @property
    def unserved_recipients(self) -> int:
        return sum(line.recipients for line in self.unserved)


def priced(quote: Quote) -> PricedQuote:
    """Name the countries of a quote and fold its table. One country beyond the fold is shown instead of folded."""
    lines = _named(quote.lines)
    fold = len(lines) if len(lines) <= COUNTRIES_SHOWN + 1 else COUNTRIES_SHOWN
    return PricedQuote(quote=quote, shown=lines[:fold], rest=lines[fold:], unserved=_named(quote.unserved))


def differences(changed: QuoteChanged) -> list[tuple[str, Change]]:
    """What an editor is asked to look at again: the countries that differ, by name."""
    return [(country_name(one.country), one) for one in changes(changed.confirmed, changed.current)]


def question(quote: Quote) -> str:
    """What the editor is asked to confirm, with every figure in it."""
    people = ngettext("%(count)s person", "%(count)s people", quote.recipients)
    countries = ngettext("%(count)s country", "%(count)s countries", len(quote.lines))
    credits = ngettext("%(count)s credit", "%(count)s credits", quote.credits)
    return _("Send to %(people)s in %(countries)s for %(credits)s?") % {
        "people": people % {"count": intcomma(quote.recipients)},
        "countries": countries % {"count": intcomma(len(quote.lines))},
        "credits": credits % {"count": intcomma(quote.credits)},
    }


def _named(lines: tuple[Line, ...]) -> tuple[CountryLine, ...]:
    return tuple(
        CountryLine(country_name(line.country), line.recipients, line.credits_each, line.credits) for line in lines
    )
