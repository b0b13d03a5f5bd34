"""Words of a provider that this version does not know: nothing is done about them, and nobody drops them in silence."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.many import execute
from wagtail_sms.delivery.models import StrangeWord
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.states import StrangeKind
from wagtail_sms.storable import storable


COUNT = """
    INSERT INTO wagtail_sms_strangeword (provider, kind, word, times, first_at, last_at, example)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (provider, kind, word) DO UPDATE
    SET times = wagtail_sms_strangeword.times + excluded.times, last_at = excluded.last_at, example = excluded.example
"""


def note_statuses(reports: Iterable[StatusReport], *, provider: str, now: datetime | None = None) -> None:
    """Count the statuses among these reports that nobody knows."""
    unknown = [report for report in reports if report.status == ReportStatus.UNKNOWN]
    for word, times in sorted(Counter(report.raw_status for report in unknown).items()):
        latest = next(report for report in reversed(unknown) if report.raw_status == word)
        example = f"{latest.error_code} {latest.error_text}"
        _count(StrangeKind.STATUS, word, times, example, provider=provider, now=now)


def note_events(words: Iterable[str], *, body: bytes, provider: str, now: datetime | None = None) -> None:
    """Count these kinds of events, with the body of the call that brought them."""
    for word, times in sorted(Counter(words).items()):
        _count(StrangeKind.EVENT, word, times, body.decode(errors="replace"), provider=provider, now=now)


def lately(*, now: datetime | None = None) -> QuerySet[StrangeWord]:
    """What was heard within REPORTS_KEPT_DAYS."""
    since = (now or timezone.now()) - timedelta(days=app_settings.REPORTS_KEPT_DAYS)
    return StrangeWord.objects.filter(last_at__gte=since).order_by("provider", "kind", "word")


def forget(*, now: datetime) -> int:
    """Delete what was heard longer ago than that. Returns how many words."""
    since = now - timedelta(days=app_settings.REPORTS_KEPT_DAYS)
    return StrangeWord.objects.filter(last_at__lt=since).delete()[0]


def _count(kind: str, word: str, times: int, example: str, *, provider: str, now: datetime | None) -> None:
    moment = connection.ops.adapt_datetimefield_value(now or timezone.now())
    # Who is texted is nobody's business here.
    example = re.sub(r"\d{6,}", "...", storable(example).strip())[:500]
    execute(COUNT, [provider, str(kind), storable(word)[:50], times, moment, moment, example])
