"""Who must not be texted: keyed hashes that outlive deletion and import."""

import hashlib
import hmac
from datetime import datetime

from django.db import connection

from wagtail_sms.conf import app_settings
from wagtail_sms.subscribers.models import Suppression


def number_hash(number: str, *, pepper: str | None = None) -> str:
    """HMAC-SHA256 of an E.164 number with the current pepper: a plain hash of a number is guessed in minutes."""
    pepper = app_settings.NUMBER_PEPPERS[0] if pepper is None else pepper
    return hmac.new(pepper.encode(), number.encode(), hashlib.sha256).hexdigest()


def number_hashes(number: str) -> list[str]:
    """The hashes under every pepper in use, the current one first."""
    return [number_hash(number, pepper=pepper) for pepper in app_settings.NUMBER_PEPPERS]


def suppress(site, *, number: str, reason: str, now: datetime) -> None:
    """Remember that this number must not be texted. Runs in the caller's transaction."""
    Suppression.objects.get_or_create(
        site=site, number_hash=number_hash(number), defaults={"reason": reason, "created_at": now}
    )


def lift(site, *, number: str) -> None:
    """Forget the suppression: only for something the person did. Runs in the caller's transaction."""
    Suppression.objects.filter(site=site, number_hash__in=number_hashes(number)).delete()


def is_suppressed(site, *, number: str) -> bool:
    return Suppression.objects.filter(site=site, number_hash__in=number_hashes(number)).exists()


def hold_suppressions() -> None:
    """Until the caller's transaction ends, a STOP waits, and then stops whom the transaction added.

    Without this one between our look and our commit would find nobody to stop. SQLite lets one write at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE wagtail_sms_suppression IN SHARE MODE")
