"""The rows of a rate card as the pages show them: one country each, served or not, with words for why."""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_sms.admin.columns import Look
from wagtail_sms.countries import NAMES, country_name
from wagtail_sms.pricing.compose import Rate
from wagtail_sms.pricing.models import CountryRule, RateCard
from wagtail_sms.pricing.reading import money_text
from wagtail_sms.states import RateBasis


SWITCHED_OFF = Look("circle-xmark", gettext_lazy("Switched off"), "bad")
NOT_SERVED = Look("circle-xmark", gettext_lazy("No price: not served"), "quiet")
FOR_HOW_MANY = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One country. Without a rate it gets no texts, and `look` says why."""

    country: str
    name: str
    rate: Rate | None
    currency: str = ""
    look: Look | None = None

    @property
    def credits(self) -> int | None:
        return self.rate and self.rate.credits

    @property
    def example(self) -> int | None:
        """Credits for a message of one segment to a hundred people."""
        return self.rate and self.rate.credits * FOR_HOW_MANY

    @property
    def price(self) -> Decimal | None:
        return self.rate and self.rate.price

    @property
    def price_text(self) -> str:
        return f"{money_text(self.price)} {self.currency}" if self.price else ""

    @property
    def provider(self) -> str:
        return self.rate.provider if self.rate else ""

    @property
    def basis(self) -> str:
        """Where the credits come from, in words."""
        if self.rate is None:
            return ""
        if self.rate.basis == RateBasis.PARENT:
            return _("Follows %(country)s") % {"country": country_name(self.rate.parent)}
        return _("Set by the operator") if self.rate.basis == RateBasis.OVERRIDE else _("Price")


def rows_of(card: RateCard | None, rates: dict[str, Rate]) -> list[Row]:
    """The countries of a card, and those that the operator switched off."""
    currency = card.currency if card else ""
    served = [Row(country, country_name(country), rate, currency) for country, rate in rates.items()]
    off = CountryRule.objects.filter(is_disabled=True).values_list("country", flat=True)
    return served + [Row(country, country_name(country), None, look=SWITCHED_OFF) for country in off]


def matching(rows: list[Row], words: str) -> list[Row]:
    """The rows whose country has this name or code; then also the countries that are not served, so that it is said."""
    known = {row.country for row in rows}
    missing = [Row(code, str(name), None, look=NOT_SERVED) for code, name in NAMES.items() if code not in known]
    wanted = plain(words)
    return [row for row in rows + missing if wanted in plain(row.name) or row.country.lower() == wanted]


def ordered(rows: list[Row], ordering: str) -> list[Row]:
    """By "country", "credits" or "price", with a minus the other way round; without a figure always last."""
    key = ordering.lstrip("-")
    down = ordering.startswith("-")
    by_name = sorted(rows, key=lambda row: plain(row.name))
    if key == "country":
        return by_name[::-1] if down else by_name
    figures = [row for row in by_name if getattr(row, key) is not None]
    without = [row for row in by_name if getattr(row, key) is None]
    return sorted(figures, key=lambda row: getattr(row, key), reverse=down) + without


def plain(text: str) -> str:
    """Without accents and capitals: "Åland" is found and sorted as "aland"."""
    taken_apart = unicodedata.normalize("NFKD", text.strip())
    return "".join(letter for letter in taken_apart if not unicodedata.combining(letter)).casefold()
