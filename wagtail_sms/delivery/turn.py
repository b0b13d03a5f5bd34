"""One task's turn in a lane: it claims no more than it can have in flight, and records while other answers arrive."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import errors, lanes, notice_queue, pace, stopping
from wagtail_sms.delivery.claim import Claimed, Known, claim
from wagtail_sms.delivery.journal import Journal
from wagtail_sms.delivery.lanes import Lease
from wagtail_sms.delivery.record import record
from wagtail_sms.delivery.refusals import Refusals
from wagtail_sms.delivery.requests import batch_request
from wagtail_sms.delivery.settle import finish_if_over
from wagtail_sms.delivery.webhook_urls import report_url
from wagtail_sms.delivery.wire import Beat, Parcel, Wire, deadline
from wagtail_sms.providers.base import Outcome, SendResult


logger = logging.getLogger("wagtail_sms")

# What came back is recorded after this long, or when so many requests have come back.
RECORD_SECONDS, RECORD_AT_MOST = 0.2, 200
# What only a provider says that can be reached.
HEARD = (Outcome.ACCEPTED, Outcome.REJECTED)
# A database that restarts, or that ends a transaction because two waited for each other, is back within moments.
DATABASE_MAY_BE_AWAY = 20.0
# So much of the account's rate, in seconds, may be caught up with.
LATE = 0.1
# While a campaign is sent, texts to one person are looked for this often by the same task: no worker may be free.
LOOK_FOR_NOTICES = 1.0


class Turn:
    """`run` sends until nothing waits, `end` (monotonic) has come, or somebody wants this process to stop."""

    def __init__(self, provider: str, lease: Lease, *, end: float):
        self.provider, self.lease, self.end = provider, lease, end
        self.kind = lanes.CAMPAIGNS % provider
        self.task = lease.holder
        self.size = app_settings.CONCURRENT_REQUESTS
        # Claimed at a time: so few that enough waits for its turn meanwhile, not so few that claims are dear.
        self.portion = max(self.size // 4, min(32, (self.size + 1) // 2))
        self.report_url = report_url(provider)
        self.in_hand: dict[int, Claimed] = {}
        self.finished: list[tuple[Claimed, list[SendResult]]] = []
        self.overdue: list[Parcel] = []
        self.refusals = Refusals(self.kind)
        self.known = Known()
        self.shares = errors.Shares()
        self.claims = self.handled = self.wrong = 0
        self.dry = self.exhausted = self.careful = self.lost = self.heard = False
        self.recorded_at = self.looked_at = time.monotonic()
        self.beat = Beat(self._renew)

    def run(self) -> int:
        """Returns the number of batches that were handled."""
        journal = Journal(self.task)
        with stopping.watched(), Wire(self.provider, note=journal.begin) as self.wire:
            while self._go_on():
                self._claim()
                self._collect()
                self._put_again()
                if self._is_due_for_record():
                    self._record()
                self.beat()
                self._look_for_notices()
            self._record()
        self._end()
        # Only when all is written down: until then it may be needed.
        journal.discard()
        return self.handled

    def _go_on(self) -> bool:
        return bool(self.in_hand) or self._may_claim()

    def _may_claim(self) -> bool:
        if self.exhausted or self.lost or self.wire.refusal or stopping.is_wanted():
            return False
        return time.monotonic() < self.end

    def _claim(self) -> None:
        room = self.size - self.wire.outstanding
        busy = self.in_hand and (self.careful or self.dry or room < self.portion)
        if busy or not self._may_claim():
            return
        turns = pace.take(self.provider, room, now=timezone.now())
        taken_at = time.monotonic()
        # The people are looked at when their turn is near: whoever stops is out within moments.
        self._collect_for(turns.wait - pace.LONGEST_BLOCK)
        self.claims += 1
        alone, asked_at = not self.in_hand, time.monotonic()
        claimed = claim(
            turns.count,
            provider=self.provider,
            now=timezone.now(),
            token=f"{self.task}:{self.claims}",
            alone=alone,
            known=self.known,
        )
        # While others' batches are in hand, those whose worker died are not offered: the last look is taken alone.
        self.dry, self.exhausted = not claimed, not claimed and alone
        self.careful = any(one.batch.crashes for one in claimed)
        self._put(claimed, self.starts(turns, taken_at, wanted=len(claimed)), until=deadline(asked_at))

    def starts(self, turns: pace.Turns, taken_at: float, *, wanted: int) -> list[float]:
        """When each request may start. Turns that are over are not caught up with: others are taken."""
        earliest = time.monotonic() - self._patience
        starts = [moment for start in turns.starts() if (moment := taken_at + start) >= earliest]
        while len(starts) < wanted:
            more = pace.take(self.provider, wanted - len(starts), now=timezone.now())
            moment = time.monotonic()
            starts += [moment + start for start in more.starts()]
        return starts

    @property
    def _patience(self) -> float:
        """Seconds after which a turn is over; none is where all that is in hand at once makes up for no more."""
        return LATE if self.size * pace.gap() > LATE else float("inf")

    def _put(self, claimed: list[Claimed], starts: list[float], *, until: float) -> None:
        parcels: list[Parcel] = []
        for one in claimed:
            if one.numbers:
                self.in_hand[one.batch.pk] = one
                parcels.append(self._parcel(one, until=until, start=starts[len(parcels)]))
            else:
                self.finished.append((one, []))
        self.handled += len(claimed)
        self.wire.put(parcels)

    def _parcel(self, one: Claimed, *, until: float, start: float) -> Parcel:
        outbound = batch_request(one.batch, one.numbers.values(), report_url=self.report_url)
        latest = start + self._patience
        return Parcel(one.batch.pk, outbound, until, start=start, claim=one.batch.claim, latest=latest)

    def _put_again(self) -> None:
        """Other turns, the last ones, for those that could not leave in theirs. Their lease stays what it was."""
        overdue, self.overdue = self.overdue, []
        if overdue:
            starts = self.starts(pace.NONE, 0.0, wanted=len(overdue))
            pairs = zip(overdue, starts, strict=False)
            self.wire.put(replace(one, start=start, latest=float("inf")) for one, start in pairs)

    def _collect(self) -> None:
        """Wait for answers: until a portion can be claimed again, or something is due to be recorded."""
        due = self.recorded_at + RECORD_SECONDS if self.finished else time.monotonic() + RECORD_SECONDS
        wanted = self.wire.outstanding - self.size + self.portion
        self._collect_for(due - time.monotonic(), enough=max(1, wanted))

    def _collect_for(self, seconds: float, *, enough: int = 1_000_000) -> None:
        if seconds <= 0 and enough > 1:
            seconds, enough = 0, min(enough, self.size)
        for answer in self.wire.answers(seconds=max(0.0, seconds), enough=enough):
            if answer.overdue is not None:
                self.overdue.append(answer.overdue)
                continue
            one = self.in_hand.pop(answer.key)
            if answer.refused is not None:
                self.refusals.add(one.batch, answer.refused)
            else:
                if not self.finished:
                    self.recorded_at = time.monotonic()
                self.finished.append((one, answer.results))
                self.wrong += errors.wrong(answer.results)
                self.heard = self.heard or any(result.outcome in HEARD for result in answer.results)

    def _is_due_for_record(self) -> bool:
        # So much going wrong may pause the campaign, which only what is recorded can.
        if len(self.finished) >= RECORD_AT_MOST or self.wrong >= errors.FEWEST:
            return True
        return time.monotonic() - self.recorded_at >= RECORD_SECONDS

    def _record(self) -> None:
        finished, self.finished = self.finished, []
        _patiently(lambda: record(finished, now=timezone.now()))
        self.recorded_at, self.wrong = time.monotonic(), 0
        if finished:
            self.shares.add(finished, now=timezone.now())

    def _renew(self) -> None:
        if not self.lease.renew() or lanes.resting_until(self.kind, now=timezone.now()) is not None:
            self.lost = True

    def _look_for_notices(self) -> None:
        if time.monotonic() - self.looked_at < LOOK_FOR_NOTICES:
            return
        if self.provider in notice_queue.waiting_providers(now=timezone.now()):
            notice_queue.send_notices(provider=self.provider, turn_seconds=LOOK_FOR_NOTICES)
        self.looked_at = time.monotonic()

    def _end(self) -> None:
        now = timezone.now()
        if self.heard:
            # Whatever it refused after that is a new failure, not one more of those before.
            lanes.answered(self.kind, now=now)
        if self.refusals.settle(now=now) and self.handled:
            lanes.answered(self.kind, now=now)
        for _pk, campaign in sorted(self.known.campaigns.items()):
            finish_if_over(campaign, now=now)


def _patiently(work: Callable[[], None]) -> None:
    """Try again while the database comes back: what a provider answered is known to nobody else.

    Recording twice does no harm; the second time finds the rows as the first one left them.
    """
    end = time.monotonic() + DATABASE_MAY_BE_AWAY
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > end:
                raise
            logger.warning("The database is away; what the provider answered is kept until it is back.", exc_info=True)
            connection.close()
            time.sleep(0.5)
