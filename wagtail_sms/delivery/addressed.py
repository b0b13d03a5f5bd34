"""Which sites a text that came in is for, by the number it was sent to."""

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from wagtail_sms.delivery.models import Delivery, Notice
from wagtail_sms.keywords import Keyword
from wagtail_sms.providers.base import InboundText
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import ConsentKind, DeliveryStatus, SenderStatus, SubscriberStatus
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.suppression import number_hashes


NOT_TEXTED = (DeliveryStatus.SKIPPED, DeliveryStatus.CANCELLED, DeliveryStatus.REJECTED)


def sites_of(text: InboundText, keyword: Keyword | None) -> list:
    """The sites; for a number that we don't know, or that is not told, none but for a STOP.

    A number of one site is that site's, also after it was replaced; a STOP is for whoever had the number before, too.
    A STOP to a number that sites share is for every site that texted the person from it, also one that has a
    number of its own by now: people answer in the old thread. A START there is for the site that waits for it since
    they signed up, else for the one that was stopped last. A STOP to a number unknown is for all who know the person:
    none may be lost because we don't know yet what the provider knows.
    """
    # A number that is still being looked for has none.
    numbers = SenderNumber.objects.filter(number=text.recipient).exclude(status=SenderStatus.FAILED).exclude(number="")
    senders = list(numbers.select_related("site").order_by("pk"))
    owned = [sender for sender in senders if sender.site is not None]
    if owned:
        return _owners(owned, text, keyword)
    if senders:
        return _sharers(senders, text, keyword)
    return [person.site for person in _known(text)] if keyword == Keyword.STOP else []


def _owners(owned: list[SenderNumber], text: InboundText, keyword: Keyword | None) -> list:
    """Numbers come back to the market: who has it now comes first, who had it hears a STOP of somebody they know."""
    holders = [sender.site for sender in owned if sender.status != SenderStatus.RELEASED]
    past = [sender.site for sender in owned if sender.status == SenderStatus.RELEASED]
    sites = holders or past[-1:]
    if keyword == Keyword.STOP:
        known = _known(text).filter(site__in=past)
        sites += [person.site for person in known]
    return list(dict.fromkeys(sites))


def _sharers(shared: list[SenderNumber], text: InboundText, keyword: Keyword | None) -> list:
    known = _known(text)
    if keyword == Keyword.STOP:
        # Should nobody have texted them yet, a wrong STOP is the lesser harm.
        return [person.site for person in texted_from(known, text.recipient) or known]
    if keyword == Keyword.START:
        return [person.site for person in (_waiting(known, text) or _stopped_last(known))]
    own = SenderNumber.objects.filter(status=SenderStatus.ACTIVE, provider__in=[one.provider for one in shared])
    return [person.site for person in known.exclude(site__in=own.exclude(site=None).values("site"))]


def _waiting(known: QuerySet[Subscriber], text: InboundText) -> list[Subscriber]:
    """Who signed up again after they had left, where the network lets nothing through until their START."""
    signed = ConsentEvent.objects.filter(
        site=OuterRef("site"), number_hash__in=number_hashes(text.sender), kind=ConsentKind.OPT_IN
    )
    latest = Subquery(signed.order_by("-at").values("at")[:1])
    stopped = known.filter(status=SubscriberStatus.STOPPED).annotate(signed_up_at=latest)
    waiting = stopped.filter(Q(stopped_at=None) | Q(signed_up_at__gt=F("stopped_at")), signed_up_at__isnull=False)
    return list(waiting.order_by("-signed_up_at")[:1])


def _stopped_last(known: QuerySet[Subscriber]) -> list[Subscriber]:
    return list(known.exclude(stopped_at=None).order_by("-stopped_at")[:1])


def texted_from(people: QuerySet[Subscriber], number: str) -> QuerySet[Subscriber]:
    """Those of them to whom something went out from this number."""
    campaign = Delivery.objects.filter(subscriber=OuterRef("pk"), campaign__site=OuterRef("site"), batch__sender=number)
    notice = Notice.objects.filter(subscriber=OuterRef("pk"), sender=number, attempts__gt=0)
    return people.filter(Exists(campaign.exclude(status__in=NOT_TEXTED)) | Exists(notice))


def _known(text: InboundText) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(number=text.sender).select_related("site").order_by("site")
