"""What is known of one subscriber, newest first, each list no longer than `SHOWN`."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from wagtail_sms.admin.cells import HINTS
from wagtail_sms.admin.columns import Look
from wagtail_sms.admin.inbox_cells import look_of, shown_text
from wagtail_sms.admin.outcomes import look_of_state, why
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.progress import state_of
from wagtail_sms.delivery.carrier import blocking_sender
from wagtail_sms.delivery.models import Delivery, InboundEvent, Notice
from wagtail_sms.phone import display
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.suppression import is_suppressed, number_hashes


SHOWN = 100


@dataclass(frozen=True, slots=True)
class Text:
    """A text to the person. `campaign` is the message's key, None for a text to this person only."""

    at: datetime
    what: str
    look: Look
    why: str
    credits: int
    campaign: int | None = None


def agreements(person: Subscriber, *, full: bool) -> list[ConsentEvent]:
    """Every change of consent of this number on this site. What proves it may hold a number: only with the right."""
    hashes = number_hashes(person.number)
    found = ConsentEvent.objects.filter(site=person.site_id, number_hash__in=hashes)
    events = list(found.select_related("wording", "by").order_by("-at", "-pk")[:SHOWN])
    for event in events:
        event.proof = event.evidence if full else ""
    return events


def texts(person: Subscriber) -> list[Text]:
    """Messages and single texts; three queries, each by an index also among millions of deliveries."""
    found = [*_of_campaigns(person), *_notices(person)]
    return sorted(found, key=lambda text: text.at, reverse=True)[:SHOWN]


def replies(person: Subscriber) -> list[InboundEvent]:
    """What the person texted to the site."""
    found = InboundEvent.objects.filter(site=person.site_id, sender=person.number)
    events = list(found.order_by("-received_at")[:SHOWN])
    for event in events:
        event.look, event.shown = look_of(event), shown_text(event.body)
    return events


def obstacles(person: Subscriber, *, is_served: bool) -> list[str]:
    """Why the next message does not reach the person, in sentences; empty when nothing is in its way."""
    found = []
    if person.status != SubscriberStatus.ACTIVE:
        found.append(str(HINTS[person.status]) if person.status != SubscriberStatus.SUSPENDED else _suspended())
    elif is_suppressed(person.site, number=person.number):
        found.append(_("This number must not be texted by this site: it was deleted, or its owner unsubscribed."))
    if not is_served:
        found.append(_("There is no price for their country, so no message goes there."))
    elif sender := blocking_sender(person.site, number=person.number, country=person.country):
        found.append(
            _("Their network lets no text from %(sender)s through to them, until they text START to it.")
            % {"sender": display(sender)}
        )
    return found


def _suspended() -> str:
    return _("An editor has suspended them: they get no messages until they are switched on again.")


def _of_campaigns(person: Subscriber) -> list[Text]:
    launched = Campaign.objects.filter(site=person.site_id, launched_at__isnull=False)
    recent = list(launched.order_by("-launched_at").values_list("pk", flat=True)[:SHOWN])
    found = Delivery.objects.filter(campaign__in=recent, subscriber=person.pk).select_related("campaign", "batch")
    return [
        Text(
            at=delivery.batch.finished_at or delivery.campaign.launched_at,
            what=str(delivery.campaign),
            look=look_of_state(state_of(delivery.status, delivery.batch.status, delivery.reason)),
            why=why(delivery.batch.provider, delivery.status, delivery.reason),
            credits=delivery.credits,
            campaign=delivery.campaign_id,
        )
        for delivery in found
    ]


def _notices(person: Subscriber) -> list[Text]:
    found = Notice.objects.filter(subscriber=person.pk).order_by("-created_at")[:SHOWN]
    return [
        Text(
            at=notice.created_at,
            what=str(notice.get_purpose_display()),
            look=look_of_state(
                {"queued": "waiting"}.get(notice.status, notice.status), str(notice.get_status_display())
            ),
            why="",
            credits=notice.credits,
        )
        for notice in found
    ]
