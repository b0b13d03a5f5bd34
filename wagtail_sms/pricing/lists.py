"""Taking in a provider's price list, from its API or from a file: accepted and put in force, or refused and kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.exceptions import IllegalTransition, PriceListRefused
from wagtail_sms.pricing import report
from wagtail_sms.pricing.compose import Draft
from wagtail_sms.pricing.guards import Problem, credit_leaps, is_currency, plausible, readable, unit_leap
from wagtail_sms.pricing.making import current_card, draft, list_in_use, lock, offer_of, offer_on, rates_of, renew
from wagtail_sms.pricing.models import Price, PriceList
from wagtail_sms.pricing.reading import Reading, read
from wagtail_sms.providers.base import PriceRow
from wagtail_sms.states import PriceListStatus


API = "api"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say of a list, and the card it would make; no card if nobody could accept it."""

    reading: Reading
    problems: list[Problem]
    draft: Draft | None

    @property
    def is_final(self) -> bool:
        return any(problem.is_final for problem in self.problems)

    @property
    def sentences(self) -> list[str]:
        return [problem.sentence for problem in self.problems]

    @property
    def told(self) -> str:
        """A sentence per line: the problems, and what was left out without harm."""
        return "\n".join([*self.sentences, *filter(None, [self.reading.note])])


def judge(rows: Iterable[PriceRow], *, provider: str) -> Verdict:
    """Look at a list without keeping it: what is wrong with it, and which card it would make. Reads only."""
    reading = read(rows)
    problems = readable(reading)
    if any(problem.is_final for problem in problems):
        return Verdict(reading, problems, None)
    card, before = current_card(), list_in_use(provider)
    problems += plausible(reading.offer, before=before and offer_of(before), card=offer_on(card))
    try:
        made = draft(replacing={provider: reading.offer})
    except PriceListRefused as error:
        return Verdict(reading, [*problems, *(Problem(sentence, is_final=True) for sentence in error.problems)], None)
    if card and made and card.currency == made.currency:
        problems += unit_leap(made, before=card.unit_price)
        problems += credit_leaps(made.rates, before=rates_of(card))
    return Verdict(reading, problems, made)


def take_in(
    rows: Iterable[PriceRow],
    *,
    provider: str,
    source: str = API,
    accept_changes: bool = False,
    is_asked: bool = True,
    reason: str = "",
    by=None,
    now: datetime | None = None,
) -> PriceList:
    """Keep a list and put the card it makes in force, or keep it as refused and leave the card as it is.

    `accept_changes` says that the operator knows about its problems; what is final is refused all the same. The list
    that is in use, and a refused one that comes again, are only marked as seen. Prices from a file stay in force until
    somebody asks for others: what comes by itself (`is_asked` is false) is kept ASIDE meanwhile. Runs in its own
    transaction; the report of a new refusal goes out after the commit.
    """
    origin = {"provider": provider, "source": source, "by": by, "now": now or timezone.now()}
    with transaction.atomic():
        lock()
        verdict, in_use = judge(rows, provider=provider), list_in_use(provider)
        is_known = in_use is not None and in_use.digest == verdict.reading.digest
        if is_known and (not is_asked or is_from_a_file(in_use) == (source != API)):
            return _see_again(in_use, by=by, now=origin["now"])
        if verdict.is_final:
            return _refuse(verdict, in_use=in_use, **origin)
        if not is_asked and is_from_a_file(in_use):
            return _keep_once(verdict, PriceListStatus.ASIDE, in_use=in_use, **origin)[0]
        if verdict.problems and not (accept_changes or is_known):
            return _refuse(verdict, in_use=in_use, **origin)
        return _accept(verdict, reason=reason, **origin)


