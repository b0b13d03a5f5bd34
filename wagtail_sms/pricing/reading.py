"""What a provider's rows say, cleaned: which prices can be used, and what is wrong with the others."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.countries import NAMES, country_name
from wagtail_sms.pricing.compose import Offer, dearest
from wagtail_sms.providers.base import PriceRow


# A "country" of price lists: the rate of countries that are not listed. It prices nothing here.
DEFAULT_ROWS = ("XX", "")
SMALLEST_STEP = Decimal("0.000001")
HIGHEST_PRICE = Decimal(100_000)
NAMED = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """`prices` by (country, mccmnc). `currencies` has one element unless the list is empty or mixes them."""

    prices: dict[tuple[str, str], Decimal]
    currencies: tuple[str, ...]
    worthless: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def offer(self) -> Offer:
        prices = dearest((country, amount) for (country, _mccmnc), amount in self.prices.items())
        return Offer(currency=self.currencies[0] if self.currencies else "", prices=prices)

    @property
    def digest(self) -> str:
        """The same for the same prices, whatever their order."""
        rows = [f"{country};{mccmnc};{amount}" for (country, mccmnc), amount in sorted(self.prices.items())]
        return sha256("\n".join([*self.currencies, *self.worthless, *rows]).encode()).hexdigest()

    @property
    def note(self) -> str:
        """What was left out without harm, in a sentence."""
        if not self.unknown:
            return ""
        return ngettext(
            "%(count)s unknown country code was left out: %(listed)s.",
            "%(count)s unknown country codes were left out: %(listed)s.",
            len(self.unknown),
        ) % {"count": len(self.unknown), "listed": shortened(self.unknown)}


def read(rows: Iterable[PriceRow]) -> Reading:
    """Sort the rows of a price list. Of two rows for one operator the dearer counts; default rows don't count."""
    prices: dict[tuple[str, str], Decimal] = {}
    currencies, unknown, worthless = Counter(), set(), []
    for row in rows:
        country = _clean(row.country).upper()
        if country in DEFAULT_ROWS:
            continue
        currencies[_clean(row.currency).upper()] += 1
        amount = usable(row.amount)
        if country not in NAMES:
            unknown.add(country)
        elif amount is None:
            worthless.append(f"{country_name(country)} ({row.amount})")
        else:
            place = country, _clean(row.mccmnc)[:10]
            prices[place] = max(amount, prices.get(place, amount))
    return Reading(prices, tuple(sorted(currencies)), tuple(worthless), tuple(sorted(unknown)))


def usable(amount: Decimal) -> Decimal | None:
    """The price with six digits after the point, half up; None when no text can cost that."""
    if not amount.is_finite() or not 0 < amount < HIGHEST_PRICE:
        return None
    rounded = amount.quantize(SMALLEST_STEP, rounding=ROUND_HALF_UP)
    return rounded if rounded > 0 else None


def shortened(names: Iterable[str]) -> str:
    """The first few names and how many more there are."""
    names = list(names)
    shown = ", ".join(names[:NAMED])
    if len(names) <= NAMED:
        return shown
    return _("%(names)s and %(count)s more") % {"names": shown, "count": len(names) - NAMED}


def money_text(amount: Decimal) -> str:
    """ "0.072" for 0.072000: the digits that say something."""
    return f"{amount.normalize():f}"


def _clean(text: str) -> str:
    """Without what PostgreSQL keeps in no text."""
    return text.replace("\0", "").strip()
