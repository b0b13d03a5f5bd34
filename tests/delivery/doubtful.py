"""Texts of which nobody can find out any more whether they were sent: it is a person's turn."""

from datetime import timedelta

from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.factories import make_subscribers
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import expire_leases
from wagtail_sms.delivery.lookup import SCHEDULE
from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.phone import parse
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import Outcome
from wagtail_sms.states import BatchStatus, NoticeStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.texts import current_wording


def uncertain(site, people: int, *, accepted: int = 0, start: int = 0):
    """A campaign to so many whose answer was lost, and others who were surely sent to."""
    subscribers = make_subscribers(site, people + accepted, start=start)
    for person in subscribers[:people]:
        get_provider().script[person.number] = Outcome.UNCERTAIN
    return sent(site, body=f"Tonight: piano. {start}")


def looked_up_in_vain(site, people: int, *, accepted: int = 0, start: int = 0):
    """The same after the last lookup."""
    campaign = uncertain(site, people, accepted=accepted, start=start)
    Batch.objects.filter(campaign=campaign, status=BatchStatus.UNCERTAIN).update(lookups=len(SCHEDULE))
    return campaign


def nobody_answered(site, people: int):
    """A campaign in requests of fifty whose workers died, after the last lookup."""
    make_subscribers(site, people)
    campaign = launched(site)
    plan(campaign.pk)
    now = timezone.now()
    claimed = claim(50, provider="default", now=now)
    assert sum(len(one.numbers) for one in claimed) == people
    expire_leases(now=now + timedelta(hours=1))
    Batch.objects.filter(campaign=campaign).update(lookups=len(SCHEDULE))
    return campaign


def uncertain_welcome(site, number: str = "+12015550177", *, looked_up: bool = True) -> Notice:
    get_provider().script[number] = Outcome.UNCERTAIN
    notice = welcome(consent.opt_in(site, number=parse(number), wording=current_wording(site)))
    send_notices()
    if looked_up:
        Notice.objects.filter(pk=notice.pk).update(lookups=len(SCHEDULE))
    notice.refresh_from_db()
    assert notice.status == NoticeStatus.UNCERTAIN
    return notice
