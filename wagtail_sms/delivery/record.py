"""Writing down what the provider said: one UPDATE per batch row, deliveries only where a recipient differs."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.claim import Claimed, deliveries_of
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.settle import settle_batches
from wagtail_sms.delivery.wire import LeaseTooOld
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.providers.base import Outcome, SendResult
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus


logger = logging.getLogger("wagtail_sms")

# A worker that answers after its lease ended may still tell the truth about a batch that counts as uncertain.
# When an uncertain batch is first looked up, and one of which some was not sent is tried again.
NEXT_LOOK = timedelta(minutes=1)
OURS = (BatchStatus.SENDING, BatchStatus.UNCERTAIN)


def record(answers: list[tuple[Claimed, list[SendResult]]], *, now: datetime) -> None:
    """Record the answers of several batches and settle their credits once. Runs in its own transaction.

    A batch without results had nobody left to text.
    """
    if not answers:
        return
    with transaction.atomic():
        recorded = defaultdict(list)
        for claimed, results in sorted(answers, key=lambda answer: answer[0].batch.pk):
            if _record_batch(claimed, results, now):
                recorded[claimed.batch.campaign].append(claimed.batch.pk)
        for campaign, batch_ids in recorded.items():
            settle_batches(campaign, batch_ids)


def _record_batch(claimed: Claimed, results: list[SendResult], now: datetime) -> bool:
    batch, outcomes = claimed.batch, _outcomes(claimed, results)
    explained = next((result for result in results if result.error_code or result.error_text), None)
    status = _status(batch, outcomes)
    mine = Batch.objects.filter(pk=batch.pk, claim=batch.claim, status__in=OURS).update(
        status=status,
        provider_id=next((result.provider_id for result in results if result.provider_id), ""),
        error_code=explained.error_code[:40] if explained else "",
        error_text=explained.error_text[:255] if explained else "",
        lease_until=None,
        next_attempt_at=now + NEXT_LOOK,
        finished_at=now,
    )
    if mine:
        _mark(batch, outcomes[Outcome.UNCERTAIN], DeliveryStatus.UNCERTAIN)
        _mark(batch, outcomes[Outcome.REJECTED], DeliveryStatus.REJECTED)
        if status != BatchStatus.DONE:
            _mark(batch, outcomes[Outcome.ACCEPTED], DeliveryStatus.ACCEPTED)
    return bool(mine)


def _status(batch: Batch, outcomes: dict[Outcome, list[int]]) -> str:
    """Whoever surely got nothing is tried again; with anybody in doubt, now or from an earlier try, it is not done."""
    if outcomes[Outcome.NOT_SENT]:
        return BatchStatus.QUEUED
    if outcomes[Outcome.UNCERTAIN] or deliveries_of(batch).filter(status=DeliveryStatus.UNCERTAIN).exists():
        return BatchStatus.UNCERTAIN
    return BatchStatus.DONE


def _outcomes(claimed: Claimed, results: list[SendResult]) -> dict[Outcome, list[int]]:
    """Subscribers by outcome. Whoever has no result at all is uncertain, never taken for sent."""
    said = {result.recipient: result.outcome for result in results}
    outcomes = defaultdict(list)
    for subscriber_id, number in claimed.numbers.items():
        outcomes[said.get(number, Outcome.UNCERTAIN)].append(subscriber_id)
    return outcomes


def _mark(batch: Batch, subscriber_ids: list[int], status: int) -> None:
    """Only rows that no report has moved on meanwhile: a report can be faster than the answer."""
    if subscriber_ids:
        handed = deliveries_of(batch).filter(status=DeliveryStatus.HANDED, subscriber_id__in=subscriber_ids)
        handed.update(status=status)


@dataclass
class Refusals:
    """Batches of which surely nothing was sent: they go back to the queue, and their campaigns rest."""

    lane: str
    batches: list[tuple[Batch, Exception]] = field(default_factory=list)

    def add(self, batch: Batch, error: Exception) -> None:
        self.batches.append((batch, error))

    def settle(self, *, now: datetime) -> bool:
        """Put the batches back. True when nothing was refused. Runs in its own transaction."""
        if not self.batches:
            lanes.reset(self.lane)
            return True
        worst = next((error for _batch, error in self.batches if not isinstance(error, LeaseTooOld)), None)
        resume_at = self._resume_at(worst, now) if worst else now
        with transaction.atomic():
            # Campaigns first, as for whoever cancels one: either the cancelling finds these batches, or we find it.
            campaigns = _lock_campaigns({batch.campaign_id for batch, _error in self.batches})
            if worst:
                self._pause(set(campaigns), worst, resume_at)
            for batch, _error in self.batches:
                self._put_back(batch, campaigns[batch.campaign_id], resume_at or now)
        return worst is None

    def _put_back(self, batch: Batch, campaign, next_attempt_at: datetime) -> None:
        cancelled = campaign.status == CampaignStatus.CANCELLED
        Batch.objects.filter(pk=batch.pk, claim=batch.claim, status=BatchStatus.SENDING).update(
            status=BatchStatus.CANCELLED if cancelled else BatchStatus.QUEUED,
            lease_until=None,
            next_attempt_at=next_attempt_at,
        )
        if cancelled:
            settle_batches(campaign, [batch.pk])

    def _resume_at(self, error: Exception, now: datetime) -> datetime | None:
        """When it goes on by itself; None when only the operator can mend it."""
        if isinstance(error, ProviderConfigurationError | ProviderOutOfFunds):
            logger.error("Sending is paused until the operator acts: %s", error)
            return None
        retry_after = error.retry_after if isinstance(error, ProviderUnavailable) else None
        logger.warning("The SMS provider can't be reached, sending pauses: %s", error)
        return lanes.back_off(self.lane, now=now, retry_after=retry_after)

    def _pause(self, campaigns: set[int], error: Exception, resume_at: datetime | None) -> None:
        running = _campaigns().filter(pk__in=campaigns, status=CampaignStatus.SENDING)
        running.update(status=CampaignStatus.PAUSED, resume_at=resume_at, paused_reason=_pause_reason(error)[:255])


def _campaigns():
    return apps.get_model("wagtail_sms", "Campaign").objects


def _lock_campaigns(ids: set[int]) -> dict:
    return {campaign.pk: campaign for campaign in _campaigns().select_for_update().filter(pk__in=ids).order_by("pk")}


def _pause_reason(error: Exception) -> str:
    if isinstance(error, ProviderConfigurationError):
        return _("The SMS provider refuses this installation's settings. The operator has to mend them.")
    return str(error)
