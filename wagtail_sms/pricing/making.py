"""Making a rate card of the price lists in use and the operator's rules, and putting it in force."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.pricing.compose import Draft, Offer, Rate, Rule, Terms, compose, dearest
from wagtail_sms.pricing.models import CountryRate, CountryRule, Price, PriceList, RateCard, UnitPin
from wagtail_sms.states import PriceListStatus


def current_card() -> RateCard | None:
    """The rate card in force, or None before the first refresh."""
    return RateCard.objects.filter(is_current=True).first()


def lock() -> None:
    """Whoever changes prices or rules waits here for the one before. To be called first, inside a transaction."""
    # Not a row: before the first card there is none, and the current one changes while one waits for it.
    # SQLite's write transactions exclude each other anyway.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('wagtail_sms.prices'))")


def list_in_use(provider: str) -> PriceList | None:
    """The newest accepted list of a provider."""
    accepted = PriceList.objects.filter(provider=provider, status=PriceListStatus.ACCEPTED)
    return accepted.order_by("-pk").first()


def offer_of(price_list: PriceList) -> Offer:
    rows = Price.objects.filter(price_list=price_list).values_list("country", "amount")
    return Offer(currency=price_list.currency, prices=dearest(rows))


def offers() -> dict[str, Offer]:
    """What each configured provider asks, in the order of WAGTAIL_SMS["PROVIDERS"]."""
    found = {alias: list_in_use(alias) for alias in app_settings.PROVIDERS}
    return {alias: offer_of(price_list) for alias, price_list in found.items() if price_list}


def terms() -> Terms:
    """What the operator decided, as it stands in the database."""
    rows = CountryRule.objects.values_list("country", "credits", "is_disabled")
    pin = UnitPin.objects.order_by("-pk").first()
    rules = {country: Rule(credits, is_disabled) for country, credits, is_disabled in rows}
    return Terms(rules, pin and pin.price, pin.currency if pin else "")


def rates_of(card: RateCard | None) -> dict[str, Rate]:
    """`{country: rate}` of a card, by country."""
    names = ("credits", "price", "provider", "basis", "parent")
    rows = CountryRate.objects.filter(card=card).order_by("country").values_list("country", *names) if card else ()
    return {country: Rate(*values) for country, *values in rows}


def offer_on(card: RateCard | None) -> Offer | None:
    """The prices behind a card, as if one provider asked them; those that others are followed for only once."""
    if card is None:
        return None
    rates = rates_of(card)
    return Offer(card.currency, {c: rate.price for c, rate in rates.items() if rate.price and not rate.parent})


def draft(*, replacing: Mapping[str, Offer] | None = None, under: Terms | None = None) -> Draft | None:
    """The card that would be in force with these lists instead of the present ones, or under other rules.

    Raises PriceListRefused when no card can be made of it.
    """
    return compose({**offers(), **(replacing or {})}, under or terms())


def renew(*, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """Put in force what the lists and rules make together; the present card stays if that is the same.

    Raises PriceListRefused. Runs in its own transaction, or in its caller's, which took the lock.
    """
    with transaction.atomic():
        made, current = draft(), current_card()
        if made is None or (current and is_same(current, made)):
            return current
        RateCard.objects.retire()
        card = RateCard.objects.create(
            currency=made.currency,
            unit_price=made.unit,
            is_unit_pinned=made.is_unit_pinned,
            is_current=True,
            reason=reason[:255],
            created_at=now or timezone.now(),
            created_by=by,
        )
        CountryRate.objects.bulk_create(
            CountryRate(
                card=card,
                country=country,
                credits=rate.credits,
                price=rate.price,
                provider=rate.provider,
                basis=rate.basis,
                parent=rate.parent,
            )
            for country, rate in made.rates.items()
        )
    return card


def is_same(card: RateCard, made: Draft) -> bool:
    """Whether a draft says nothing new."""
    head = (card.currency, card.unit_price, card.is_unit_pinned)
    return head == (made.currency, made.unit, made.is_unit_pinned) and rates_of(card) == made.rates
