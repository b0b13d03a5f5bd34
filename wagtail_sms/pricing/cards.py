"""Reading the rate card in force, and making a new one from the providers' price lists."""

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.translation import gettext as _

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import CountryNotServed, PriceListRefused, ProviderError
from wagtail_sms.pricing import lists, report
from wagtail_sms.pricing.making import current_card, lock, renew
from wagtail_sms.pricing.models import CountryRate, PriceList, RateCard
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import PriceListStatus


__all__ = [
    "credits_by_country",
    "credits_for",
    "current_card",
    "fetch",
    "providers_by_country",
    "publish",
    "refresh",
    "refresh_all",
    "served_countries",
]


def credits_by_country(card: RateCard | None) -> dict[str, int]:
    """`{ISO country: credits per segment}` of one card."""
    if card is None:
        return {}
    return dict(CountryRate.objects.filter(card=card).values_list("country", "credits"))


def providers_by_country(card: RateCard | None) -> dict[str, str]:
    """`{ISO country: alias of the provider that carries the texts there}` of one card."""
    if card is None:
        return {}
    return dict(CountryRate.objects.filter(card=card).values_list("country", "provider"))


def credits_for(country: str, *, card: RateCard | None = None) -> int:
    """Credits per segment in one country. Raises CountryNotServed when the card has no rate for it."""
    rates = CountryRate.objects.filter(card=card) if card else CountryRate.objects.filter(card__is_current=True)
    found = rates.filter(country=country).values_list("credits", flat=True).first()
    if found is None:
        raise CountryNotServed(country)
    return found


def served_countries() -> list[str]:
    """ISO codes of the countries with a rate, sorted."""
    return sorted(credits_by_country(current_card()))


def refresh(
    provider_alias: str = "default",
    *,
    accept_changes: bool = False,
    is_asked: bool = True,
    reason: str = "",
    by=None,
) -> RateCard:
    """Fetch the provider's price list and put a new card in force if any price changed.

    This is somebody asking for the API's prices, also where those of a file are in force, unless `is_asked` is false.
    The request is made outside of any transaction; the card and its rates appear in one. Raises ProviderError when
    the list can't be had, PriceListRefused (one of them) when the guards refuse it; the old card then stays.
    """
    rows = fetch(provider_alias)
    how = {"accept_changes": accept_changes, "is_asked": is_asked, "reason": reason, "by": by}
    taken = lists.take_in(rows, provider=provider_alias, **how)
    return _card_of(taken)


def refresh_all() -> None:
    """Refresh from every configured provider that has a price list, and make the card of what is configured now.

    Nobody asked for it, so prices from a file stay in force, and what the API says meanwhile is kept aside.
    What goes wrong is reported, not raised, and stops no other provider. Each list is taken in by a transaction of its
    own, and so is the last step, which is for those that have files only or are not configured any more.
    """
    for alias in app_settings.PROVIDERS:
        try:
            if get_provider(alias).supports_price_list:
                refresh(alias, is_asked=False)
        except PriceListRefused:
            continue  # reported when it was kept, or below when no card can be made
        except (ProviderError, ImproperlyConfigured) as error:
            report.failed(alias, error)
        except Exception as error:  # noqa: BLE001 whatever it is, the others go on
            report.failed(alias, error, is_unexpected=True)
    try:
        with transaction.atomic():
            lock()
            renew(reason=_("The providers or rules changed"))
    except PriceListRefused as error:
        report.no_card(error)
    else:
        report.card_made()


def fetch(provider_alias: str) -> list[PriceRow]:
    """The provider's prices as it gives them. Raises ProviderError, also for a provider that has no price list."""
    provider = get_provider(provider_alias)
    if not provider.supports_price_list:
        raise ProviderError(f"{provider_alias} has no price list to fetch; import a file instead.")
    return provider.fetch_prices()


def publish(rows: Iterable[PriceRow], *, provider: str, source: str = lists.API, reason: str = "", by=None) -> RateCard:
    """Put prices in force on purpose: only what can't be a price list is refused (PriceListRefused).

    Runs in its own transaction.
    """
    taken = lists.take_in(rows, provider=provider, source=source, accept_changes=True, reason=reason, by=by)
    return _card_of(taken)


def _card_of(taken: PriceList) -> RateCard:
    if taken.status == PriceListStatus.REFUSED:
        raise PriceListRefused(taken.problem.splitlines(), price_list=taken)
    return current_card()
