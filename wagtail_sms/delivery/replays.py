"""Calls that were acted upon: a signature stays good for a while, and whoever overheard it can send it again."""

from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from django.db import connection

from wagtail_sms.delivery.many import execute
from wagtail_sms.delivery.models import SeenCall
from wagtail_sms.providers.base import Signed


NOTE = "INSERT INTO wagtail_sms_seencall (token, until) VALUES (%s, %s) ON CONFLICT DO NOTHING"
# A WITH for a statement that has `taken` reports with their calls: those of them that were not seen before, noted.
# A call whose signature is too old to come again need not be.
FRESH = """fresh AS (
        INSERT INTO wagtail_sms_seencall (token, until)
        SELECT call, call_until FROM taken WHERE call_until > now() ORDER BY call
        ON CONFLICT DO NOTHING RETURNING token
    )"""
# And which of the reports are to be kept.
IS_FRESH = "call IS NULL OR call_until <= now() OR call IN (SELECT token FROM fresh)"


def is_first(call: Signed | None, *, provider: str) -> bool:
    """Note the call; False if it was noted before. Runs in the transaction that acts upon it, or falls with it."""
    return call is None or bool(execute(NOTE, noted(call, provider=provider)))


def noted(call: Signed, *, provider: str) -> list:
    """The parameters of NOTE: a key of 16 bytes, which is compared faster than a text, and until when it is kept."""
    digest = blake2b(f"{provider}:{call.token}".encode(), digest_size=16).digest()
    token = SeenCall._meta.pk.get_db_prep_value(UUID(bytes=digest), connection)
    return [token, connection.ops.adapt_datetimefield_value(call.until)]


def prune(*, now: datetime) -> int:
    """Forget calls whose signatures are too old by now. Returns how many."""
    return SeenCall.objects.filter(until__lt=now).delete()[0]
