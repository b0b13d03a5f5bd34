"""Calls that were acted upon: a signature stays good for a while, and whoever overheard it can send it again."""

from datetime import datetime

from django.db import connection

from wagtail_sms.delivery.many import execute
from wagtail_sms.delivery.models import SeenCall
from wagtail_sms.providers.base import Signed


NOTE = "INSERT INTO wagtail_sms_seencall (provider, token, until) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
# A WITH for a statement that has `taken` reports with their calls: those of them that were not seen before, noted.
FRESH = """fresh AS (
        INSERT INTO wagtail_sms_seencall (provider, token, until)
        SELECT provider, call, call_until FROM taken WHERE call <> '' ORDER BY call
        ON CONFLICT DO NOTHING RETURNING provider, token
    )"""


def is_first(call: Signed | None, *, provider: str) -> bool:
    """Note the call; False if it was noted before. Runs in the transaction that acts upon it, or falls with it."""
    return call is None or bool(execute(NOTE, noted(call, provider=provider)))


def noted(call: Signed, *, provider: str) -> list:
    """The parameters of NOTE."""
    return [provider, call.token[:64], connection.ops.adapt_datetimefield_value(call.until)]


def prune(*, now: datetime) -> int:
    """Forget calls whose signatures are too old by now. Returns how many."""
    return SeenCall.objects.filter(until__lt=now).delete()[0]
