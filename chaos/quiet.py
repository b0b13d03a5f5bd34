"""Waiting until nothing moves any more, with everybody alive and the gateway honest again."""

import time
from dataclasses import dataclass, field

from django.apps import apps
from django.db.models import Count

from chaos import clock
from chaos.audience import Crowd
from chaos.stage import Stage, patiently, say
from wagtail_sms.campaigns import steering
from wagtail_sms.delivery.models import Batch, Notice, ReportEvent
from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.states import BatchStatus, CampaignStatus, NoticeStatus


LOOKUPS = 5
STILL = 6  # looks in a row that find everything at rest


@dataclass
class Calm:
    """`seconds` until nothing moved; `uncertain` are the batches that were seen in doubt at any time."""

    reached: bool = False
    seconds: float = 0.0
    resumed: int = 0
    uncertain: set[int] = field(default_factory=set)
    waiting: str = ""


class Watch:
    """How far the campaigns are; keeps in mind which batches were in doubt, and frees the lanes of the dead."""

    def __init__(self, crowds: list[Crowd], *, parcel: int):
        self.ids = [crowd.campaign.pk for crowd in crowds]
        self.expected = sum(crowd.campaign.recipients for crowd in crowds) / parcel
        self.uncertain: set[int] = set()
        self._looked = 0.0

    def progress(self) -> float:
        """Share of the batches that are taken up, counting those that are not cut yet."""
        if time.monotonic() - self._looked > 1:
            self.uncertain |= seen_uncertain()
            patiently(clock.shorten_lanes)
            self._looked = time.monotonic()
        rows = Batch.objects.filter(campaign__in=self.ids).order_by().values_list("status").annotate(n=Count("pk"))
        found = dict(patiently(lambda: list(rows)))
        planned = sum(found.values())
        return (planned - found.get(BatchStatus.QUEUED, 0)) / max(planned, self.expected, 1)


def seen_uncertain() -> set[int]:
    rows = Batch.objects.filter(status=BatchStatus.UNCERTAIN).values_list("pk", flat=True)
    return set(patiently(lambda: list(rows)))


def wait(stage: Stage, crowds: list[Crowd], *, seconds: float, uncertain: set[int] = frozenset()) -> Calm:
    """Until campaigns are over, reports folded, and whatever is uncertain was asked after as often as it ever is."""
    calm, began, still = Calm(uncertain=set(uncertain)), time.monotonic(), 0
    stage.gateway("/faults", 0)
    stage.revive()
    while time.monotonic() - began < seconds:
        calm.uncertain |= seen_uncertain()
        patiently(clock.shorten_lanes)
        patiently(clock.end_rests)
        calm.resumed += _resume_who_waits_for_a_person(crowds)
        calm.waiting = patiently(lambda: _what_moves(stage, crowds))
        still = 0 if calm.waiting else still + 1
        if still >= STILL:
            calm.reached, calm.seconds = True, time.monotonic() - began
            return calm
        patiently(clock.make_lookups_due)
        time.sleep(1.0)
    calm.seconds = time.monotonic() - began
    say(f"It has not come to rest: {calm.waiting}")
    return calm


def _what_moves(stage: Stage, crowds: list[Crowd]) -> str:
    """What is still to be done, in words; empty when nothing is."""
    ids = [crowd.campaign.pk for crowd in crowds if crowd.campaign]
    running = _campaigns().filter(pk__in=ids).exclude(status__in=(CampaignStatus.DONE, CampaignStatus.CANCELLED))
    doubtful = Batch.objects.filter(status=BatchStatus.UNCERTAIN, lookups__lt=LOOKUPS)
    counts = {
        "campaigns running": running.count(),
        "batches queued": Batch.objects.filter(status=BatchStatus.QUEUED).count(),
        "batches being sent": Batch.objects.filter(status=BatchStatus.SENDING).count(),
        "batches to be looked up": doubtful.count(),
        "notices queued": Notice.objects.filter(status__in=(NoticeStatus.QUEUED, NoticeStatus.SENDING)).count(),
        "notices to be looked up": Notice.objects.filter(status=NoticeStatus.UNCERTAIN, lookups__lt=LOOKUPS).count(),
        "reports to be folded": ReportEvent.objects.count(),
        "reports on their way": stage.gateway()["reports_waiting"],
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _resume_who_waits_for_a_person(crowds: list[Crowd]) -> int:
    """The gateway's faults may have paused a campaign until somebody looks; somebody does."""
    ids = [crowd.campaign.pk for crowd in crowds if crowd.campaign]
    paused = _campaigns().filter(pk__in=ids, status=CampaignStatus.PAUSED, resume_at=None)
    resumed = 0
    for campaign in patiently(lambda: list(paused)):
        try:
            patiently(lambda campaign=campaign: steering.resume(campaign))
            resumed += 1
        except IllegalTransition:
            continue
    return resumed


def _campaigns():
    return apps.get_model("wagtail_sms", "Campaign").objects
