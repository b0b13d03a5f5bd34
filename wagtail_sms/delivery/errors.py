"""Pausing a campaign of which too much goes wrong, before all its people were tried in vain."""

import logging
from collections import Counter, defaultdict
from datetime import datetime

from django.apps import apps
from django.utils.translation import gettext as _

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery.claim import Claimed
from wagtail_sms.providers.base import Outcome, SendResult
from wagtail_sms.states import CampaignStatus


logger = logging.getLogger("wagtail_sms")

# A share of fewer people says nothing; older ones are forgotten by halves.
FEWEST, MOST = 200, 2000
WRONG = (Outcome.REJECTED, Outcome.UNCERTAIN)


def wrong(results: list[SendResult]) -> int:
    """How many of these recipients were refused, or may have been."""
    said = [result.outcome for result in results]
    return sum(map(said.count, WRONG))


class Shares:
    """How many of each campaign's recipients went wrong in this turn."""

    def __init__(self) -> None:
        self._counts: dict[int, Counter] = defaultdict(Counter)

    def add(self, finished: list[tuple[Claimed, list[SendResult]]], *, now: datetime) -> None:
        """Count what was recorded, and pause each campaign whose share of errors is reached."""
        for claimed, results in finished:
            said = [result.outcome for result in results]
            self._counts[claimed.batch.campaign_id].update({outcome: said.count(outcome) for outcome in Outcome})
        for campaign_id, counts in self._counts.items():
            if counts.total() >= FEWEST and self._share(counts) >= app_settings.PAUSE_AT_ERROR_SHARE < 1:
                _pause(campaign_id, round(100 * self._share(counts)))
                counts.clear()
            elif counts.total() > MOST:
                for outcome in counts:
                    counts[outcome] //= 2

    @staticmethod
    def _share(counts: Counter) -> float:
        return sum(counts[outcome] for outcome in WRONG) / counts.total()


def _pause(campaign_id: int, percent: int) -> None:
    running = apps.get_model("wagtail_sms", "Campaign").objects.filter(pk=campaign_id, status=CampaignStatus.SENDING)
    reason = _("%(percent)s%% of the latest messages were refused or are uncertain. Look at them before you go on.")
    if running.update(status=CampaignStatus.PAUSED, resume_at=None, paused_reason=reason % {"percent": percent}):
        logger.error("Campaign %s is paused: %s%% of its latest messages went wrong.", campaign_id, percent)
