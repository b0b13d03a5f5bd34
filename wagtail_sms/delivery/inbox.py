"""The texts that people sent, as editors read them. The doubtful ones wait until somebody decides.

An editor can make a text a STOP, never undo one: only the person can.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.exceptions import CameBack
from wagtail_sms.keywords import Keyword
from wagtail_sms.states import ConsentKind, InboundVerdict
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentEvent
from wagtail_sms.subscribers.suppression import number_hashes


DELETED_AT_ONCE = 5000
# What these mean needs nobody's opinion.
PLAIN = (Keyword.STOP, Keyword.START)


def waiting(site) -> QuerySet[InboundEvent]:
    """The site's texts that may ask to stop and that nobody has looked at."""
    return InboundEvent.objects.filter(site=site, keyword=Keyword.REVIEW, verdict="")


def strays() -> QuerySet[InboundEvent]:
    """Texts to numbers of ours that no site has, or that we do not know; the newest first."""
    return InboundEvent.objects.filter(site=None).order_by("-received_at")


def treat_as_stop(event: InboundEvent, *, by, now: datetime | None = None) -> bool:
    """An editor reads this text as a STOP, as of when it was sent. Returns whether it was not one before.

    Nothing is texted to the person: a confirmation belongs to the minutes after their text. Raises CameBack when they
    signed up or texted START since; a text that is a STOP already changes nothing. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if came_back(event):
            raise CameBack
        undecided = InboundEvent.objects.filter(pk=event.pk, verdict__in=("", InboundVerdict.LEFT))
        verdict = {"verdict": InboundVerdict.STOP, "reviewed_at": now, "reviewed_by": by}
        if not undecided.exclude(keyword__in=PLAIN).update(**verdict):
            return False
        how = {"source": "inbox", "by": by, "evidence": event.body}
        consent.stop(event.site, number=event.sender, sent_at=event.sent_at, now=now, **how)
        settle(event.site, number=event.sender, now=now)
    return True


def leave(event: InboundEvent, *, by, now: datetime | None = None) -> bool:
    """An editor reads a doubtful text as no STOP: it leaves the list, the person stays. Returns whether it did."""
    doubtful = InboundEvent.objects.filter(pk=event.pk, keyword=Keyword.REVIEW, verdict="")
    verdict = {"verdict": InboundVerdict.LEFT, "reviewed_at": now or timezone.now(), "reviewed_by": by}
    return bool(doubtful.update(**verdict))


def settle(site, *, number: str, now: datetime) -> None:
    """Nobody needs to decide any more: the person unsubscribed. Runs in the caller's transaction."""
    waiting(site).filter(sender=number).update(verdict=InboundVerdict.SETTLED, reviewed_at=now)


def came_back(event: InboundEvent) -> bool:
    """Whether the person signed up or texted START after this text came in."""
    since = ConsentEvent.objects.filter(site=event.site_id, number_hash__in=number_hashes(event.sender))
    return since.filter(kind__in=(ConsentKind.OPT_IN, ConsentKind.START), at__gt=event.received_at).exists()


def start_after(site, *, number: str, moment: datetime) -> InboundEvent | None:
    """The latest START that this person texted to the site after that moment, whenever it came in."""
    starts = InboundEvent.objects.filter(site=site, sender=number, keyword=Keyword.START, sent_at__gt=moment)
    return starts.order_by("-sent_at").first()


def forget(site, *, number: str) -> int:
    """Delete what this number texted to the site. Returns how many texts. Runs in the caller's transaction."""
    return InboundEvent.objects.filter(site=site, sender=number).delete()[0]


def prune(*, now: datetime) -> int:
    """Delete texts older than INBOX_KEPT_DAYS, but none that waits for somebody to decide. Returns how many."""
    old = InboundEvent.objects.filter(received_at__lt=now - timedelta(days=app_settings.INBOX_KEPT_DAYS))
    old = old.exclude(keyword=Keyword.REVIEW, verdict="")
    deleted = 0
    while ids := list(old.order_by("pk").values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        deleted += InboundEvent.objects.filter(pk__in=ids).delete()[0]
    return deleted