def use_anyway(price_list: PriceList, *, reason: str, by=None, now: datetime | None = None) -> PriceList:
    """The operator says that a list that was refused or kept aside is right: it makes the card from now on.

    Raises IllegalTransition if it was neither, has no usable price or is older than the list in use, and
    PriceListRefused if no card can be made of it. Runs in its own transaction.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock()
        if not can_be_used(price_list):
            raise IllegalTransition(_("This price list can't be used any more."))
        PriceList.objects.filter(pk=price_list.pk).update(status=PriceListStatus.ACCEPTED, seen_at=now)
        renew(reason=reason, by=by, now=now)
        was_refused = price_list.status == PriceListStatus.REFUSED
        _log(price_list, f"wagtail_sms.price_list_{'accept' if was_refused else 'upload'}", by=by, reason=reason)
    price_list.refresh_from_db()
    return price_list


def can_be_used(price_list: PriceList) -> bool:
    """Whether a list that was refused or kept aside can still be accepted."""
    in_use = list_in_use(price_list.provider)
    kept = PriceList.objects.filter(pk=price_list.pk, prices__isnull=False).exclude(status=PriceListStatus.ACCEPTED)
    return kept.exists() and (in_use is None or in_use.pk < price_list.pk)


def is_from_a_file(price_list: PriceList | None) -> bool:
    return price_list is not None and price_list.source != API


def kept_aside(file_list: PriceList) -> PriceList | None:
    """The API's prices that came last while those of this file are in force."""
    aside = PriceList.objects.filter(provider=file_list.provider, status=PriceListStatus.ASIDE, pk__gt=file_list.pk)
    return aside.order_by("-seen_at", "-pk").first()


def open_refusals():
    """Refused lists that came from an API after the last good one of that provider: something to look at.

    Whoever imports a file is told at once.
    """
    good = PriceList.objects.filter(provider=OuterRef("provider")).exclude(status=PriceListStatus.REFUSED)
    last_good = Subquery(good.order_by("-seen_at").values("seen_at")[:1])
    refused = PriceList.objects.filter(status=PriceListStatus.REFUSED, source=API).annotate(last_good=last_good)
    return refused.filter(Q(last_good=None) | Q(seen_at__gt=F("last_good"))).order_by("-seen_at")


def _see_again(in_use: PriceList, *, by, now: datetime) -> PriceList:
    PriceList.objects.filter(pk=in_use.pk).update(seen_at=now)
    renew(reason=_("The providers or rules changed"), by=by, now=now)
    return in_use


def _accept(verdict: Verdict, *, reason: str, by, now: datetime, **origin: str) -> PriceList:
    price_list = _keep(verdict, PriceListStatus.ACCEPTED, by=by, now=now, **origin)
    renew(reason=reason or _new_prices(price_list), by=by, now=now)
    if by or reason:
        _log(price_list, "wagtail_sms.price_list_upload", by=by, reason=reason)
    if verdict.reading.unknown:
        transaction.on_commit(lambda: report.left_out(price_list, verdict.reading.note), robust=True)
    return price_list


def _refuse(verdict: Verdict, *, in_use: PriceList | None, source: str, **origin) -> PriceList:
    price_list, is_new = _keep_once(verdict, PriceListStatus.REFUSED, in_use=in_use, source=source, **origin)
    if is_new and source == API:
        transaction.on_commit(lambda: report.refused(price_list), robust=True)
    return price_list


def _keep_once(
    verdict: Verdict, status: str, *, in_use: PriceList | None, provider: str, source: str, by, now: datetime
) -> tuple[PriceList, bool]:
    """The list and whether it is new: one that keeps coming is one row, until another is in use."""
    again = PriceList.objects.filter(
        provider=provider, status=status, digest=verdict.reading.digest, pk__gt=in_use.pk if in_use else 0
    ).last()
    if again is None:
        return _keep(verdict, status, provider=provider, source=source, by=by, now=now), True
    again.problem, again.seen_at = verdict.told, now
    again.save(update_fields=["problem", "seen_at"])
    return again, False


def _keep(verdict: Verdict, status: str, *, provider: str, source: str, by, now: datetime) -> PriceList:
    reading = verdict.reading
    price_list = PriceList.objects.create(
        provider=provider,
        currency=reading.offer.currency if is_currency(reading.offer.currency) else "",
        source=source[:255],
        status=status,
        problem=verdict.told,
        digest=reading.digest,
        received_at=now,
        seen_at=now,
        created_by=by,
    )
    if not verdict.is_final:
        Price.objects.bulk_create(
            Price(price_list=price_list, country=country, mccmnc=mccmnc, amount=amount)
            for (country, mccmnc), amount in reading.prices.items()
        )
    return price_list


def _new_prices(price_list: PriceList) -> str:
    return _("New prices of %(provider)s") % {"provider": price_list.provider}


def _log(price_list: PriceList, action: str, *, by, reason: str) -> None:
    data = {"provider": price_list.provider, "source": price_list.source, "reason": reason}
    log(instance=price_list, action=action, user=by, data=data)
