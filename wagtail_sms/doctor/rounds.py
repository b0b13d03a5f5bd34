"""The order in which things are looked at: what stands on nothing first."""

from collections.abc import Iterator
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.doctor import machinery, telephony
from wagtail_sms.doctor.findings import Finding, Level, error


def examine(*, now: datetime | None = None) -> Iterator[Finding]:
    """Look at everything, one finding after the other. Without a database the rest is not looked at."""
    now = now or timezone.now()
    try:
        aliases = list(app_settings.PROVIDERS)
    except ImproperlyConfigured as problem:
        yield error("Settings", str(problem), "Mend WAGTAIL_SMS in your settings.")
        return
    yield from machinery.settings()
    found = list(machinery.database())
    yield from found
    yield from machinery.broker()
    if any(one.level == Level.ERROR for one in found):
        return
    yield from machinery.workers(now)
    yield from machinery.public_address()
    for alias in aliases:
        yield from telephony.provider(alias)
        yield from telephony.webhooks(alias, now)
        yield from telephony.words(alias, now)
    yield from telephony.numbers(now)
    yield from telephony.strays(now)
    yield from telephony.prices(now)
