"""Moving credits between buckets: guarded updates, each with the transfer that explains it.

Callers hold a transaction and have updated the wallet row first. That update is the check and the lock in one
on PostgreSQL and on SQLite, so what is read after it can't change until the transaction ends.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, Max

from wagtail_sms.credits import seals
from wagtail_sms.credits.models import LEGAL_MOVES, Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import TransferKind


T = TypeVar("T")


def exactly_once(work: Callable[[], T], earlier: Callable[[], T | None]) -> T:
    """Does `work` in its own transaction; when its key was used before, undoes it and returns `earlier()`.

    Trying first and asking afterwards is what keeps the wallet's UPDATE the first statement: a transaction
    that begins with a read can't become a writer on SQLite while another process writes.
    """
    try:
        with transaction.atomic():
            return work()
    except (IntegrityError, InsufficientCredits, LedgerError):
        first = earlier()
        if first is None:
            raise
        return first


def shift(wallet_id: int, **deltas: int) -> bool:
    """Adds to the wallet's figures; False, and nothing changed, if one of them would fall below zero."""
    enough = {f"{field}__gte": -delta for field, delta in deltas.items() if delta < 0}
    changes = {field: F(field) + delta for field, delta in deltas.items()}
    return bool(Wallet.objects.filter(pk=wallet_id, **enough).update(**changes))


def lock(wallet_id: int) -> None:
    """Takes the wallet's row without changing a figure."""
    Wallet.objects.filter(pk=wallet_id).update(available=F("available"))


@contextmanager
def locked(wallet_id: int) -> Iterator[None]:
    """A transaction that holds the wallet's row from its first statement on."""
    with transaction.atomic():
        lock(wallet_id)
        yield


class Booking:
    """The transfers of one operation, numbered under its key."""

    def __init__(self, *, key: str, now: datetime, note: str = "", by=None, reservation: Reservation | None = None):
        self.key, self.now, self.note, self.by, self.reservation = key, now, note, by, reservation
        self.lines = 0

    def move(self, grant_id: int, kind: TransferKind, amount: int) -> None:
        """Moves `amount` credits of a grant as `kind` does, or raises LedgerError."""
        source, target = LEGAL_MOVES[kind]
        enough = Grant.objects.filter(pk=grant_id, **{f"{source}__gte": amount})
        if not enough.update(**{source: F(source) - amount, target: F(target) + amount}):
            raise LedgerError(f"Grant {grant_id} has fewer than {amount} credits {source}.")
        self.write(grant_id, kind, amount)

    def write(self, grant_id: int, kind: TransferKind, amount: int) -> None:
        """Appends the transfer alone, for a grant that was created with its credits."""
        source, target = LEGAL_MOVES[kind]
        line = Transfer(
            grant_id=grant_id,
            reservation=self.reservation,
            kind=kind,
            source=source,
            target=target,
            amount=amount,
            key=self.key,
            line=self.lines,
            note=self.note,
            created_at=self.now,
            created_by=self.by,
        )
        seals.put(line)
        line.save()
        self.lines += 1


def lapse(grant_id: int, amount: int, *, now: datetime, reservation: Reservation | None = None) -> None:
    """Moves available credits of a grant past its date to EXPIRED. The lines count on per grant."""
    key = f"lapse:{grant_id}"
    last = Transfer.objects.filter(key=key, kind=TransferKind.EXPIRE).aggregate(last=Max("line"))["last"]
    booking = Booking(key=key, now=now, reservation=reservation)
    booking.lines = 0 if last is None else last + 1
    booking.move(grant_id, TransferKind.EXPIRE, amount)


def draw(reservation: Reservation, booking: Booking) -> int:
    """Holds the reservation's amount on usable grants in burn order; returns what they could not cover."""
    missing = reservation.amount
    usable = reservation.wallet.grants.usable(booking.now).filter(available__gt=0).in_burn_order()
    for grant in usable:
        part = min(missing, grant.available)
        Hold.objects.create(reservation=reservation, grant=grant, amount=part)
        booking.move(grant.pk, TransferKind.RESERVE, part)
        missing -= part
        if not missing:
            break
    return missing


def withdraw(wallet: Wallet, amount: int, booking: Booking) -> int:
    """AVAILABLE -> EXPIRED of usable grants in the order of taking; returns what they could not cover."""
    missing = amount
    for grant in wallet.grants.usable(booking.now).filter(available__gt=0).in_taking_order():
        part = min(missing, grant.available)
        booking.move(grant.pk, TransferKind.EXPIRE, part)
        missing -= part
        if not missing:
            break
    return missing


def spend(reservation: Reservation, amount: int, booking: Booking) -> None:
    """RESERVED -> SPENT, free credits first."""
    holds = reservation.holds.order_by("pk")
    for hold, part in _shares(((hold, hold.left) for hold in holds), amount):
        Hold.objects.filter(pk=hold.pk).update(captured=F("captured") + part)
        booking.move(hold.grant_id, TransferKind.CAPTURE, part)


def give_back(reservation: Reservation, amount: int, booking: Booking) -> int:
    """RESERVED -> AVAILABLE, bought credits first; returns how many lapsed at once."""
    holds = reservation.holds.select_related("grant").order_by("-pk")
    shares = _shares(((hold, hold.left) for hold in holds), amount)
    return _return(shares, TransferKind.RELEASE, "released", booking)


def undo(reservation: Reservation, amount: int, booking: Booking) -> int:
    """SPENT -> AVAILABLE, bought credits first; returns how many lapsed at once."""
    holds = reservation.holds.select_related("grant").order_by("-pk")
    shares = _shares(((hold, hold.captured - hold.refunded) for hold in holds), amount)
    return _return(shares, TransferKind.REFUND, "refunded", booking)


def _return(shares: Iterable[tuple[Hold, int]], kind: TransferKind, figure: str, booking: Booking) -> int:
    lapsed = 0
    for hold, part in shares:
        Hold.objects.filter(pk=hold.pk).update(**{figure: F(figure) + part})
        booking.move(hold.grant_id, kind, part)
        if hold.grant.has_lapsed(booking.now):
            lapse(hold.grant_id, part, now=booking.now, reservation=booking.reservation)
            lapsed += part
    return lapsed


def _shares(holds: Iterable[tuple[Hold, int]], amount: int) -> Iterator[tuple[Hold, int]]:
    for hold, room in holds:
        part = min(room, amount)
        if part:
            yield hold, part
            amount -= part
    if amount:
        raise LedgerError(f"The holds of this reservation are {amount} credits short of its figures.")
