"""What delivery reports say of a person or a number: who opted out at the network, and which number is no phone.

A provider names the codes that mean it. Reports may come twice and in any order: everything here may be said again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.apps import apps
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.models import Batch, Delivery, Notice, NumberFault
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import ReportStatus, StatusReport
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import DeliveryStatus, NoticeStatus, SubscriberStatus
from wagtail_sms.storable import storable
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.blocks import block, blocked_sender
from wagtail_sms.subscribers.models import Subscriber


logger = logging.getLogger("wagtail_sms")
FAILURES = (ReportStatus.UNDELIVERED, ReportStatus.REJECTED, ReportStatus.EXPIRED, ReportStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Text:
    """The text that a report is about: the site it is from and the number it went out from."""

    site: object
    sender: str


def heed(reports: Iterable[StatusReport], *, provider: str, now: datetime | None = None) -> None:
    """Act on the few reports whose code says more than that a text failed. One transaction for each of them."""
    named = get_provider(provider)
    telling = named.opted_out_codes | named.bad_number_codes
    for report in reports:
        if report.error_code in telling and report.status in FAILURES:
            with transaction.atomic():
                opted_out = report.error_code in named.opted_out_codes
                _heed(_storable(report), opted_out, provider=provider, now=now or timezone.now())


def _storable(report: StatusReport) -> StatusReport:
    words = ("reference", "recipient", "error_text")
    return replace(report, **{word: storable(getattr(report, word)) for word in words})


def blocking_sender(site, *, number: str, country: str) -> str:
    """The number that the site texts this person from, if the network keeps its texts from them; else ""."""
    rates = CountryRate.objects.filter(card__is_current=True, country=country)
    senders = [sender_for(site, provider) for provider in rates.values_list("provider", flat=True)]
    return blocked_sender([sender.number for sender in senders if sender is not None], number=number)


def _heed(report: StatusReport, opted_out: bool, *, provider: str, now: datetime) -> None:
    text = _text_of(report, provider)
    if text is None:
        return
    act = _stop if opted_out else _count
    act(text, report, provider=provider, now=now)


def _text_of(report: StatusReport, provider: str) -> _Text | None:
    batch = Batch.objects.filter(reference=report.reference, provider=provider).select_related("campaign__site").first()
    if batch is not None:
        return _Text(batch.campaign.site, batch.sender)
    notice = Notice.objects.filter(reference=report.reference, provider=provider, number=report.recipient)
    found = notice.select_related("site").first()
    return _Text(found.site, found.sender) if found is not None else None


def _stop(text: _Text, report: StatusReport, *, provider: str, now: datetime) -> None:
    """The person told the network STOP: it counts here too, unless they texted START since."""
    said_at = min(report.occurred_at, now)
    if inbox.start_after(text.site, number=report.recipient, moment=said_at):
        return
    block(sender=text.sender, number=report.recipient, since=said_at)
    people = Subscriber.objects.filter(site=text.site, number=report.recipient)
    if people.exclude(status=SubscriberStatus.STOPPED).exists():
        evidence = f"{provider} {report.error_code}: {report.error_text}"
        consent.stop(text.site, number=report.recipient, evidence=evidence, source="carrier", sent_at=said_at, now=now)
        inbox.settle(text.site, number=report.recipient, now=now)


def _count(text: _Text, report: StatusReport, *, provider: str, now: datetime) -> None:
    """One more text to a number that is no phone; after UNREACHABLE_AFTER of them in a row it is given up."""
    person = Subscriber.objects.filter(site=text.site, number=report.recipient, status=SubscriberStatus.ACTIVE).first()
    if person is None:
        return
    said_at = min(report.occurred_at, now)
    fault = {"error_code": report.error_code[:40], "occurred_at": said_at}
    NumberFault.objects.get_or_create(subscriber=person, reference=report.reference, defaults=fault)
    faults = person.faults.filter(occurred_at__gt=_reachable_until(person)).count()
    if 0 < app_settings.UNREACHABLE_AFTER <= faults:
        evidence = f"{provider} {report.error_code}: {report.error_text}"
        if consent.give_up(person, evidence=evidence, now=now):
            logger.info("Subscriber %s can't be reached: %s texts in a row said so.", person.pk, faults)


def _reachable_until(person: Subscriber) -> datetime:
    """When something last reached this number, or when they were last made active."""
    campaigns = apps.get_model("wagtail_sms", "Campaign").objects.filter(site=person.site_id)
    arrived = Delivery.objects.filter(
        campaign__in=campaigns.filter(launched_at__gt=person.status_changed_at),
        subscriber=person,
        status=DeliveryStatus.DELIVERED,
    )
    notices = Notice.objects.filter(subscriber=person, status=NoticeStatus.DELIVERED)
    moments = [
        person.status_changed_at,
        arrived.aggregate(last=Max("campaign__launched_at"))["last"],
        notices.aggregate(last=Max("created_at"))["last"],
    ]
    return max(moment for moment in moments if moment is not None)
