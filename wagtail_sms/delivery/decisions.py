"""A person's word about what nobody else could find out: uncertain texts were sent, or were not. Nothing is sent here.

It is believed until a report knows better. What a decision gave back is not charged again then.
"""

from collections import defaultdict
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_sms.delivery import notice_queue
from wagtail_sms.delivery.doubt import IN_DOUBT, Doubt, doubt, in_doubt, is_a_persons_turn
from wagtail_sms.delivery.many import any_of, execute
from wagtail_sms.delivery.models import Batch, Decision, Delivery, Notice
from wagtail_sms.delivery.settle import finish_if_over, settle_batches
from wagtail_sms.exceptions import DecisionRefused, DoubtChanged
from wagtail_sms.signals import delivery_updated
from wagtail_sms.states import BatchStatus, DeliveryStatus, NoticePurpose, NoticeStatus, SkipReason, Verdict


LONGEST_REASON = Decision._meta.get_field("reason").max_length
ACTION = "wagtail_sms.decide"


def decide(
    campaign,
    *,
    verdict: Verdict,
    reason: str,
    by,
    batch: Batch | None = None,
    seen: tuple[int, int] | None = None,
    now: datetime | None = None,
) -> Decision | None:
    """Say what became of the campaign's uncertain texts, or of one batch's, as far as it is a person's turn.

    SENT spends the credits held for them, NOT_SENT gives them back. None, and nothing done, when nothing waits for a
    decision: it is still looked up, or a report or somebody else was faster. Raises DecisionRefused without a reason,
    and DoubtChanged when it is not the people and credits that were `seen`. Runs in its own transaction.
    """
    reason, now = _usable(reason), now or timezone.now()
    with transaction.atomic():
        found = _locked_batches(campaign, batch, now)
        if found is None:
            return None
        _check(found, seen)
        ids = [row.pk for row in found.rows]
        _write(campaign, found.rows, verdict)
        settle_batches(campaign, ids, note=reason)
        decision = _keep(campaign.site, found, verdict, reason, by, now, campaign=campaign)
        log(campaign, ACTION, user=by, title=_("Campaign %(number)s") % {"number": campaign.pk}, data=_data(decision))
        told = partial(delivery_updated.send_robust, sender=Delivery, campaign=campaign, count=found.people)
        transaction.on_commit(told, robust=True)
    finish_if_over(campaign, now=now)
    return decision


def decide_notices(
    site,
    *,
    purpose: NoticePurpose,
    verdict: Verdict,
    reason: str,
    by,
    seen: tuple[int, int] | None = None,
    now: datetime | None = None,
) -> Decision | None:
    """The same for the site's texts to single people for one purpose, its uncertain welcome texts for instance."""
    reason, now = _usable(reason), now or timezone.now()
    with transaction.atomic():
        uncertain = Notice.objects.select_for_update().filter(site=site, purpose=purpose, status=NoticeStatus.UNCERTAIN)
        found = doubt(row for row in uncertain.order_by("pk") if is_a_persons_turn(row, now=now))
        if found is None:
            return None
        _check(found, seen)
        settle = notice_queue.count_as_sent if verdict == Verdict.SENT else notice_queue.give_up
        for notice in found.rows:
            settle(notice, now=now)
        decision = _keep(site, found, verdict, reason, by, now, purpose=purpose)
        log(decision, ACTION, user=by, title=decision.get_purpose_display(), data=_data(decision))
    return decision


def _usable(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise DecisionRefused()
    return reason


def _locked_batches(campaign, batch: Batch | None, now: datetime) -> Doubt | None:
    """What waits for a decision, locked in the order of the keys: a second tab, or a report, comes before or after."""
    which = {"pk": batch.pk} if batch else {}
    uncertain = Batch.objects.select_for_update().filter(campaign=campaign.pk, status=BatchStatus.UNCERTAIN, **which)
    return doubt(row for row in uncertain.order_by("pk") if is_a_persons_turn(row, now=now))


def _check(found: Doubt, seen: tuple[int, int] | None) -> None:
    if seen is not None and found.figures != seen:
        raise DoubtChanged(found)


def _write(campaign, batches: tuple[Batch, ...], verdict: Verdict) -> None:
    """Move the deliveries in doubt: one statement, however many batches."""
    ids = [batch.pk for batch in batches]
    if verdict == Verdict.SENT:
        values, parameters = "status = %s", [DeliveryStatus.ACCEPTED.value]
    else:
        _take_out(in_doubt(ids))
        values = "status = %s, credits = 0, reason = %s"
        parameters = [DeliveryStatus.SKIPPED.value, SkipReason.LOST.value]
    mine, keys = any_of("batch_id", ids)
    query = f"""
        UPDATE wagtail_sms_delivery SET {values}
        WHERE campaign_id = %s AND subscriber_id BETWEEN %s AND %s AND {mine} AND status IN (%s, %s)
    """  # noqa: S608 only our own expressions are interpolated
    first, last = min(batch.first_id for batch in batches), max(batch.last_id for batch in batches)
    execute(query, [*parameters, campaign.pk, first, last, *keys, *(status.value for status in IN_DOUBT)])


def _take_out(people: dict[int, tuple[int, int]]) -> None:
    """Whoever was not sent to was not handed over either."""
    by_count = defaultdict(list)
    for batch_id, (count, _credits) in people.items():
        by_count[count].append(batch_id)
    for count, ids in by_count.items():
        Batch.objects.filter(pk__in=ids).update(handed=F("handed") - count)


def _keep(site, found: Doubt, verdict: Verdict, reason: str, by, now: datetime, **what) -> Decision:
    return Decision.objects.create(
        site=site,
        verdict=verdict,
        people=found.people,
        credits=found.credits,
        reason=reason,
        decided_at=now,
        decided_by=by,
        **what,
    )


def _data(decision: Decision) -> dict:
    return {
        "verdict": str(decision.verdict),
        "people": decision.people,
        "credits": decision.credits,
        "reason": decision.reason,
    }
