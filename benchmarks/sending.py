"""Our own sending, from the click to the last message, and the proof that it was right."""

import time
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

from celery import current_app
from django.db import connection
from django.db.models import Sum

from benchmarks.names import NAME
from benchmarks.stub import Stub
from benchmarks.timing import counted_statements
from benchmarks.workers import Worker
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.steering import cancel
from wagtail_sms.credits import ledger
from wagtail_sms.credits.audit import audit
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus


BODIES = count(1)
SLOWEST = 200  # recipients per second; whoever is slower is taken for stuck
SWEEP_SECONDS = 30  # as beat does


class WrongFigure(Exception):
    """Somebody was texted twice or not at all, or a credit is in the wrong place: nothing else counts then."""


@dataclass(frozen=True, slots=True)
class Run:
    """One campaign that was sent; `seconds` is from the click until it was done."""

    recipients: int
    seconds: float
    stats: dict
    times: list[float]
    # Of this process while it dispatched; 0 where workers did.
    statements: int = 0

    @property
    def rate(self) -> float:
        """Recipients per second."""
        return self.recipients / self.seconds

    @property
    def headroom(self) -> float:
        """How many times faster the gateway could have been, by the processor time it took."""
        return self.seconds / max(self.stats["cpu_seconds"], 0.001)


def next_body() -> str:
    """One segment; another text each time, since the same one is not sent twice in a day."""
    return f"Tonight at half past seven: piano, and soup in the break. No. {next(BODIES)}"


def draft(site) -> Campaign:
    return compose(site, body=next_body(), form_token=uuid4())


def launched(site) -> Campaign:
    campaign = draft(site)
    return launch(campaign, quote=estimate(site, body=campaign.body))


def planned(site) -> Campaign:
    """A campaign cut into batches in this process, of which nothing is sent yet."""
    campaign = launched(site)
    plan(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def send_with(workers: list[Worker], site, gateway: Stub, *, latency_ms: int) -> Run:
    """Click and wait for the workers; the campaign is checked and its rows are removed."""
    gateway.reset(latency_ms=latency_ms)
    campaign = draft(site)
    start = time.monotonic()
    launch(campaign, quote=estimate(site, body=campaign.body))
    _await(campaign, workers)
    run = Run(campaign.recipients, time.monotonic() - start, gateway.stats(), gateway.times())
    check(campaign, run.stats)
    clear()
    return run


def send_here(campaign: Campaign, gateway: Stub, *, latency_ms: int) -> Run:
    """Dispatch a planned campaign in this process."""
    gateway.reset(latency_ms=latency_ms)
    start = time.monotonic()
    with counted_statements() as statements:
        dispatch_all(campaign)
    taken = time.monotonic() - start
    run = Run(campaign.recipients, taken, gateway.stats(), gateway.times(), len(statements))
    check(campaign, run.stats)
    clear()
    return run


def dispatch_all(campaign: Campaign) -> None:
    """Dispatch in this process until the campaign is done."""
    while campaign.status == CampaignStatus.SENDING:
        handled = dispatch()
        campaign.refresh_from_db()
        if not handled and campaign.status == CampaignStatus.SENDING:
            raise WrongFigure(f"Nothing of campaign {campaign.pk} can be dispatched and it is not done.")


def check(campaign: Campaign, stats: dict) -> None:
    """Raises WrongFigure unless gateway, rows and ledger agree that everybody was texted once and paid for."""
    deliveries = Delivery.objects.filter(campaign=campaign).exclude(status=DeliveryStatus.SKIPPED)
    batches = Batch.objects.filter(campaign=campaign)
    site = campaign.site
    found = {
        "status": (campaign.status, CampaignStatus.DONE),
        "recipients at the gateway": (stats["recipients"], campaign.recipients),
        "duplicates at the gateway": (stats["duplicates"], 0),
        "deliveries": (deliveries.count(), campaign.recipients),
        "batches that are not done": (batches.exclude(status=BatchStatus.DONE).count(), 0),
        "credits charged": (batches.aggregate(total=Sum("charged_credits"))["total"], campaign.credits),
        "credits captured": (campaign.reservation.captured, campaign.credits),
        "differences in the ledger": (len(audit(site)), 0),
        "credits still reserved": (ledger.balance(site).reserved, 0),
    }
    wrong = [f"{what}: {is_}, not {should}" for what, (is_, should) in found.items() if is_ != should]
    if wrong:
        raise WrongFigure(f"Campaign {campaign.pk}: " + "; ".join(wrong))


def clear() -> None:
    """Each run starts with empty tables: the millionth delivery is to cost what the first does, not what is left."""
    tables = ("wagtail_sms_delivery", "wagtail_sms_reportevent", "wagtail_sms_foldedreport", "wagtail_sms_batch")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
        else:
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")


def drop(campaign: Campaign) -> None:
    """Forget a campaign that was launched to see how long that takes; without batches there is nothing to settle."""
    clear()
    cancel(campaign)


def _await(campaign: Campaign, workers: list[Worker]) -> None:
    end = time.monotonic() + 90 + campaign.recipients / SLOWEST
    swept = time.monotonic()
    while campaign.status != CampaignStatus.DONE:
        for worker in workers:
            worker.check()
        if time.monotonic() > end:
            words = "\n".join(worker.words() for worker in workers)
            raise WrongFigure(f"Campaign {campaign.pk} is {campaign.status} ({campaign.paused_reason}):\n{words}")
        if time.monotonic() - swept > SWEEP_SECONDS:
            current_app.send_task("wagtail_sms.sweep", queue=NAME)
            swept = time.monotonic()
        time.sleep(0.05)
        campaign.refresh_from_db()
