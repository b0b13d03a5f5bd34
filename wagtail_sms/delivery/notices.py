"""Texts to one person: written once by their key, paid before they are sent, waiting when there are no credits."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery.models import Notice
from wagtail_sms.exceptions import CountryNotServed, InsufficientCredits, LedgerError
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.segments import measure
from wagtail_sms.states import NoticePurpose, NoticeStatus, ReservationStatus
from wagtail_sms.subscribers.consent import OptIn
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.texts import SmsSettings
from wagtail_sms.wake import wake


REPLIES = (NoticePurpose.STOP_REPLY, NoticePurpose.START_REPLY, NoticePurpose.HELP_REPLY)


def welcome(opt_in: OptIn, *, now: datetime | None = None) -> Notice | None:
    """The welcome text of a new subscription, exactly one; None when no subscription began.

    Without credits (or beyond the day's budget for welcome texts) it waits and is shown as waiting. Runs in the
    caller's transaction.
    """
    if not opt_in.is_new:
        return None
    person = opt_in.subscriber
    return _write(
        person.site,
        purpose=NoticePurpose.WELCOME,
        key=f"welcome:{person.pk}:{person.subscription_count}",
        number=person.number,
        country=person.country,
        body=SmsSettings.for_site(person.site).text("welcome_text"),
        subscriber=person,
        now=now,
    )


def reply(
    site,
    *,
    purpose: str,
    key: str,
    person: Subscriber | None,
    number: str,
    country: str,
    sender: str,
    now: datetime,
) -> Notice | None:
    """Answer a text that came in, once per `key`, from the number it was sent to. Costs no credits.

    Replies have a daily allowance of their own, so that an empty wallet never stops an opt-out's confirmation; beyond
    it nothing is sent. Runs in the caller's transaction.
    """
    # One allowance per purpose, so that a flood of HELP silences no confirmation of a STOP.
    sent_today = Notice.objects.filter(site=site, purpose=purpose, created_at__gt=now - timedelta(days=1))
    if sent_today.count() >= app_settings.REPLY_ALLOWANCE_PER_DAY:
        return None
    return _write(
        site,
        purpose=purpose,
        key=key,
        number=number,
        country=country,
        body=SmsSettings.for_site(site).text(purpose),
        subscriber=person,
        sender=sender,
        now=now,
    )


def pay_for_waiting(*, now: datetime | None = None, limit: int = 500) -> int:
    """Queue the waiting texts whose site has credits again, oldest first. Returns how many."""
    now, queued = now or timezone.now(), 0
    waiting = Notice.objects.filter(status=NoticeStatus.WAITING, next_attempt_at__lte=now).select_related("site")
    for notice in waiting.order_by("pk")[:limit]:
        with transaction.atomic():
            mine = Notice.objects.select_for_update().filter(pk=notice.pk, status=NoticeStatus.WAITING)
            if mine.exists() and _pay(notice, now):
                mine.update(status=NoticeStatus.QUEUED, credits=notice.credits, next_attempt_at=now)
                queued += 1
    if queued:
        wake("wagtail_sms.send_notices")
    return queued


def _write(site, *, purpose, key, number, country, body, subscriber, sender="", now=None) -> Notice | None:
    now, measured = now or timezone.now(), measure(body)
    notice = Notice(
        site=site,
        purpose=purpose,
        key=key,
        subscriber=subscriber,
        number=number,
        country=country,
        body=body,
        encoding=measured.encoding,
        segments=measured.segments,
        sender=sender,
        next_attempt_at=now,
        created_at=now,
    )
    try:
        with transaction.atomic():
            notice.save(force_insert=True)
    except IntegrityError:
        return None
    if purpose not in REPLIES and not _pay(notice, now):
        notice.status = NoticeStatus.WAITING
        notice.next_attempt_at = now + timedelta(minutes=1)
    notice.save(update_fields=["status", "credits", "next_attempt_at"])
    wake("wagtail_sms.send_notices")
    return notice


def _pay(notice: Notice, now: datetime) -> bool:
    """Reserve the text's credits, if there are any and the day's budget for welcome texts allows it."""
    try:
        credits = credits_for(notice.country) * notice.segments
        if notice.purpose == NoticePurpose.WELCOME and not _within_budget(notice, credits, now):
            return False
        ledger.reserve(notice.site, amount=credits, key=f"notice:{notice.pk}", purpose=str(notice.purpose), now=now)
    except (InsufficientCredits, CountryNotServed, LedgerError):
        return False
    notice.credits = credits
    return True


def _within_budget(notice: Notice, credits: int, now: datetime) -> bool:
    """Counted by when it is paid, which for a text that waited is later, and in line with the others of the site."""
    paid = Reservation.objects.filter(
        wallet=ledger.lock(notice.site), purpose=NoticePurpose.WELCOME, created_at__gt=now - timedelta(days=1)
    ).exclude(status=ReservationStatus.VOID)
    spent = paid.aggregate(total=Sum("amount"))["total"] or 0
    return spent + credits <= app_settings.WELCOME_CREDITS_PER_DAY
