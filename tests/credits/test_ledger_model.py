"""The ledger beside a model of it that counts credits one by one, through any sequence of moves."""

import dataclasses
from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, rule, run_state_machine_as_test

from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation, Wallet
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import GrantKind


FREE, FIRST_MONTH = 500, 10
AMOUNTS = st.integers(1, 400)


def moment(month):
    return datetime(2026 + (month - 1) // 12, (month - 1) % 12 + 1, 15, tzinfo=UTC)


@dataclasses.dataclass
class Lot:
    """One grant: its rank in the burn order, the month after which it lapses, its credits by bucket."""

    rank: tuple
    last_month: float
    available: int
    reserved: int = 0
    spent: int = 0
    expired: int = 0

    def lapse(self, month):
        if month > self.last_month:
            self.expired, self.available = self.expired + self.available, 0


@dataclasses.dataclass
class Booked:
    """One reservation: a list entry per credit, in burn order."""

    held: list
    spent: list = dataclasses.field(default_factory=list)


class Books:
    """What the ledger promises, without a database."""

    def __init__(self):
        self.month, self.granted, self.lots, self.booked = FIRST_MONTH, None, [], []
        self.look()

    def add(self, amount, *, rank, last_month=float("inf")):
        self.lots.append(Lot((rank, last_month, len(self.lots)), last_month, amount))

    def look(self):
        if self.granted != self.month:
            self.granted = self.month
            self.add(FREE, rank=10, last_month=self.month)

    def advance(self):
        self.month += 1
        self.lapse()

    def lapse(self):
        for lot in self.lots:
            lot.lapse(self.month)

    @property
    def available(self):
        return sum(lot.available for lot in self.lots)

    def reserve(self, amount):
        held = []
        for lot in sorted(self.lots, key=lambda lot: lot.rank):
            taken = min(lot.available, amount - len(held))
            lot.available, lot.reserved = lot.available - taken, lot.reserved + taken
            held += [lot] * taken
        self.booked.append(Booked(held))
        return self.booked[-1]

    def capture(self, booked, amount):
        taken, booked.held = booked.held[:amount], booked.held[amount:]
        booked.spent += taken
        for lot in taken:
            lot.reserved, lot.spent = lot.reserved - 1, lot.spent + 1

    def release(self, booked, amount):
        kept = len(booked.held) - amount
        taken, booked.held = booked.held[kept:], booked.held[:kept]
        for lot in taken:
            lot.reserved, lot.available = lot.reserved - 1, lot.available + 1
        self.lapse()

    def refund(self, booked, amount):
        kept = len(booked.spent) - amount
        taken, booked.spent = booked.spent[kept:], booked.spent[:kept]
        for lot in taken:
            lot.spent, lot.available = lot.spent - 1, lot.available + 1
        self.lapse()


class LedgerMachine(RuleBasedStateMachine):
    """Every verb with any figures; what the books refuse the ledger must refuse, and the other way round."""

    reservations = Bundle("reservations")

    def __init__(self, site):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.site, self.books, self.keys, self.done = site, Books(), 0, []
        ledger.open_wallet(site, now=self.now)

    def teardown(self):
        try:
            self.the_books_agree()
        finally:
            self.roll_back()

    def the_books_agree(self):
        self.look()
        ledger.expire_due(now=self.now)
        wallet = Wallet.objects.get(site=self.site)
        buckets = ("available", "reserved", "spent", "expired")
        totals = [sum(getattr(lot, bucket) for lot in self.books.lots) for bucket in buckets]
        assert [sum(column) for column in zip(*wallet.grants.values_list(*buckets), strict=True)] == totals
        assert [wallet.available, wallet.reserved] == totals[:2]
        assert sum(reservation.left for reservation in Reservation.objects.all()) == totals[1]
        assert ledger.audit() == []

    def roll_back(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def now(self):
        return moment(self.books.month)

    def next_key(self):
        self.keys += 1
        return f"key:{self.keys}"

    def do(self, verb, *args, **kwargs):
        result = verb(*args, **kwargs, now=self.now)
        self.done.append((verb, args, kwargs))
        return result

    @rule(amount=AMOUNTS, kind=st.sampled_from([GrantKind.PACK, GrantKind.ADJUSTMENT]), months=st.integers(0, 2))
    def grant(self, amount, kind, months):
        last_month = self.books.month + months if months else float("inf")
        expires_at = moment(last_month + 1).replace(day=1) if months else None
        self.do(ledger.grant, self.site, amount=amount, kind=kind, key=self.next_key(), expires_at=expires_at)
        self.books.add(amount, rank={GrantKind.PACK: 20}.get(kind, 15), last_month=last_month)

    @rule(target=reservations, amount=AMOUNTS)
    def reserve(self, amount):
        key = self.next_key()
        self.books.look()
        if amount > self.books.available:
            with pytest.raises(InsufficientCredits) as refused:
                ledger.reserve(self.site, amount=amount, key=key, purpose="Any", now=self.now)
            assert refused.value.available == self.books.available
            return multiple()
        made = self.do(ledger.reserve, self.site, amount=amount, key=key, purpose="Any")
        return made, self.books.reserve(amount)

    @rule(pair=reservations, amount=AMOUNTS)
    def capture(self, pair, amount):
        self.settle(ledger.capture, self.books.capture, pair, amount, room=len(pair[1].held))

    @rule(pair=reservations, amount=AMOUNTS)
    def release(self, pair, amount):
        self.settle(ledger.release, self.books.release, pair, amount, room=len(pair[1].held))

    @rule(pair=reservations, amount=AMOUNTS)
    def refund(self, pair, amount):
        self.settle(ledger.refund, self.books.refund, pair, amount, room=len(pair[1].spent))

    @rule(pair=reservations, part=st.integers(1, 3))
    def settle_a_part_that_fits(self, pair, part):
        reservation, booked = pair
        amount = len(booked.held) // part
        if amount:
            self.settle(ledger.capture, self.books.capture, pair, amount, room=len(booked.held))

    def settle(self, verb, book, pair, amount, *, room):
        reservation, booked = pair
        if amount > room:
            with pytest.raises(LedgerError):
                verb(reservation, amount=amount, key=self.next_key(), now=self.now)
        else:
            self.do(verb, reservation, amount=amount, key=self.next_key())
            book(booked, amount)

    @rule(pair=reservations)
    def close(self, pair):
        reservation, booked = pair
        ledger.close(reservation, key=self.next_key(), now=self.now)
        self.books.release(booked, len(booked.held))
        assert reservation.left == 0

    @rule(data=st.data())
    def replay(self, data):
        """Whatever was done before is asked for again, with the same key."""
        if self.done:
            verb, args, kwargs = data.draw(st.sampled_from(self.done))
            if verb is ledger.reserve:
                self.books.look()
            verb(*args, **kwargs, now=self.now)

    @rule()
    def a_month_passes(self):
        self.books.advance()

    @rule()
    def expire(self):
        ledger.expire_due(now=self.now)

    @rule()
    def look(self):
        balance = ledger.balance(self.site, now=self.now)
        self.books.look()
        reserved = sum(len(booked.held) for booked in self.books.booked)
        assert (balance.available, balance.reserved) == (self.books.available, reserved)
        free = sum(lot.available for lot in self.books.lots if lot.rank[0] == 10)
        assert (balance.free_left, balance.bought) == (free, self.books.available - free)


def test_the_ledger_agrees_with_its_model(bare_site):
    run_state_machine_as_test(
        lambda: LedgerMachine(bare_site),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
