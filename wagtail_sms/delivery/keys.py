"""Idempotency keys: saved before the first try, and good for as long as the provider remembers them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from wagtail_sms.delivery.many import execute, table_of
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.requests import batch_request
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import OutboundBatch


# No request is repeated in the last minutes of a key's life: clocks differ, and requests take their time.
MARGIN = timedelta(minutes=5)


# A provider may remember a refusal under the key too, also after the operator mended what was wrong.
REFUSED_FOR_GOOD = {"keyed_at": None}


def lifetime_of(alias: str) -> timedelta | None:
    """How long the provider recognises a repeat; None for one that never does, or that is configured no more."""
    try:
        return get_provider(alias).idempotency_key_lifetime
    except ImproperlyConfigured:
        return None


def good_until(row: Batch | Notice, *, lifetime: timedelta) -> datetime | None:
    """Until when the row's request may be repeated; None if it never had a key."""
    return row.keyed_at + lifetime - MARGIN if row.idempotency_key and row.keyed_at else None


def is_alive(row: Batch | Notice, *, now: datetime) -> bool:
    """Whether the row's request may still be repeated, as far as its key is concerned."""
    lifetime = lifetime_of(row.provider)
    until = good_until(row, lifetime=lifetime) if lifetime else None
    return until is not None and now < until


def give_key(row: Batch | Notice, request: Callable[[], OutboundBatch], *, lifetime: timedelta, now: datetime) -> None:
    """Give the row, unsaved, the key of this request: the one it has if it is still the same request.

    A request that the provider has surely forgotten, or that it refused, begins anew, with another key.
    """
    known = row.keyed_at is not None and now - row.keyed_at < lifetime + MARGIN
    if not known or request().idempotency_key != row.idempotency_key:
        row.keyed_at = now
    row.idempotency_key = request().idempotency_key


def save_keys(requests: list[tuple[Batch, Iterable[str]]], *, lifetime: timedelta, now: datetime) -> None:
    """Note the key of each request, `(batch, its numbers)`, in one statement of the caller's transaction."""
    for batch, numbers in requests:
        give_key(batch, lambda batch=batch, numbers=numbers: batch_request(batch, numbers), lifetime=lifetime, now=now)
    if not requests:
        return
    at = connection.ops.adapt_datetimefield_value
    rows = [(batch.pk, batch.idempotency_key, at(batch.keyed_at)) for batch, _numbers in requests]
    table, parameters = table_of({"id": "bigint", "code": "text", "at": "timestamptz"}, rows)
    query = f"""
        UPDATE wagtail_sms_batch SET idempotency_key = keyed.code, keyed_at = keyed.at
        FROM {table} AS keyed WHERE wagtail_sms_batch.id = keyed.id
    """  # noqa: S608 only our own expressions are interpolated
    execute(query, parameters)
