"""What is different between two rate cards, country by country."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wagtail_sms.countries import country_name
from wagtail_sms.pricing.compose import Rate


class ChangeKind(StrEnum):
    NEW = "new"
    GONE = "gone"
    DEARER = "dearer"
    CHEAPER = "cheaper"
    # As many credits as before, for another price or through another provider.
    SAME_CREDITS = "same_credits"


@dataclass(frozen=True, slots=True)
class Change:
    """One country on two cards; no rate means that it is not served."""

    country: str
    before: Rate | None
    now: Rate | None

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return ChangeKind.NEW
        if self.now is None:
            return ChangeKind.GONE
        if self.now.credits == self.before.credits:
            return ChangeKind.SAME_CREDITS
        return ChangeKind.DEARER if self.now.credits > self.before.credits else ChangeKind.CHEAPER

    @property
    def name(self) -> str:
        return country_name(self.country)


def difference(before: Mapping[str, Rate], now: Mapping[str, Rate]) -> list[Change]:
    """The countries whose rate changed in any way, by their names."""
    both = before.keys() | now.keys()
    found = [Change(c, before.get(c), now.get(c)) for c in both if before.get(c) != now.get(c)]
    return sorted(found, key=lambda change: (change.name, change.country))


def in_credits(changes: list[Change]) -> list[Change]:
    """Those that somebody who pays in credits notices."""
    return [change for change in changes if change.kind != ChangeKind.SAME_CREDITS]
