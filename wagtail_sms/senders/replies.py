"""Where people can answer a number, and where what they text to it does not arrive."""

from collections.abc import Collection, Mapping

from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import NumberError
from wagtail_sms.phone import calling_code
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.provisioning import sender_for


def one_way_countries(site, providers: Mapping[str, str]) -> frozenset[str]:
    """Those countries from which replies don't reach the number that the site texts them from.

    `providers` is `{ISO country: alias of the provider that carries the texts there}`. A number of the country itself,
    or of its calling code, can always be answered; what is known of the others is in NO_REPLY_COUNTRIES.
    """
    senders = {alias: sender_for(site, alias) for alias in set(providers.values())}
    return frozenset(
        country for country, alias in providers.items() if not _replies_arrive(country, alias, senders[alias])
    )


def in_doubt(countries: Collection[str]) -> set[str]:
    """Those of them that may be one-way countries, as far as the settings tell: all others can answer."""
    if all(map(_hears, app_settings.PROVIDERS)):
        return {*countries} & {*app_settings.NO_REPLY_COUNTRIES}
    return {*countries}


def _hears(alias: str) -> bool:
    try:
        return get_provider(alias).supports_inbound
    except ImproperlyConfigured:
        return True  # nothing goes out through it either


def _replies_arrive(country: str, alias: str, sender) -> bool:
    if not _hears(alias):
        return False
    if country not in app_settings.NO_REPLY_COUNTRIES:
        return True
    return sender is not None and _is_domestic(sender.number, country)


def _is_domestic(number: str, country: str) -> bool:
    try:
        return number.startswith(f"+{calling_code(country)}")
    except NumberError:
        return False
