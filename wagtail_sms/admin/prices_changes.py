"""The difference between two rate cards, as the pages show it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy, ngettext

from wagtail_sms.admin.columns import Look
from wagtail_sms.pricing.compose import Draft, Rate
from wagtail_sms.pricing.difference import Change, ChangeKind, difference, in_credits
from wagtail_sms.pricing.making import rates_of
from wagtail_sms.pricing.models import RateCard
from wagtail_sms.pricing.reading import money_text


_K = ChangeKind
LOOKS = {
    _K.GONE: Look("circle-xmark", gettext_lazy("Not served any more"), "bad"),
    _K.DEARER: Look("arrow-up", gettext_lazy("Dearer"), "warn"),
    _K.CHEAPER: Look("arrow-down", gettext_lazy("Cheaper"), "good"),
    _K.NEW: Look("plus", gettext_lazy("New"), "good"),
    _K.SAME_CREDITS: Look("circle-check", gettext_lazy("Same credits"), "quiet"),
}
SHOWN = 10
CARDS_LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One country that changes, in texts. A side that is not served is a dash."""

    change: Change
    look: Look
    credits: tuple[str, str]
    prices: tuple[str, str]
    providers: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What becomes of a card: the lines, most important first, and the worth of one credit before and then."""

    lines: list[Line]
    summary: str
    unit: tuple[str, str]
    currency: str

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN]

    @property
    def rest(self) -> list[Line]:
        return self.lines[SHOWN:]

    @property
    def unit_changes(self) -> bool:
        return self.unit[0] != self.unit[1]


def compared(card: RateCard | None, made: Draft) -> Comparison:
    """The card in force beside one that would be."""
    unit = (_unit(card.unit_price, card.currency) if card else "–", _unit(made.unit, made.currency))
    return _comparison(rates_of(card), made.rates, unit, made.currency)


def compared_cards(before: RateCard | None, card: RateCard) -> Comparison:
    unit = (_unit(before.unit_price, before.currency) if before else "–", _unit(card.unit_price, card.currency))
    return _comparison(rates_of(before), rates_of(card), unit, card.currency)


def predecessor(card: RateCard) -> RateCard | None:
    return RateCard.objects.filter(pk__lt=card.pk).order_by("-pk").first()


def last_change(card: RateCard) -> tuple[RateCard, list[Change]]:
    """The newest card that changed what a country costs in credits, and its changes; most new prices change none.

    The first card of all changed nothing. Looks back over a dozen cards only.
    """
    newest = list(RateCard.objects.filter(pk__lte=card.pk).order_by("-pk")[: CARDS_LOOKED_AT + 1])
    for later, earlier in _pairs(newest):
        changes = in_credits(difference(rates_of(earlier), rates_of(later)))
        if changes:
            return later, sorted(changes, key=lambda change: (_importance(change), change.name))
    return newest[-1], []


def counted(changes: list[Change]) -> str:
    """ "3 dearer, 1 new": how many of each kind, in words."""
    counts = Counter(change.kind for change in changes)
    words = {
        _K.GONE: ngettext("%(n)s not served any more", "%(n)s not served any more", counts[_K.GONE]),
        _K.DEARER: ngettext("%(n)s dearer", "%(n)s dearer", counts[_K.DEARER]),
        _K.CHEAPER: ngettext("%(n)s cheaper", "%(n)s cheaper", counts[_K.CHEAPER]),
        _K.NEW: ngettext("%(n)s new", "%(n)s new", counts[_K.NEW]),
        _K.SAME_CREDITS: ngettext("%(n)s at the same credits", "%(n)s at the same credits", counts[_K.SAME_CREDITS]),
    }
    return ", ".join(words[kind] % {"n": counts[kind]} for kind in LOOKS if counts[kind])


def _comparison(before: dict[str, Rate], now: dict[str, Rate], unit: tuple[str, str], currency: str) -> Comparison:
    changes = sorted(difference(before, now), key=lambda change: (_importance(change), change.name))
    return Comparison([_line(change) for change in changes], counted(changes), unit, currency)


def _line(change: Change) -> Line:
    sides = (change.before, change.now)
    credits = tuple(f"{rate.credits:,}" if rate else "–" for rate in sides)
    prices = tuple(money_text(rate.price) if rate and rate.price else "–" for rate in sides)
    names = [rate.provider for rate in sides if rate]
    return Line(change, LOOKS[change.kind], credits, prices, " → ".join(dict.fromkeys(names)))


def _importance(change: Change) -> int:
    return list(LOOKS).index(change.kind)


def _pairs(cards: list[RateCard]) -> Iterator[tuple[RateCard, RateCard]]:
    return zip(cards, cards[1:], strict=False)


def _unit(price: Decimal, currency: str) -> str:
    return f"{money_text(price)} {currency}"
