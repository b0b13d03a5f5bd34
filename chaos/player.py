"""One wallet's life: random verbs and figures, replays and tricks with the clock, all checked against the books."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from chaos.database import make_site
from chaos.tally import Booked, Books, Lot
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Wallet
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import GrantKind


OPENED = datetime(2026, 11, 15, 12, tzinfo=UTC)
IMPOSSIBLE = (0, -1, -500, 10**13, 2**63, 2**70, 1.5, True, "7")


class Broken(Exception):
    """The ledger did something else than the books say."""


class Player:
    """Plays one wallet. `operations` counts what was asked of the ledger, refusals and replays included."""

    def __init__(self, name: str, dice: random.Random):
        self.name, self.dice, self.books, self.now = name, dice, Books(), OPENED
        self.operations = self.refusals = self.keys = 0
        self.bookings: list[tuple[Any, Booked]] = []
        self.grants: list[tuple[Any, Lot]] = []
        self.done: list[tuple[Callable, tuple, dict, bool]] = []
        self.roll_over = False
        self._set_roll_over(dice.random() < 0.3)
        self.site = make_site(name)
        self.wallet = ledger.open_wallet(self.site, now=self.now)
        self.books.month(self.now, roll_over=self.roll_over)
        self.verbs = [verb for verb, weight in self.weights().items() for _ in range(weight)]

    def weights(self) -> dict[Callable, int]:
        return {
            self.reserve: 20,
            self.capture: 20,
            self.release: 10,
            self.refund: 6,
            self.close: 6,
            self.grant: 8,
            self.revoke: 4,
            self.take: 4,
            self.look: 4,
            self.expire: 2,
            self.month: 2,
            self.replay: 8,
            self.replay_with_other_figures: 2,
            self.nonsense: 2,
            self.clock: 2,
        }

    def play(self, operations: int) -> None:
        while self.operations < operations:
            self.dice.choice(self.verbs)()
            self.check_figures()

    def check_figures(self) -> None:
        """The wallet after every operation; its grants at the end of its life."""
        figures = Wallet.objects.values_list("available", "reserved").get(pk=self.wallet.pk)
        self.expect(figures, (self.books.available, self.books.reserved), "wallet")

    def check_all(self) -> None:
        """Every bucket of every grant, and what the ledger's own audit says."""
        buckets = ("available", "reserved", "spent", "expired")
        grants = list(Grant.objects.filter(wallet=self.wallet).order_by("pk").values_list(*buckets))
        self.expect(grants, [lot.buckets for lot in self.books.lots], "grants")
        for reservation, booked in self.bookings:
            reservation.refresh_from_db()
            spent = reservation.captured - reservation.refunded
            self.expect((reservation.left, spent), (booked.held, booked.spent), f"reservation {reservation.key}")
        self.expect(ledger.audit(self.site), [], "audit")

    def expect(self, found: object, right: object, what: str) -> None:
        if found != right:
            raise Broken(f"{self.name}, operation {self.operations}, {what}: {found!r} instead of {right!r}")

    def ask(self, allowed: bool, verb: Callable, *args, remember: bool = True, looks: bool = False, **kwargs):
        """Do it; the ledger must refuse exactly what the books refuse. Returns its answer, None for a refusal."""
        self.operations += 1
        try:
            answer = verb(*args, **kwargs, now=self.now)
        except (LedgerError, InsufficientCredits) as refused:
            self.refusals += 1
            self.expect(not allowed, True, f"{verb.__name__} {kwargs} was refused: {refused}")
            return None
        self.expect(allowed, True, f"{verb.__name__} {kwargs}, which went through")
        if remember:
            self.done.append((verb, args, kwargs, looks))
        return answer

    def key(self) -> str:
        self.keys += 1
        return f"{self.name}:{self.keys}"

    def amount(self) -> int:
        return self.dice.choice((1, 2, 7, self.dice.randint(1, 60), self.dice.randint(1, 900)))

    def seen(self) -> None:
        """What reserving and taking do first: the month's credits come, and what is past its date goes."""
        self.books.month(self.now, roll_over=self.roll_over)
        self.books.lapse(self.now)

    # The verbs

    def grant(self) -> None:
        kind = self.dice.choice((GrantKind.PACK, GrantKind.ADJUSTMENT))
        lapses = None if self.dice.random() < 0.6 else self.now + timedelta(days=self.dice.randint(-3, 60))
        amount = self.amount()
        allowed = lapses is None or lapses > self.now
        granted = self.ask(
            allowed, ledger.grant, self.site, amount=amount, kind=kind, key=self.key(), expires_at=lapses
        )
        if granted is not None:
            self.grants.append((granted, self.books.add(str(kind), amount, lapses)))

    def reserve(self) -> None:
        self.seen()
        amount = self.amount()
        booked = self.books.reserve(amount)
        fields = {"amount": amount, "key": self.key(), "purpose": "trial"}
        reservation = self.ask(booked is not None, ledger.reserve, self.site, looks=True, **fields)
        if reservation is not None:
            self.bookings.append((reservation, booked))

    def take(self) -> None:
        self.seen()
        amount = self.amount()
        fields = {"amount": amount, "key": self.key(), "note": "trial"}
        self.ask(self.books.take(amount), ledger.take, self.site, looks=True, **fields)

    def revoke(self) -> None:
        if self.grants:
            grant, lot = self.dice.choice(self.grants)
            amount = self.amount()
            part = self.books.revoke(lot, amount)
            taken = self.ask(True, ledger.revoke, grant, amount=amount, key=self.key(), remember=part > 0)
            self.expect(taken, part, "revoked")

    def capture(self) -> None:
        self.settle(ledger.capture, lambda booked, amount: self.books.capture(booked, amount), lambda one: one.held)

    def release(self) -> None:
        self.settle(
            ledger.release, lambda booked, amount: self.books.release(booked, amount, self.now), lambda one: one.held
        )

    def refund(self) -> None:
        self.settle(
            ledger.refund, lambda booked, amount: self.books.refund(booked, amount, self.now), lambda one: one.spent
        )

    def settle(self, verb: Callable, book: Callable, room: Callable) -> None:
        if not self.bookings:
            return
        reservation, booked = self.dice.choice(self.bookings[-12:])
        # Mostly what fits, so that bookings get somewhere; sometimes more than there is.
        fits = room(booked) and self.dice.random() < 0.8
        amount = self.dice.randint(1, room(booked)) if fits else self.amount()
        self.ask(book(booked, amount), verb, reservation, amount=amount, key=self.key())

    def close(self) -> None:
        if self.bookings:
            reservation, booked = self.dice.choice(self.bookings[-12:])
            self.books.release(booked, booked.held, self.now)
            self.ask(True, ledger.close, reservation, key=self.key(), remember=False)

    def look(self) -> None:
        self.books.month(self.now, roll_over=self.roll_over)
        balance = self.ask(True, ledger.balance, self.site, remember=False)
        usable = [lot for lot in self.books.lots if lot.lapses > self.now]
        free = sum(lot.available for lot in usable if lot.kind == "free")
        right = (sum(lot.available for lot in usable), self.books.reserved, free)
        self.expect((balance.available, balance.reserved, balance.free_left), right, "balance")

    def month(self) -> None:
        self.books.month(self.now, roll_over=self.roll_over)
        self.ask(True, ledger.ensure_monthly_grant, self.site, remember=False)

    def expire(self) -> None:
        """For all wallets, as the scheduler does; the trial's other wallets have nothing due by then."""
        self.books.lapse(self.now)
        self.ask(True, ledger.expire_due, remember=False)

    def replay(self) -> None:
        """Something from the past once more, as a repeated task or a second click does. It moves nothing."""
        if self.done:
            verb, args, kwargs, looks = self.dice.choice(self.done)
            if looks:
                self.seen()
            self.ask(True, verb, *args, remember=False, **kwargs)

    def replay_with_other_figures(self) -> None:
        if self.done:
            verb, args, kwargs, looks = self.dice.choice(self.done)
            if verb is not ledger.revoke:  # the amount of a revocation is an upper bound, not a figure
                if looks:
                    self.seen()
                self.ask(False, verb, *args, **{**kwargs, "amount": kwargs["amount"] + 1})

    def nonsense(self) -> None:
        amount, key = self.dice.choice(IMPOSSIBLE), self.key()
        if self.dice.random() < 0.5 or not self.bookings:
            self.ask(False, ledger.grant, self.site, amount=amount, kind=GrantKind.PACK, key=key)
        elif amount != 0:  # settling nothing is allowed
            reservation, _booked = self.dice.choice(self.bookings)
            self.ask(False, self.dice.choice((ledger.capture, ledger.release)), reservation, amount=amount, key=key)

    def clock(self) -> None:
        """Days pass, months pass, or somebody sets the clock back; and the operator changes the roll-over."""
        days = self.dice.choice((1, 3, 10, 31, 95, -1, -20, -40))
        self.now = max(self.now + timedelta(days=days), OPENED - timedelta(days=60))
        if self.dice.random() < 0.1:
            self._set_roll_over(not self.roll_over)

    def _set_roll_over(self, value: bool) -> None:
        self.roll_over = value
        settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "FREE_CREDITS_ROLL_OVER": value}
