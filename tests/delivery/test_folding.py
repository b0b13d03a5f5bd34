"""The fold, in SQL, against the same rules told in Python: shuffled, doubled, foreign and late reports."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_subscribers
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.models import Batch, Delivery, FoldedReport, ReportEvent
from wagtail_sms.delivery.record import record
from wagtail_sms.delivery.reports import append, fold, prune
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.providers.base import Outcome, ReportStatus, SendResult, StatusReport
from wagtail_sms.signals import delivery_updated
from wagtail_sms.states import DeliveryStatus, SkipReason
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db
D, R = DeliveryStatus, ReportStatus
LOST = (D.SKIPPED, SkipReason.LOST)
OPEN = [(D.HANDED, ""), (D.ACCEPTED, ""), (D.SENT, ""), (D.DELIVERED, ""), (D.UNDELIVERED, ""), (D.EXPIRED, "")]
OPEN += [(D.UNCERTAIN, ""), LOST]
CLOSED = [(D.REJECTED, ""), (D.CANCELLED, ""), (D.SKIPPED, SkipReason.STOPPED), (D.SKIPPED, SkipReason.LATE)]
SAID = {R.SENT: D.SENT, R.DELIVERED: D.DELIVERED, R.UNDELIVERED: D.UNDELIVERED, R.EXPIRED: D.EXPIRED}
SAID[R.REJECTED] = D.UNDELIVERED
BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)


class Model:
    """What the rows should say: (status, reason) by (batch's reference, number), moved one report at a time."""

    def __init__(self, rows: dict[tuple[str, str], tuple[int, str]]):
        self.rows, self.found, self.moved = dict(rows), 0, set()

    def fold(self, events: list[StatusReport]) -> None:
        before = dict(self.rows)
        for event in sorted(events, key=lambda event: event.occurred_at):
            self._hear((event.reference, event.recipient), SAID.get(event.status))
        self.moved |= {key for key, row in self.rows.items() if row != before[key]}
        self.found += sum(before[key] == LOST != row for key, row in self.rows.items())

    def _hear(self, key: tuple[str, str], said: int | None) -> None:
        status, reason = self.rows.get(key, (D.CANCELLED, ""))
        first = said is not None and status in (D.HANDED, D.ACCEPTED, D.UNCERTAIN)
        further = status == D.SENT and said in (D.DELIVERED, D.UNDELIVERED, D.EXPIRED)
        after_all = said == D.DELIVERED and status in (D.UNDELIVERED, D.EXPIRED)
        found = said is not None and (status, reason) == LOST
        if first or further or after_all or found:
            self.rows[key] = said, ""


@pytest.mark.parametrize("seed", range(8))
def test_folding_in_sql_says_what_the_rules_say(site, other_site, second, seed):
    dice = random.Random(seed)
    campaigns = [_sent_to(place, dice) for place in (site, other_site, site)]
    model = Model(_states())
    events = _events(dice, list(model.rows))
    handed = sum(Batch.objects.values_list("handed", flat=True))
    waiting: list[StatusReport] = []
    while events or waiting:
        chunk = [events.pop() for _ in range(min(len(events), dice.randint(0, 40)))]
        for alias in ("default", "second"):
            theirs = [event for event in chunk if _alias(event) == alias]
            append(theirs, provider=alias)
            # What waits already is not kept twice; what comes again after it was folded is folded again.
            known = {event.event_key for event in waiting}
            # Those of one call wait in the order of their keys.
            new = [event for event in dict.fromkeys(theirs) if event.event_key not in known]
            waiting += sorted(new, key=attrgetter("event_key"))
        limit = dice.randint(1, 60)
        folded, waiting = waiting[:limit], waiting[limit:]
        assert fold(limit=limit) == len(folded)
        model.fold([event for event in folded if _alias(event) == "default"])
        assert _states() == model.rows
    assert sum(Batch.objects.values_list("handed", flat=True)) - handed == model.found
    assert not ReportEvent.objects.exists()
    assert {campaign.pk for campaign in campaigns} == set(Batch.objects.values_list("campaign", flat=True))


@pytest.mark.parametrize("seed", range(4))
def test_any_order_around_our_own_commit_ends_in_the_same_state(site, seed):
    """All before the answer is recorded, all after it, or some of each, doubled: states and credits agree."""
    dice = random.Random(seed)
    make_subscribers(site, 120)
    give_credits(site, 1000)
    ends, charged = set(), set()
    outcomes = [dice.choice([Outcome.ACCEPTED, Outcome.UNCERTAIN]) for _ in range(120)]
    chains = [dice.choice([(R.SENT,), (R.SENT, R.DELIVERED), (R.EXPIRED, R.DELIVERED), (R.EXPIRED,)]) for _ in outcomes]
    for early in (0, 1, 0.5):
        campaign = launched(site, body=f"Tonight: piano, {early}.")
        plan(campaign.pk)
        claimed = claim(5, provider="default", now=timezone.now())
        numbers = [(one.batch, number) for one in claimed for number in one.numbers.values()]
        results = {number: outcome for (_batch, number), outcome in zip(numbers, outcomes, strict=True)}
        reports = [
            _report(batch.reference, number, status, seconds=at)
            for (batch, number), chain in zip(numbers, chains, strict=True)
            for at, status in enumerate(chain)
        ] * 2
        dice.shuffle(reports)
        before = [report for report in reports if dice.random() < early]
        _tell(before, dice)
        answers = [(one, [SendResult(number, results[number]) for number in one.numbers.values()]) for one in claimed]
        record(answers, now=timezone.now())
        _tell(reports, dice)
        sweep()
        states = Delivery.objects.filter(campaign=campaign).order_by("subscriber_id").values_list("status", flat=True)
        ends.add(tuple(states))
        charged.add(progress(campaign).credits_charged)
    assert (len(ends), charged) == (1, {120})
    assert next(iter(ends)) == tuple(D.DELIVERED if R.DELIVERED in chain else SAID[chain[-1]] for chain in chains)
    assert ledger.audit() == []
    assert ledger.balance(site).reserved == 0


def test_each_campaign_is_told_how_many_of_its_people_moved(site, other_site, django_capture_on_commit_callbacks):
    told = []

    def note(sender, campaign, count, **kwargs):
        told.append((campaign, count))

    campaigns = [_sent_to(place, random.Random(1), shaken=False) for place in (site, other_site)]
    delivery_updated.connect(note)
    try:
        for many in (3, 0):
            for campaign in campaigns:
                batch = Batch.objects.get(campaign=campaign)
                people = Subscriber.objects.of(campaign.site).order_by("pk").values_list("number", flat=True)[:many]
                append([_report(batch.reference, number, R.SENT) for number in people], provider="default")
            with django_capture_on_commit_callbacks(execute=True):
                fold()
    finally:
        delivery_updated.disconnect(note)
    assert sorted((campaign.pk, count) for campaign, count in told) == [(campaign.pk, 3) for campaign in campaigns]


def test_only_folded_reports_are_pruned(site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "REPORTS_KEPT_DAYS": 30}
    now = timezone.now()
    for days, key in ((40, "old"), (10, "new")):
        append([_report("nobody", "+1201555", R.SENT, key=key)], provider="default", now=now - timedelta(days=days))
    fold()
    append([_report("nobody", "+1201555", R.SENT, key="waits")], provider="default", now=now - timedelta(days=40))
    assert prune(now=now) == 1
    assert set(FoldedReport.objects.values_list("event_key", flat=True)) == {"new"}
    assert set(ReportEvent.objects.values_list("event_key", flat=True)) == {"waits"}


def _sent_to(site, dice: random.Random, *, shaken: bool = True):
    """A campaign to thirty people, in every state that there is."""
    if not Subscriber.objects.of(site).exists():
        make_subscribers(site, 30)
    campaign = sent(site, body=f"Tonight: piano, {dice.random()}.")
    for delivery in Delivery.objects.filter(campaign=campaign) if shaken else ():
        status, reason = dice.choice(OPEN + OPEN + CLOSED)
        Delivery.objects.filter(pk=delivery.pk).update(status=status, reason=reason)
    for batch in Batch.objects.filter(campaign=campaign):
        gone = Delivery.objects.filter(campaign=campaign, batch=batch, status=D.SKIPPED).count()
        Batch.objects.filter(pk=batch.pk).update(handed=batch.recipients - gone)
    return campaign


def _states() -> dict[tuple[str, str], tuple[int, str]]:
    numbers = dict(Subscriber.objects.values_list("pk", "number"))
    rows = Delivery.objects.values_list("batch__reference", "subscriber_id", "status", "reason")
    return {(reference, numbers[person]): (status, reason) for reference, person, status, reason in rows}


def _events(dice: random.Random, keys: list[tuple[str, str]]) -> list[StatusReport]:
    """Some reports of everybody, many at the same second, some doubled, from elsewhere, or about nobody; shuffled."""
    events = []
    for reference, number in keys:
        events += [
            _report(reference, number, dice.choice(list(R)), seconds=dice.randint(0, 5), key=f"{dice.random()}")
            for _ in range(dice.randint(0, 5))
        ]
    events += [replace(event, event_key=f"b{event.event_key}") for event in dice.sample(events, 40)]
    events += dice.sample(events, 40)
    events += [replace(event, provider_id="second", event_key=f"{dice.random()}") for event in dice.sample(events, 40)]
    events += [replace(event, reference="nobody", event_key=f"{dice.random()}") for event in dice.sample(events, 10)]
    events += [replace(event, recipient="+4915100000", event_key=f"{dice.random()}") for event in events[:10]]
    dice.shuffle(events)
    return events


def _alias(event: StatusReport) -> str:
    """The provider that reports: another one than ours has no say."""
    return "second" if event.provider_id == "second" else "default"


def _report(reference: str, number: str, status: R, *, seconds: int = 0, key: str = "") -> StatusReport:
    at = BEGAN + timedelta(seconds=seconds)
    return StatusReport(reference, "", number, status, at, key or f"{reference[:20]}{number}{status}")


def _tell(reports: list[StatusReport], dice: random.Random) -> None:
    parts = defaultdict(list)
    for report in reports:
        parts[dice.randint(0, 3)].append(report)
    for part in parts.values():
        append(part, provider="default")
        while fold(limit=dice.randint(1, 100)):
            pass
