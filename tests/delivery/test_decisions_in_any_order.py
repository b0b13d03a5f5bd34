"""Reports, decisions and sweeps in any order: every credit is spent or given back once, by the first who knew."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.delivery.doubtful import looked_up_in_vain, uncertain_welcome
from tests.delivery.test_reports import report
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.decisions import decide, decide_notices
from wagtail_sms.delivery.models import Batch, Decision
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.states import NoticePurpose, NoticeStatus, Verdict
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db
PEOPLE = 3
WELCOME = PEOPLE
STATUSES = [ReportStatus.SENT, ReportStatus.DELIVERED, ReportStatus.UNDELIVERED]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.integers(0, WELCOME), st.sampled_from(STATUSES)),
        st.tuples(st.sampled_from(["decide", "decide notice"]), st.sampled_from(list(Verdict))),
        st.tuples(st.sampled_from(["fold", "sweep"])),
    ),
    max_size=12,
)


class Expected:
    """What each person costs: None while it is held, then for good what the first who knew made of it."""

    def __init__(self, credits: list[int]):
        self.credits, self.paid = credits, [None] * len(credits)
        self.reported, self.waiting = set(), []

    def fold(self) -> None:
        for person in self.waiting:
            self.reported.add(person)
            self._settle([person], paid=True)
        self.waiting = []

    def decide(self, people, verdict: Verdict) -> int:
        return self._settle(people, paid=verdict == Verdict.SENT)

    def _settle(self, people, *, paid: bool) -> int:
        open_ = [person for person in people if self.paid[person] is None]
        for person in open_:
            self.paid[person] = paid
        return len(open_)

    def total(self, paid: bool | None) -> int:
        return sum(credits for credits, is_paid in zip(self.credits, self.paid, strict=True) if is_paid is paid)


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def doubt(site):
    """A campaign and a welcome text that wait for a person."""
    return looked_up_in_vain(site, PEOPLE), uncertain_welcome(site)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whoever_knew_first_settles_the_credits(site, provider, doubt, steps):
    (campaign, notice), sent = doubt, len(provider.texts)
    with undone():
        expected = Expected([1] * PEOPLE + [notice.credits])
        decisions = sum(play(number, step, doubt, expected) for number, step in enumerate(steps))
        play(len(steps), ("fold",), doubt, expected)
        check_people(campaign, notice, expected)
        assert ledger.audit(site) == []
        assert (len(provider.texts), Decision.objects.count()) == (sent, decisions)


def play(number: int, step: tuple, doubt: tuple, expected: Expected) -> bool:
    """Do one step here and there; whether it was a decision that decided anything."""
    campaign, (name, *what), found, people = doubt[0], step, None, 0
    if name == "report":
        tell(*what, doubt, number)
        expected.waiting.append(what[0])
    elif name == "fold":
        fold()
        expected.fold()
    elif name == "sweep":
        sweep(now=timezone.now() + timedelta(hours=number))
    elif name == "decide":
        found = decide(campaign, verdict=what[0], reason="So they say", by=None)
        people = expected.decide(range(PEOPLE), what[0])
    else:
        purpose = NoticePurpose.WELCOME
        found = decide_notices(campaign.site, purpose=purpose, verdict=what[0], reason="So they say", by=None)
        people = expected.decide([WELCOME], what[0])
    assert (found.people if found else 0) == people
    balance = ledger.balance(campaign.site)
    assert balance.reserved == expected.total(None)
    assert balance.available == 500 - expected.total(None) - expected.total(True)
    return bool(people)


def tell(person: int, status: ReportStatus, doubt: tuple, number: int) -> None:
    campaign, notice = doubt
    row, phone = notice, notice.number
    if person != WELCOME:
        row = Batch.objects.get(campaign=campaign)
        phone = Subscriber.objects.exclude(pk=notice.subscriber_id).order_by("pk")[person].number
    append([report(row, phone, status, seconds=number)], provider="default")


def check_people(campaign, notice, expected: Expected) -> None:
    """A report is always believed; what was given back before stays given back."""
    found = progress(campaign)
    silent = [expected.paid[person] for person in range(PEOPLE) if person not in expected.reported]
    assert found.sent + found.delivered + found.undelivered == len(expected.reported - {WELCOME})
    assert (found.uncertain, found.accepted, found.lost) == tuple(silent.count(paid) for paid in (None, True, False))
    assert (found.credits_charged, found.credits_held) == tuple(
        expected.paid[:PEOPLE].count(paid) for paid in (True, None)
    )
    notice.refresh_from_db()
    decided = {None: NoticeStatus.UNCERTAIN, True: NoticeStatus.ACCEPTED, False: NoticeStatus.CANCELLED}
    if WELCOME not in expected.reported:
        assert notice.status == decided[expected.paid[WELCOME]]
    else:
        assert notice.status in STATUSES
