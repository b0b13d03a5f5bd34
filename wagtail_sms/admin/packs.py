"""The packs as the form offers them, and which of them covers what is missing."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma

from wagtail_sms.credits.purchases import Pack, largest_quantity
from wagtail_sms.payments.money_text import money, per_hundred


@dataclass(frozen=True, slots=True)
class Choice:
    """So many of one pack."""

    pack: Pack
    quantity: int

    @property
    def credits(self) -> int:
        return self.pack.credits * self.quantity

    @property
    def amount(self) -> int:
        return self.pack.price_cents * self.quantity

    @property
    def price(self) -> str:
        return money(self.amount, self.pack.currency)


def value_of(pack: Pack) -> str:
    """How a form names the pack. Its price is part of the name: another price is another offer."""
    return f"{pack.credits}-{pack.price_cents}-{pack.currency}"


def card_of(pack: Pack) -> dict:
    """What the radio card of a pack says."""
    return {
        "credits": intcomma(pack.credits),
        "price": money(pack.price_cents, pack.currency),
        "per_hundred": per_hundred(pack.price_cents, pack.currency, credits=pack.credits),
    }


def covering(packs: list[Pack], *, needed: int) -> Choice | None:
    """The cheapest so many of one pack that cover `needed` credits; at one price the fewest; None when none does."""
    choices = [Choice(pack, max(-(-needed // pack.credits), 1)) for pack in packs]
    reachable = [choice for choice in choices if choice.quantity <= largest_quantity(choice.pack)]
    return min(reachable, key=lambda choice: (choice.amount, choice.quantity), default=None)
