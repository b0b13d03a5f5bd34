"""What happens when the provider takes nothing: batches go back to the queue, and campaigns, or parts of them, rest."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.apps import apps
from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from wagtail_sms.delivery import lanes
from wagtail_sms.delivery.keys import REFUSED_FOR_GOOD
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.settle import OPEN, settle_batches
from wagtail_sms.delivery.wire import LeaseTooOld
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.states import BatchStatus, CampaignStatus


logger = logging.getLogger("wagtail_sms")

# When a provider that refused for good is asked again, while another one's part of the campaign goes on.
OPERATOR_MUST_ACT = timedelta(minutes=10)


@dataclass
class Refusals:
    """Batches of which surely nothing was sent. `kind` is that of the lanes that rest with them."""

    kind: str
    batches: list[tuple[Batch, Exception]] = field(default_factory=list)

    def add(self, batch: Batch, error: Exception) -> None:
        self.batches.append((batch, error))

    def settle(self, *, now: datetime) -> bool:
        """Put the batches back. True when nothing was refused. Runs in its own transaction."""
        if not self.batches:
            return True
        worst = next((error for _batch, error in self.batches if not isinstance(error, LeaseTooOld)), None)
        resume_at = self._resume_at(worst, now) if worst else now
        provider = self.batches[0][0].provider
        with transaction.atomic():
            # Campaigns first, as for whoever cancels one: either the cancelling finds these batches, or we find it.
            campaigns = _lock_campaigns({batch.campaign_id for batch, _error in self.batches})
            for batch, error in self.batches:
                forgotten = {} if isinstance(error, ProviderUnavailable | LeaseTooOld) else REFUSED_FOR_GOOD
                self._put_back(batch, campaigns[batch.campaign_id], resume_at or now, forgotten)
            for campaign in campaigns.values() if worst else ():
                _rest(campaign, provider, worst, resume_at=resume_at, now=now)
        return worst is None

    def _put_back(self, batch: Batch, campaign, next_attempt_at: datetime, forgotten: dict[str, None]) -> None:
        cancelled = campaign.status == CampaignStatus.CANCELLED
        Batch.objects.filter(pk=batch.pk, claim=batch.claim, status=BatchStatus.SENDING).update(
            status=BatchStatus.CANCELLED if cancelled else BatchStatus.QUEUED,
            lease_until=None,
            next_attempt_at=next_attempt_at,
            **forgotten,
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
        return lanes.back_off(self.kind, now=now, retry_after=retry_after)


def _rest(campaign, provider: str, error: Exception, *, resume_at: datetime | None, now: datetime) -> None:
    """Pause the campaign, or only this provider's part of it while another provider's part can go on."""
    elsewhere = _goes_on_elsewhere(campaign, provider, now)
    if elsewhere and resume_at is None:
        # The campaign may not wait for the operator while others of its people can be texted; this part may.
        resting = Batch.objects.filter(campaign=campaign.pk, provider=provider, status=BatchStatus.QUEUED)
        resting.filter(next_attempt_at__lte=now).update(next_attempt_at=now + OPERATOR_MUST_ACT)
    if elsewhere and elsewhere <= now:
        return
    moments = [moment for moment in (resume_at, elsewhere) if moment]
    running = _campaigns().filter(pk=campaign.pk, status=CampaignStatus.SENDING)
    running.update(
        status=CampaignStatus.PAUSED,
        resume_at=min(moments, default=None),
        paused_reason=pause_reason(error)[:255],
    )


def _goes_on_elsewhere(campaign, provider: str, now: datetime) -> datetime | None:
    """When something of the campaign can go out through another provider; None when nothing waits for another."""
    other_rates = CountryRate.objects.filter(card=campaign.card_id).exclude(provider=provider)
    if campaign.planned_at is None and other_rates.exists():
        return now
    others = Batch.objects.filter(campaign=campaign.pk, status__in=OPEN).exclude(provider=provider).order_by()
    moments = [
        max(first, lanes.resting_until(lanes.CAMPAIGNS % alias, now=now) or first)
        for alias, first in others.values_list("provider").annotate(first=Min("next_attempt_at"))
    ]
    return min(moments, default=None)


def _campaigns():
    return apps.get_model("wagtail_sms", "Campaign").objects


def _lock_campaigns(ids: set[int]) -> dict:
    return {campaign.pk: campaign for campaign in _campaigns().select_for_update().filter(pk__in=ids).order_by("pk")}


def pause_reason(error: Exception) -> str:
    if isinstance(error, ProviderConfigurationError):
        return _("The SMS provider refuses this installation's settings. The operator has to mend them.")
    return str(error)
