"""The ledger beside books that predict every bucket of every grant, through any sequence of operations.

Two sites at once, each with books of its own, on one clock that also jumps over months and is set back; settings
that change in between; every key used again, for the same and for something else.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from wagtail.models import Site

from tests.credits.books import BOUGHT, GIVEN, LARGEST, NEVER, Books, Refused, TooFew
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Hold, Reservation, Wallet
from wagtail_sms.exceptions import InsufficientCredits, LedgerError


FREE = 100
AMOUNTS = st.one_of(st.integers(1, 30), st.integers(20, 200), st.just(FREE))
NONSENSE = st.sampled_from([0, -1, -(2**70), LARGEST + 1, 2**63, 10**40, 1.5, 1.0, "7", True])
DAYS = st.sampled_from([0.1, 1, 5, 20, 31, 31, 95, -0.5, -3, -40, -100])
CONFIGURED = st.sampled_from(
    [
        {"FREE_CREDITS_PER_MONTH": free, **rolls}
        for free in (FREE, 20)
        for rolls in ({}, {"FREE_CREDITS_ROLL_OVER": True})
    ]
)
PLACES = st.integers(0, 1)
BUCKETS = ("available", "reserved", "spent", "expired")
FIGURES = ("amount", "captured", "released", "refunded")


class Account:
    """One site: its wallet in the database, its books, and what can be asked for again."""

    def __init__(self, site):
        self.site, self.books = site, Books()
        self.grants, self.reservations, self.done = {}, {}, []


class LedgerMachine(RuleBasedStateMachine):
    """What the books refuse the ledger must refuse, and the other way round; what both do must agree."""

    def __init__(self, sites):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.configure({"FREE_CREDITS_PER_MONTH": FREE})
        self.now, self.keys = datetime(2026, 10, 31, 23, 30, tzinfo=UTC), 0
        self.accounts = [Account(site) for site in sites]

    def teardown(self):
        try:
            for account in self.accounts:
                self.compare(account)
            assert ledger.audit() == []
        finally:
            self.overridden.disable()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @initialize()
    def open_the_wallets(self):
        for account in self.accounts:
            self.look(account)
            ledger.open_wallet(account.site, now=self.now)
            for kind in (BOUGHT, GIVEN):
                self.first(self.do_grant, account, kind, 40, self.next_key(), NEVER)

    # What both do

    def both(self, predict, do):
        """(what the books say, what the ledger says), or None when both refuse."""
        try:
            expected, figures = "done", predict()
        except TooFew as refused:
            expected, figures = "too few", (refused.needed, refused.available)
        except Refused:
            expected, figures = "refused", None
        try:
            found, got = "done", do()
        except InsufficientCredits as refused:
            found, got = "too few", (refused.needed, refused.available)
        except LedgerError:
            found, got = "refused", None
        assert found == expected
        if found != "done":
            assert got == figures
            return None
        return figures, got

    def look(self, account):
        free, rolls_over = self.configured["FREE_CREDITS_PER_MONTH"], "FREE_CREDITS_ROLL_OVER" in self.configured
        return account.books.look(self.now, free=free, rolls_over=rolls_over)

    def next_key(self):
        self.keys += 1
        return f"key:{self.keys}"

    def configure(self, configured):
        self.configured = configured
        self.overridden = override_settings(WAGTAIL_SMS=configured)
        self.overridden.enable()

    def do_grant(self, account, kind, amount, key, until):
        done = self.both(
            lambda: account.books.grant(kind, amount, key, self.now, until),
            lambda: ledger.grant(
                account.site,
                kind=kind,
                amount=amount,
                key=key,
                expires_at=None if until == NEVER else until,
                now=self.now,
            ),
        )
        if done:
            account.grants[done[0].number] = done[1]
        return done

    def do_revoke(self, account, number, amount, key):
        done = self.both(
            lambda: account.books.revoke(account.books.lots[number], amount, key),
            lambda: ledger.revoke(account.grants[number], amount=amount, key=key, now=self.now),
        )
        assert done is None or done[0] == done[1]
        return done and done[0]  # whoever found nothing to take has not used the key

    def do_take(self, account, amount, key):
        self.look(account)
        done = self.both(
            lambda: account.books.take(amount, key, self.now),
            lambda: ledger.take(account.site, amount=amount, key=key, note="Any", now=self.now),
        )
        assert done is None or done[0] == done[1]
        return done

    def do_reserve(self, account, amount, key):
        self.look(account)
        done = self.both(
            lambda: account.books.reserve(amount, key, self.now),
            lambda: ledger.reserve(account.site, amount=amount, key=key, purpose="Any", now=self.now),
        )
        if done:
            account.reservations[key] = done[1]
        return done

    def do_settle(self, account, verb, name, amount, key):
        times = () if verb == "capture" else (self.now,)
        return self.both(
            lambda: getattr(account.books, verb)(account.books.booked[name], amount, key, *times),
            lambda: getattr(ledger, verb)(account.reservations[name], amount=amount, key=key, now=self.now),
        )

    def first(self, do, account, *asked):
        if do(account, *asked):
            account.done.append((do, asked))

    # The operations

    @rule(place=PLACES, kind=st.sampled_from([BOUGHT, GIVEN]), amount=AMOUNTS, days=st.none() | st.integers(-1, 70))
    def grant(self, place, kind, amount, days):
        until = NEVER if days is None else self.now + timedelta(days=days)
        self.first(self.do_grant, self.accounts[place], kind, amount, self.next_key(), until)

    @rule(place=PLACES, amount=st.none() | AMOUNTS, data=st.data())
    def revoke(self, place, amount, data):
        account = self.accounts[place]
        if account.grants:
            number = data.draw(st.sampled_from(sorted(account.grants)))
            self.first(self.do_revoke, account, number, amount, self.next_key())

    @rule(place=PLACES, amount=AMOUNTS)
    def take(self, place, amount):
        self.first(self.do_take, self.accounts[place], amount, self.next_key())

    @rule(place=PLACES, amount=AMOUNTS)
    def reserve(self, place, amount):
        self.first(self.do_reserve, self.accounts[place], amount, self.next_key())

    @rule(place=PLACES)
    def reserve_the_very_last_credit(self, place):
        account = self.accounts[place]
        self.look(account)
        left = sum(lot.available for lot in account.books.usable(self.now))
        if left:
            self.first(self.do_reserve, account, left, self.next_key())

    @rule(place=PLACES, verb=st.sampled_from(["capture", "capture", "release", "refund"]), data=st.data())
    def settle(self, place, verb, data):
        """Mostly what fits, sometimes anything, sometimes nothing."""
        account, room = self.accounts[place], "spent" if verb == "refund" else "held"
        rooms = {name: getattr(booked, room) for name, booked in account.books.booked.items()}
        if rooms:
            name = data.draw(st.sampled_from([name for name in rooms if rooms[name]] or list(rooms)))
            amount = data.draw(st.one_of(st.integers(0, rooms[name]), st.just(rooms[name]), AMOUNTS))
            self.first(self.do_settle, account, verb, name, amount, self.next_key())

    @rule(place=PLACES, parts=st.tuples(*[st.integers(0, 8)] * 3), data=st.data())
    def answers_come_in(self, place, parts, data):
        """Captured, released and refunded in one transaction, as whoever sends does it."""
        account, key = self.accounts[place], self.next_key()
        if not account.reservations:
            return
        name = data.draw(st.sampled_from(sorted(account.reservations)))
        booked = account.books.booked[name]
        captured = booked.held * parts[0] // 8
        released = (booked.held - captured) * parts[1] // 8
        refunded = (booked.spent + captured) * parts[2] // 8

        def predict():
            account.books.capture(booked, captured, f"{key}:capture")
            account.books.release(booked, released, f"{key}:release", self.now)
            account.books.refund(booked, refunded, f"{key}:refund", self.now)

        amounts = {"captured": captured, "released": released, "refunded": refunded}
        done = self.both(predict, lambda: ledger.settle(account.reservations[name], key=key, now=self.now, **amounts))
        assert done is not None

    @rule(place=PLACES, parts=st.tuples(*[st.integers(0, 8)] * 4), days=st.sampled_from([0, 0, 20, 40]))
    def a_campaign_runs(self, place, parts, days):
        """Much is reserved, some of it captured, given back and refunded, perhaps after the month."""
        account, (wanted, captured, released, refunded) = self.accounts[place], parts
        self.look(account)
        amount = sum(lot.available for lot in account.books.usable(self.now)) * (wanted + 1) // 9
        if amount:
            key = self.next_key()
            self.first(self.do_reserve, account, amount, key)
            self.now += timedelta(days=days)
            booked = account.books.booked[key]
            for verb, room, part in (
                ("capture", "held", captured),
                ("release", "held", released),
                ("refund", "spent", refunded),
            ):
                fits = getattr(booked, room) * part // 8
                self.first(self.do_settle, account, verb, key, fits, self.next_key())

    @rule(place=PLACES, data=st.data())
    def close(self, place, data):
        account = self.accounts[place]
        if account.reservations:
            name, key = data.draw(st.sampled_from(sorted(account.reservations))), self.next_key()
            for _ in range(2):
                account.books.close(account.books.booked[name], key, self.now)
                assert ledger.close(account.reservations[name], key=key, now=self.now).left == 0

    @rule(place=PLACES)
    def balance(self, place):
        account = self.accounts[place]
        self.look(account)
        found = ledger.balance(account.site, now=self.now)
        assert (found.available, found.reserved, found.free_left, found.bought) == account.books.balance(self.now)

    @rule(place=PLACES)
    def ask_for_the_month(self, place):
        account = self.accounts[place]
        assert ledger.ensure_monthly_grant(account.site, now=self.now) == self.look(account)
        assert ledger.ensure_monthly_grant(account.site, now=self.now) == 0

    @rule()
    def expire(self):
        assert ledger.expire_due(now=self.now) == sum(account.books.lapse(self.now) for account in self.accounts)

    # The tricks

    @precondition(lambda self: any(account.done for account in self.accounts))
    @rule(data=st.data(), change=st.sampled_from([0, 0, 0, 1, -1, 500]))
    def ask_again(self, data, change):
        """With the same key: the same figures move nothing, others are refused."""
        account = data.draw(st.sampled_from([account for account in self.accounts if account.done]))
        do, asked = data.draw(st.sampled_from(account.done))
        asked = list(asked)
        place = 0 if do in (self.do_take, self.do_reserve) else 2 if do == self.do_settle else 1
        if asked[place]:
            asked[place] = max(1, asked[place] + change)
        do(account, *asked)

    @precondition(lambda self: any(account.done for account in self.accounts))
    @rule(data=st.data())
    def use_the_key_of_the_other_site(self, data):
        place = data.draw(st.sampled_from([place for place, account in enumerate(self.accounts) if account.done]))
        do, asked = data.draw(st.sampled_from(self.accounts[place].done))
        account = self.accounts[1 - place]
        if do in (self.do_take, self.do_reserve):
            verb, kind = (ledger.take, {"note": ""}) if do == self.do_take else (ledger.reserve, {"purpose": ""})
            amount, key = asked
            self.look(account)
            account.books.lapse(self.now)
        elif do == self.do_grant:
            verb, (kind, amount, key, _until) = ledger.grant, asked
            kind = {"kind": kind}
        else:
            return
        self.both(refuse, lambda: verb(account.site, amount=amount, key=key, now=self.now, **kind))

    @rule(place=PLACES, amount=NONSENSE, data=st.data())
    def ask_nonsense(self, place, amount, data):
        account, asked = self.accounts[place], {"amount": amount, "key": self.next_key(), "now": self.now}
        calls = [
            lambda: ledger.grant(account.site, kind=BOUGHT, **asked),
            lambda: ledger.reserve(account.site, purpose="", **asked),
            lambda: ledger.take(account.site, note="", **asked),
            *(lambda grant=grant: ledger.revoke(grant, **asked) for grant in account.grants.values()),
        ]
        if type(amount) is not int or amount:
            for reservation in account.reservations.values():
                calls += [
                    lambda verb=verb, held=reservation: verb(held, **asked)
                    for verb in (ledger.capture, ledger.release, ledger.refund)
                ]
        self.both(refuse, data.draw(st.sampled_from(calls)))

    @rule(days=DAYS)
    def turn_the_clock(self, days):
        self.now += timedelta(days=days)

    @rule(configured=CONFIGURED)
    def change_the_settings(self, configured):
        self.overridden.disable()
        self.configure(configured)

    # The comparison

    @rule(place=PLACES)
    def look_into_the_books(self, place):
        self.compare(self.accounts[place])

    @invariant()
    def the_wallets_are_right(self):
        rows = Wallet.objects.order_by("pk").values_list("available", "reserved", "granted_through")
        books = [account.books for account in self.accounts]
        assert list(rows) == [(one.available, one.reserved, one.granted_through) for one in books]

    def compare(self, account):
        books, mine = account.books, {"wallet__site": account.site}
        grants = Grant.objects.filter(**mine).order_by("pk")
        rows = grants.values_list("kind", "amount", *BUCKETS, "period", "expires_at")
        assert list(rows) == [lot.row() for lot in books.lots]
        booked = Reservation.objects.filter(**mine).order_by("pk").values_list("key", *FIGURES, "status")
        assert list(booked) == [one.row() for one in books.booked.values()]
        numbers = {pk: number for number, pk in enumerate(grants.values_list("pk", flat=True))}
        holds = Hold.objects.filter(reservation__wallet__site=account.site).order_by("reservation_id", "pk")
        found = [(numbers[grant], *rest) for grant, *rest in holds.values_list("grant_id", *FIGURES)]
        assert found == [row for one in books.booked.values() for row in one.parts_row()]


def refuse():
    raise Refused


def test_the_ledger_agrees_with_its_books(bare_site):
    other = Site.objects.create(hostname="other.example", root_page=bare_site.root_page)
    run_state_machine_as_test(
        lambda: LedgerMachine([bare_site, other]),
        settings=settings(
            max_examples=60,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
