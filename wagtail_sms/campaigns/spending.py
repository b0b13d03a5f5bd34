"""Where the credits went: what a site spent by month, by country and by campaign. Reads only.

Spent is what was captured less what was refunded, in credits. It counts in the month (UTC) in which its credits were
reserved: the launch of a campaign, and the moment a text to one person was paid, which for a text that waited is later
than its writing. A refund counts in the month of what it refunds. So the tables of a period agree with each other, and
over all time with the ledger, to the credit.

Each table is a few grouped queries over the site's reservations of the period; by country also one pass over the
period's deliveries, joined with their batches. docs/explanation/credits.md has the seconds for a million.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Substr, TruncMonth
from django.utils import timezone

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import periods
from wagtail_sms.credits.models import Reservation, Wallet
from wagtail_sms.delivery.models import Delivery, Notice
from wagtail_sms.delivery.settle import REFUNDABLE, spent


NET = Sum(F("captured") - F("refunded"))
NOTICE_KEY = "notice:"
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Whole months such as "2026-11", both included; "" is open on that side."""

    first: str = ""
    last: str = ""


EVER = Span()


@dataclass(frozen=True, slots=True)
class MonthSpend:
    """What was paid for in one month; `messages` are campaigns, `others` texts to one person."""

    month: str
    messages: int = 0
    message_credits: int = 0
    others: int = 0
    other_credits: int = 0

    @property
    def credits(self) -> int:
        return self.message_credits + self.other_credits


@dataclass(frozen=True, slots=True)
class CountrySpend:
    """Texts that were paid for; of the country UNKNOWN are credits that no text's country explains (yet)."""

    country: str
    texts: int
    credits: int


@dataclass(frozen=True, slots=True)
class CampaignSpend:
    """One campaign, or all texts of one `purpose` to one person: those have no number, body, date or segments."""

    credits: int
    recipients: int
    number: int | None = None
    body: str = ""
    launched_at: datetime | None = None
    segments: int | None = None
    purpose: str = ""


def total(site, *, span: Span = EVER) -> int:
    """Credits that the site spent: the figure all tables add up to."""
    return _paid(site, span).aggregate(credits=NET)["credits"] or 0


def by_month(site, *, span: Span = EVER, now: datetime | None = None) -> list[MonthSpend]:
    """Every month of the span since the site has a wallet, the oldest first, also those in which nothing was spent."""
    month = TruncMonth("created_at", tzinfo=UTC)
    rows = _paid(site, span).values_list(month, _is_campaign()).annotate(texts=Count("pk"), credits=NET).order_by()
    figures: dict[str, dict] = {}
    for start, is_campaign, texts, credits in rows:
        names = ("messages", "message_credits") if is_campaign else ("others", "other_credits")
        figures.setdefault(periods.period_of(start), {}).update(zip(names, (texts, credits), strict=True))
    opened = Wallet.objects.filter(site=site).values_list("opened_at", flat=True).first()
    if not opened:
        return []
    first = max(span.first, min([periods.period_of(opened), *figures]))
    last = span.last or max([periods.period_of(now or timezone.now()), *figures])
    return [MonthSpend(month, **figures.get(month, {})) for month in periods.through(first, last)]


def by_country(site, *, span: Span = EVER) -> list[CountrySpend]:
    """The dearest first, UNKNOWN last. Erased people count: a delivery keeps its country."""
    paid = _paid(site, span)
    texts, credits = Counter(), Counter()
    for country, count, sum_of_credits in chain(_of_campaigns(paid), _of_notices(paid)):
        texts[country or UNKNOWN] += count
        credits[country or UNKNOWN] += sum_of_credits
    credits[UNKNOWN] += total(site, span=span) - credits.total()
    rows = [CountrySpend(country, texts[country], credits[country]) for country in texts.keys() | credits.keys()]
    told = [row for row in rows if row.texts or row.credits]
    return sorted(told, key=lambda row: (row.country == UNKNOWN, -row.credits, row.country))


def by_campaign(site, *, span: Span = EVER) -> list[CampaignSpend]:
    """The campaigns, the newest first, and after them the texts to one person by purpose, the dearest first."""
    paid = _paid(site, span)
    campaigns = (
        Campaign.objects.filter(reservation__in=paid)
        .annotate(spent=F("reservation__captured") - F("reservation__refunded"))
        .order_by("-reservation__created_at", "-pk")
        .values_list("pk", "body", "reservation__created_at", "recipients", "segments", "spent")
    )
    others = paid.filter(~_is_campaign()).values_list("purpose").annotate(texts=Count("pk"), credits=NET).order_by()
    return [
        *(
            CampaignSpend(credits, recipients, number, body, launched_at, segments)
            for number, body, launched_at, recipients, segments, credits in campaigns
        ),
        *sorted(
            (CampaignSpend(credits, texts, purpose=purpose) for purpose, texts, credits in others),
            key=lambda row: (-row.credits, row.purpose),
        ),
    ]


def _paid(site, span: Span) -> QuerySet[Reservation]:
    """The site's reservations of the span of which something was spent."""
    found = Reservation.objects.filter(wallet__site=site, captured__gt=0)
    if span.first:
        found = found.filter(created_at__gte=periods.start_of(span.first))
    if span.last:
        found = found.filter(created_at__lt=periods.end_of(span.last))
    return found


def _is_campaign() -> Exists:
    return Exists(Campaign.objects.filter(reservation=OuterRef("pk")))


def _of_campaigns(paid: QuerySet[Reservation]) -> Iterable[tuple[str, int, int]]:
    """(country, texts, credits) of the deliveries, less what came back for those that the network did not deliver."""
    returned = Q(status__in=REFUNDABLE, campaign__in=_wholly_refunded(paid))
    deliveries = Delivery.objects.filter(spent(), campaign__in=Campaign.objects.filter(reservation__in=paid))
    rows = deliveries.values_list("country").annotate(
        texts=Count("subscriber_id"), gone=Sum("credits"), back=Sum("credits", filter=returned, default=0)
    )
    return ((country, texts, gone - back) for country, texts, gone, back in rows.order_by())


def _wholly_refunded(paid: QuerySet[Reservation]) -> list[int]:
    """Campaigns whose refund covers every undelivered text, so that it can be told by country without guessing."""
    refunded = Campaign.objects.filter(reservation__in=paid.filter(refunded__gt=0))
    undelivered = Delivery.objects.filter(spent(), status__in=REFUNDABLE, campaign__in=refunded)
    rows = undelivered.values_list("campaign", "campaign__reservation__refunded").annotate(credits=Sum("credits"))
    return [campaign for campaign, back, credits in rows.order_by() if back >= credits]


def _of_notices(paid: QuerySet[Reservation]) -> Iterable[tuple[str | None, int, int]]:
    """(country, texts, credits) of the texts to one person, which are found by the key of their reservation."""
    number = Cast(Substr("key", len(NOTICE_KEY) + 1), BigIntegerField())
    country = Notice.objects.filter(pk=OuterRef("notice")).values("country")[:1]
    rows = paid.filter(key__startswith=NOTICE_KEY).annotate(notice=number, country=Subquery(country))
    return rows.values_list("country").annotate(texts=Count("pk"), credits=NET).order_by()
