"""The first line of defence of the public form: how often one number, one address block and one site may use it.

The counters are rows, so an emptied cache forgets nothing.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import OptInRefused
from wagtail_sms.subscribers.models import OptInAttempt
from wagtail_sms.subscribers.suppression import number_hash


def check(site, *, number: str, address: str = "", now: datetime | None = None) -> None:
    """Count this attempt and raise OptInRefused when there were too many. Runs in the caller's transaction."""
    now = now or timezone.now()
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    attempts = OptInAttempt.objects.filter(site=site)
    hashed, block = number_hash(number), _address_hash(address)
    if attempts.filter(at__gt=hour).count() >= app_settings.OPT_IN_PER_SITE_PER_HOUR:
        raise OptInRefused("site")
    if attempts.filter(at__gt=day, number_hash=hashed).count() >= app_settings.OPT_IN_PER_NUMBER_PER_DAY:
        raise OptInRefused("number")
    if block and attempts.filter(at__gt=hour, address_hash=block).count() >= app_settings.OPT_IN_PER_ADDRESS_PER_HOUR:
        raise OptInRefused("address")
    OptInAttempt.objects.create(site=site, number_hash=hashed, address_hash=block, at=now)


def forget(*, now: datetime | None = None) -> int:
    """Delete the attempts older than a day. Returns how many."""
    now = now or timezone.now()
    return OptInAttempt.objects.filter(at__lte=now - timedelta(days=1)).delete()[0]


def _address_hash(address: str) -> str:
    try:
        parsed = ip_address(address.strip())
    except ValueError:
        return ""
    block = ip_network((parsed, 24 if parsed.version == 4 else 64), strict=False)
    return hmac.new(app_settings.NUMBER_PEPPERS[0].encode(), str(block).encode(), hashlib.sha256).hexdigest()
