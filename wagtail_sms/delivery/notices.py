"""Texts to one person: written once by their key, paid before they are sent, waiting when there are no credits."""

from collections import Counter
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger, periods
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery.models import Notice
from wagtail_sms.exceptions import CodeRefused, CountryNotServed, InsufficientCredits, LedgerError
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.segments import measure
from wagtail_sms.senders.replies import one_way_countries
from wagtail_sms.states import NoticePurpose, NoticeStatus, ReservationStatus
from wagtail_sms.subscribers import links
from wagtail_sms.subscribers.consent import OptIn
from wagtail_sms.subscribers.models import PendingSignUp, Subscriber
from wagtail_sms.subscribers.texts import texts_for
from wagtail_sms.wake import wake


REPLIES = (NoticePurpose.STOP_REPLY, NoticePurpose.START_REPLY, NoticePurpose.HELP_REPLY)
# What the public form makes us send, and so has one budget.
TO_STRANGERS = (NoticePurpose.WELCOME, NoticePurpose.CODE)


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
        body=_with_a_way_out(person, texts_for(person.site, person.language).text("welcome_text")),
        subscriber=person,
        now=now,
    )


def code(waiting: PendingSignUp, body: str, *, now: datetime | None = None) -> Notice:
    """The text with the confirmation code of somebody who signed up. It is sent now or not at all.

    Paid like a welcome text, from the same budget of the day. Raises CodeRefused("unpaid"). Runs in the caller's
    transaction.
    """
    notice = _write(
        waiting.site,
        purpose=NoticePurpose.CODE,
        key=f"code:{waiting.pk}:{waiting.codes}",
        number=waiting.number,
        country=waiting.country,
        body=body,
        subscriber=None,
        now=now,
    )
    if notice is None or notice.status == NoticeStatus.WAITING:
        raise CodeRefused("unpaid")
    return notice


def reply(
    site,
    *,
    purpose: str,
    key: str,
    person: Subscriber | None,
    number: str,
    country: str,
    sender: str,
    provider: str,
    now: datetime,
) -> Notice | None:
    """Answer a text that came in, once per `key`, from the number it was sent to. Costs no credits.

    `provider` is the one that has that number, whichever would be the cheapest for the country.

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
        body=texts_for(site, person.language if person else "").text(purpose),
        subscriber=person,
        sender=sender,
        provider=provider,
        now=now,
    )


def test(site, *, key: str, number: str, country: str, body: str, now: datetime) -> Notice | None:
    """A test message to an editor's own phone; None when this key has one. It is sent now or not at all.

    Raises InsufficientCredits, CountryNotServed. Runs in its own transaction.
    """
    rate = _rate(country)
    with transaction.atomic():
        notice = _write(
            site,
            purpose=NoticePurpose.TEST,
            key=key,
            number=number,
            country=country,
            body=body,
            subscriber=None,
            now=now,
        )
        if notice is not None and notice.status == NoticeStatus.WAITING:
            available = ledger.balance(site, now=now).available
            raise InsufficientCredits(needed=rate.credits * notice.segments, available=available)
    return notice


def pay_for_waiting(*, now: datetime | None = None, limit: int = 500) -> int:
    """Queue the waiting texts whose site has credits again, oldest first. Returns how many.

    Those of sites without any are not even looked at, so that they don't stand in line before the others.
    """
    now, queued = now or timezone.now(), Counter()
    due = Notice.objects.filter(status=NoticeStatus.WAITING, next_attempt_at__lte=now)
    waiting = due.filter(_may_have_credits(now)).select_related("site")
    for notice in waiting.order_by("next_attempt_at", "pk")[:limit]:
        with transaction.atomic():
            mine = Notice.objects.select_for_update().filter(pk=notice.pk, status=NoticeStatus.WAITING)
            if mine.exists() and _pay(notice, now):
                paid = {"credits": notice.credits, "provider": notice.provider}
                mine.update(status=NoticeStatus.QUEUED, next_attempt_at=now, **paid)
                queued[notice.provider] += 1
            else:
                # To the end of the line: a site with too few credits must not keep the others waiting.
                mine.update(next_attempt_at=now)
    for provider in queued:
        wake("wagtail_sms.send_notices", provider)
    return queued.total()


def _write(
    site, *, purpose, key, number, country, body, subscriber, sender="", provider="default", now=None
) -> Notice | None:
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
        provider=provider,
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
    notice.save(update_fields=["status", "credits", "provider", "next_attempt_at"])
    wake("wagtail_sms.send_notices", notice.provider)
    return notice


def _with_a_way_out(person: Subscriber, body: str) -> str:
    """With the link to unsubscribe below it, where an answer with STOP would not arrive."""
    try:
        carrier = _rate(person.country).provider
    except CountryNotServed:
        return body
    if not one_way_countries(person.site, {person.country: carrier}):
        return body
    return links.completed(body, links.line_for(person.site), person.pk)


def _may_have_credits(now: datetime) -> Q:
    """By the wallet's own figure, which misses the free credits of a month that nobody asked for yet."""
    month_is_new = Q(site__sms_wallet__granted_through__lt=periods.period_of(now))
    return Q(site__sms_wallet__available__gt=0) | month_is_new


def _pay(notice: Notice, now: datetime) -> bool:
    """Reserve the text's credits, if there are any and the day's budget for welcome texts allows it.

    The rate that it is paid at names the provider that it goes out through.
    """
    try:
        rate = _rate(notice.country)
        credits = rate.credits * notice.segments
        if notice.purpose in TO_STRANGERS and not _within_budget(notice, credits, now):
            return False
        ledger.reserve(notice.site, amount=credits, key=f"notice:{notice.pk}", purpose=str(notice.purpose), now=now)
    except (InsufficientCredits, CountryNotServed, LedgerError):
        return False
    notice.credits, notice.provider = credits, rate.provider
    return True


def _rate(country: str) -> CountryRate:
    rate = CountryRate.objects.filter(card__is_current=True, country=country).first()
    if rate is None:
        raise CountryNotServed(country)
    return rate


def _within_budget(notice: Notice, credits: int, now: datetime) -> bool:
    """Counted by when it is paid, which for a text that waited is later, and in line with the others of the site."""
    paid = Reservation.objects.filter(
        wallet=ledger.lock(notice.site), purpose__in=TO_STRANGERS, created_at__gt=now - timedelta(days=1)
    ).exclude(status=ReservationStatus.VOID)
    spent = paid.aggregate(total=Sum("amount"))["total"] or 0
    return spent + credits <= app_settings.WELCOME_CREDITS_PER_DAY
