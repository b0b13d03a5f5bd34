"""What the operator decides about prices: a country's credits, no texts to a country, the price of one credit.

Every decision has a reason and is logged. It runs in one transaction together with the rate card it makes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.countries import NAMES, country_name
from wagtail_sms.exceptions import PriceListRefused, PriceRuleRefused
from wagtail_sms.pricing.compose import MOST_CREDITS, Draft, Rule, Terms
from wagtail_sms.pricing.making import current_card, draft, lock, renew, terms
from wagtail_sms.pricing.models import CountryRule, RateCard, UnitPin
from wagtail_sms.pricing.reading import money_text, usable


LONGEST_REASON = 255


def override(country: str, *, credits: int, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """Texts to the country cost these credits per segment whatever the price, also if it was switched off before.

    Every verb here returns the card in force, None before the first price list. They raise PriceRuleRefused when the
    rule makes no sense or no card can be made with it, and then change nothing. Each has its own transaction.
    """
    if not 1 <= credits <= MOST_CREDITS:
        raise PriceRuleRefused(
            _("A segment costs between 1 and %(most)s credits, in whole numbers.") % {"most": f"{MOST_CREDITS:,}"}
        )
    values = {"credits": credits, "is_disabled": False}
    why = _("%(country)s set to %(credits)s credits") % {"country": country_name(country), "credits": f"{credits:,}"}
    return _set(country, values, "wagtail_sms.price_override", why=why, reason=reason, by=by, now=now)


def disable(country: str, *, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """No texts to the country, and its price no longer counts for the cheapest."""
    why = _("%(country)s switched off") % {"country": country_name(country)}
    return _set(country, {"is_disabled": True}, "wagtail_sms.price_disable", why=why, reason=reason, by=by, now=now)


def enable(country: str, *, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """Texts to the country again, for the price, or for the credits that were set before it was switched off."""
    if not CountryRule.objects.filter(country=country, is_disabled=True).exists():
        raise PriceRuleRefused(_("%(country)s is not switched off.") % {"country": country_name(country)})
    why = _("%(country)s switched on") % {"country": country_name(country)}
    return _set(country, {"is_disabled": False}, "wagtail_sms.price_enable", why=why, reason=reason, by=by, now=now)


def clear(country: str, *, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """The country follows the price again: neither set nor switched off."""
    if not CountryRule.objects.filter(country=country).exists():
        raise PriceRuleRefused(_("There is no rule for %(country)s.") % {"country": country_name(country)})
    values = {"credits": None, "is_disabled": False}
    why = _("%(country)s follows the price again") % {"country": country_name(country)}
    return _set(country, values, "wagtail_sms.price_clear", why=why, reason=reason, by=by, now=now)


def pin_unit(price: Decimal, *, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """One credit is worth this much, in the card's currency, whatever the cheapest country costs."""
    card, price = current_card(), usable(price)
    if card is None or price is None:
        raise PriceRuleRefused(_("The price of one credit must be more than nothing, and there must be a rate card."))
    why = _("One credit pinned to %(price)s %(currency)s") % {"price": money_text(price), "currency": card.currency}
    return _pin(price, card.currency, "wagtail_sms.price_pin", why=why, reason=reason, by=by, now=now)


def unpin(*, reason: str, by=None, now: datetime | None = None) -> RateCard | None:
    """One credit is the cheapest country's price again."""
    why = _("One credit is the cheapest country's price again")
    return _pin(None, "", "wagtail_sms.price_unpin", why=why, reason=reason, by=by, now=now)


def rule_for(country: str) -> CountryRule | None:
    return CountryRule.objects.filter(country=country).first()


def draft_with(country: str, rule: Rule | None) -> Draft | None:
    """The card that would be in force with this rule on the country instead of its present one; reads only."""
    present = terms()
    rules = {code: known for code, known in present.rules.items() if code != country}
    return draft(under=replace(present, rules={**rules, country: rule} if rule else rules))


def draft_at(price: Decimal | None, currency: str) -> Draft | None:
    """The card that would be in force with one credit pinned to this price, or with the pin taken off."""
    present: Terms = terms()
    return draft(under=replace(present, unit=price, unit_currency=currency))


def _set(country: str, values: dict, action: str, *, why: str, reason: str, by, now) -> RateCard | None:
    if country not in NAMES:
        raise PriceRuleRefused(_("%(country)s is not a country code.") % {"country": country})
    now = now or timezone.now()
    with _decision(reason) as reason:
        stamp = {"reason": reason, "changed_at": now, "changed_by": by}
        rule = CountryRule.objects.filter(country=country).first() or CountryRule(country=country)
        for name, value in {**values, **stamp}.items():
            setattr(rule, name, value)
        # The log names the rule by its key, which a rule that says nothing any more is about to lose.
        log_to = rule.pk
        if rule.credits or rule.is_disabled:
            rule.save()
        elif log_to:
            rule.delete()
            rule.pk = log_to
        card = renew(reason=_line(why, reason), by=by, now=now)
        data = {"country": country, "credits": rule.credits, "reason": reason}
        log(instance=rule, action=action, user=by, title=country_name(country), data=data)
    return card


def _pin(price: Decimal | None, currency: str, action: str, *, why: str, reason: str, by, now) -> RateCard | None:
    now = now or timezone.now()
    with _decision(reason) as reason:
        pin = UnitPin.objects.create(price=price, currency=currency, reason=reason, changed_at=now, changed_by=by)
        card = renew(reason=_line(why, reason), by=by, now=now)
        data = {"price": money_text(price) if price else "", "currency": currency, "reason": reason}
        log(instance=pin, action=action, user=by, title=_("Price of one credit"), data=data)
    return card


@contextmanager
def _decision(reason: str) -> Iterator[str]:
    """The transaction of a decision, which needs a reason and a card that can be made of it."""
    reason = reason.strip()
    if not reason:
        raise PriceRuleRefused(_("Say why: the reason is kept in the history."))
    try:
        with transaction.atomic():
            lock()
            yield reason[:LONGEST_REASON]
    except PriceListRefused as error:
        raise PriceRuleRefused(" ".join(error.problems)) from error


def _line(why: str, reason: str) -> str:
    return f"{why}: {reason}"
