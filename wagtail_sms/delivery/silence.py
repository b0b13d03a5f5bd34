"""Texts go out and no report comes in: the alarm, and asking the provider what it would have told.

A webhook that the provider paused, or that a firewall eats, loses STOPs in silence; nobody would notice by looking at
what did arrive.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import heartbeat
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.reports import append
from wagtail_sms.exceptions import ProviderError
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import SMSProvider
from wagtail_sms.states import RUNNING_CAMPAIGNS, BatchStatus, NoticeStatus
from wagtail_sms.timetable import turn


logger = logging.getLogger("wagtail_sms")

FROM, UNTIL = "silent-from:%s", "silent-until:%s"
LOOK_BACK = timedelta(days=2)
# A report can be faster than our own commit, and its heartbeat is some seconds coarse.
SLACK = timedelta(seconds=30)
# Pauses between two questions about the same texts; after the last one nobody asks any more.
PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6), timedelta(hours=24))
PULL_EVERY = timedelta(minutes=1)
REQUESTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Silence:
    """`since` is when the first text went out of which nothing was heard; `last_report` may be None."""

    provider: str
    since: datetime
    last_report: datetime | None

    @property
    def is_asked(self) -> bool:
        """Whether the provider can be asked for what it did not report."""
        return get_provider(self.provider).supports_read


def silences(*, now: datetime | None = None) -> list[Silence]:
    """The providers that took texts SILENCE_MINUTES ago and longer, and reported on none since."""
    now = now or timezone.now()
    found = (silence_of(alias, now=now) for alias in app_settings.PROVIDERS)
    return [silence for silence in found if silence is not None]


def silence_of(provider: str, *, now: datetime) -> Silence | None:
    """Reads one row unless nothing came in for a while."""
    patience = timedelta(minutes=app_settings.SILENCE_MINUTES)
    last = heartbeat.last(heartbeat.REPORTS % provider)
    if not patience or (last is not None and last > now - patience) or not _reports(provider):
        return None
    since = _first_text(provider, after=max(last + SLACK if last else now - LOOK_BACK, now - LOOK_BACK))
    return Silence(provider, since, last) if since is not None and since <= now - patience else None


def pull(*, now: datetime | None = None, budget: int = REQUESTS_AT_ONCE) -> int:
    """Ask the silent providers for the statuses that they don't report, at most `budget` requests a minute to each.

    What they say is appended as reports. Texts of a silence that is over are asked about, too, until their turns are
    used up. Returns how many requests were made; every one is outside of transactions.
    """
    now, asked = now or timezone.now(), 0
    for alias in app_settings.PROVIDERS:
        with turn(f"pull:{alias}"[:60], every=PULL_EVERY, now=now) as is_due:
            if is_due and (span := _span(alias, now)) is not None:
                asked += _pull(alias, *span, now=now, budget=budget)
    return asked


def _span(alias: str, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when the provider was silent, the present silence included; None if it was not lately."""
    silence, started = silence_of(alias, now=now), heartbeat.last(FROM % alias)
    until = heartbeat.last(UNTIL % alias)
    if silence is not None:
        # A second silence shortly after the first continues it, whose texts may not all have been asked about.
        if started is None or until is None or until < now - LOOK_BACK:
            heartbeat.mark(FROM % alias, at=silence.since)
        heartbeat.mark(UNTIL % alias, at=now)
        return heartbeat.last(FROM % alias), now
    return (started, until) if started and until and until > now - LOOK_BACK else None


def _pull(alias: str, started: datetime, until: datetime, *, now: datetime, budget: int) -> int:
    try:
        provider = get_provider(alias)
    except ImproperlyConfigured:
        return 0
    asked = 0
    for model, rows in ((Notice, _notices(alias)), (Batch, _batches(alias))) if provider.supports_read else ():
        due = rows.filter(finished_at__gte=started, finished_at__lte=until)
        due = due.filter(next_attempt_at__lte=now, lookups__lt=len(PAUSES)).order_by("next_attempt_at", "pk")
        for row in due[: budget - asked]:
            try:
                append(provider.read(row.provider_id, row.reference), provider=alias)
            except (ProviderError, ImproperlyConfigured) as error:
                logger.warning("%s can't be asked for statuses now: %s", alias, error)
                return asked + 1
            asked += 1
            pause = PAUSES[row.lookups]
            model.objects.filter(pk=row.pk).update(lookups=F("lookups") + 1, next_attempt_at=now + pause)
    if asked:
        logger.warning("%s sends no reports; it was asked about %s request(s) instead.", alias, asked)
    return asked


def _first_text(provider: str, *, after: datetime) -> datetime | None:
    rows = (_batches(provider), _notices(provider))
    firsts = [found.filter(finished_at__gt=after).aggregate(first=Min("finished_at"))["first"] for found in rows]
    return min(filter(None, firsts), default=None)


def _batches(provider: str) -> QuerySet[Batch]:
    """Those of the last days' campaigns that the provider took; the table of batches is long, that of campaigns not."""
    recent = Q(status__in=RUNNING_CAMPAIGNS) | Q(finished_at__gte=timezone.now() - LOOK_BACK)
    campaigns = apps.get_model("wagtail_sms", "Campaign").objects.filter(recent)
    taken = Batch.objects.filter(campaign__in=list(campaigns.values_list("pk", flat=True)), status=BatchStatus.DONE)
    return taken.filter(provider=provider).exclude(provider_id="")


def _notices(provider: str) -> QuerySet[Notice]:
    return Notice.objects.filter(provider=provider, status=NoticeStatus.ACCEPTED).exclude(provider_id="")


def _reports(alias: str) -> bool:
    """Whether the provider has delivery reports at all."""
    try:
        return type(get_provider(alias)).parse_reports is not SMSProvider.parse_reports
    except ImproperlyConfigured:
        return False
