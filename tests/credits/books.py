"""What the ledger promises, in plain Python without a database: it predicts every bucket of every grant.

Written from the documents, not from the ledger's code: it shares no line and no import with it. Times are aware
datetimes in UTC; `free` and `rolls_over` are the two settings that matter to it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime


FREE, GIVEN, BOUGHT = "free", "adjustment", "pack"
SPENDING_ORDER = (FREE, GIVEN, BOUGHT)
TAKING_ORDER = (GIVEN, FREE, BOUGHT)
NEVER = datetime.max.replace(tzinfo=UTC)
LARGEST = 10**12


class Refused(Exception):
    """The ledger must raise a LedgerError."""


class TooFew(Exception):
    """The ledger must raise InsufficientCredits with these figures."""

    def __init__(self, needed: int, available: int):
        super().__init__(needed, available)
        self.needed, self.available = needed, available


@dataclass(eq=False)
class Lot:
    """One grant. `period` is its month when it is free."""

    number: int
    kind: str
    amount: int
    until: datetime
    period: str = ""
    available: int = 0
    reserved: int = 0
    spent: int = 0
    expired: int = 0

    def has_lapsed(self, now: datetime) -> bool:
        return self.until <= now

    def lapse(self, credits: int) -> None:
        self.available -= credits
        self.expired += credits

    def row(self) -> tuple:
        until = None if self.until == NEVER else self.until
        figures = (self.amount, self.available, self.reserved, self.spent, self.expired)
        return (self.kind, *figures, self.period, until)


@dataclass(eq=False)
class Part:
    """What one grant pays of a reservation."""

    lot: Lot
    amount: int
    captured: int = 0
    released: int = 0
    refunded: int = 0

    @property
    def held(self) -> int:
        return self.amount - self.captured - self.released

    @property
    def spent(self) -> int:
        return self.captured - self.refunded


@dataclass(eq=False)
class Booked:
    """One reservation, its parts in the order in which they were drawn."""

    key: str
    amount: int
    parts: list[Part] = field(default_factory=list)

    @property
    def held(self) -> int:
        return sum(part.held for part in self.parts)

    @property
    def spent(self) -> int:
        return sum(part.spent for part in self.parts)

    def row(self) -> tuple:
        captured, released, refunded = (
            sum(getattr(part, figure) for part in self.parts) for figure in ("captured", "released", "refunded")
        )
        status = "held" if self.held else "closed" if captured else "void"
        return (self.key, self.amount, captured, released, refunded, status)

    def parts_row(self) -> list[tuple]:
        return [(p.lot.number, p.amount, p.captured, p.released, p.refunded) for p in self.parts]


class Books:
    """One site's wallet. Every verb checks first and changes afterwards, so that a refusal changes nothing."""

    def __init__(self):
        self.granted_through, self.lots, self.booked = "", [], {}
        # What was done under which key: {(movement, key): what a repetition must ask for to be one}.
        self.used: dict[tuple[str, str], tuple] = {}

    @property
    def available(self) -> int:
        return sum(lot.available for lot in self.lots)

    @property
    def reserved(self) -> int:
        return sum(lot.reserved for lot in self.lots)

    def usable(self, now: datetime) -> list[Lot]:
        return [lot for lot in self.lots if lot.available and not lot.has_lapsed(now)]

    def look(self, now: datetime, *, free: int, rolls_over: bool) -> int:
        """The free credits of the month of `now`, and with roll-over of the months missed."""
        period, issued = f"{now:%Y-%m}", 0
        if self.granted_through >= period:
            return 0
        missed = list(_months_after(self.granted_through, period)) if rolls_over and self.granted_through else [period]
        for month in missed if free else []:
            self._add(FREE, free, NEVER if rolls_over else _first_of_next(month), month)
            issued += free
        self.granted_through = period
        return issued

    def balance(self, now: datetime) -> tuple[int, int, int, int]:
        """(available, reserved, free left, bought and given)."""
        usable = self.usable(now)
        left = sum(lot.available for lot in usable)
        free = sum(lot.available for lot in usable if lot.kind == FREE)
        return left, self.reserved, free, left - free

    def lapse(self, now: datetime) -> int:
        due = [lot for lot in self.lots if lot.available and lot.has_lapsed(now)]
        lapsed = sum(lot.available for lot in due)
        for lot in due:
            lot.lapse(lot.available)
        return lapsed

    def grant(self, kind: str, amount: int, key: str, now: datetime, until: datetime = NEVER) -> Lot:
        _check(amount)
        if self._repeats("issue", key, (kind, amount)):
            return next(lot for lot in self.lots if lot.number == self.used["issue", key][-1])
        if until <= now:
            raise Refused("lapsed already")
        lot = self._add(kind, amount, until)
        self.used["issue", key] = (kind, amount, lot.number)
        return lot

    def reserve(self, amount: int, key: str, now: datetime) -> Booked:
        _check(amount)
        self.lapse(now)
        if key in self.booked:
            if self.booked[key].amount != amount:
                raise Refused("key")
            return self.booked[key]
        booked = Booked(key, amount)
        for lot, credits in self._draw(amount, SPENDING_ORDER, now):
            lot.available -= credits
            lot.reserved += credits
            booked.parts.append(Part(lot, credits))
        self.booked[key] = booked
        return booked

    def take(self, amount: int, key: str, now: datetime) -> int:
        _check(amount)
        self.lapse(now)
        if not self._repeats("expire", key, ("take", amount)):
            for lot, credits in self._draw(amount, TAKING_ORDER, now):
                lot.lapse(credits)
            self.used["expire", key] = ("take", amount)
        return amount

    def revoke(self, lot: Lot, amount: int | None, key: str) -> int:
        if amount is not None:
            _check(amount)
        if ("expire", key) in self.used:
            _what, number, taken = self.used["expire", key]
            if number != lot.number or (amount is not None and taken > amount):
                raise Refused("key")
            return taken
        taken = lot.available if amount is None else min(amount, lot.available)
        if taken:
            lot.lapse(taken)
            self.used["expire", key] = ("revoke", lot.number, taken)
        return taken

    def capture(self, booked: Booked, amount: int, key: str) -> None:
        for part, credits in self._settle("capture", booked, amount, key, booked.parts, "held"):
            part.captured += credits
            part.lot.reserved -= credits
            part.lot.spent += credits

    def release(self, booked: Booked, amount: int, key: str, now: datetime) -> None:
        for part, credits in self._settle("release", booked, amount, key, booked.parts[::-1], "held"):
            part.released += credits
            part.lot.reserved -= credits
            self._return(part.lot, credits, now)

    def refund(self, booked: Booked, amount: int, key: str, now: datetime) -> None:
        for part, credits in self._settle("refund", booked, amount, key, booked.parts[::-1], "spent"):
            part.refunded += credits
            part.lot.spent -= credits
            self._return(part.lot, credits, now)

    def close(self, booked: Booked, key: str, now: datetime) -> None:
        self.release(booked, booked.held, key, now)

    def _add(self, kind: str, amount: int, until: datetime, period: str = "") -> Lot:
        lot = Lot(len(self.lots), kind, amount, until, period, available=amount)
        self.lots.append(lot)
        return lot

    def _draw(self, amount: int, order: tuple[str, ...], now: datetime) -> list[tuple[Lot, int]]:
        usable = sorted(self.usable(now), key=lambda lot: (order.index(lot.kind), lot.until, lot.number))
        left = sum(lot.available for lot in usable)
        if left < amount:
            raise TooFew(amount, left)
        return list(_shares(usable, amount, lambda lot: lot.available))

    def _settle(self, movement: str, booked: Booked, amount: int, key: str, parts: list[Part], room: str):
        _check(amount, at_least=0)
        if not amount or self._repeats(movement, key, (booked.key, amount)):
            return []
        if amount > getattr(booked, room):
            raise Refused("room")
        self.used[movement, key] = (booked.key, amount)
        return list(_shares(parts, amount, lambda part: getattr(part, room)))

    @staticmethod
    def _return(lot: Lot, credits: int, now: datetime) -> None:
        lot.available += credits
        if lot.has_lapsed(now):
            lot.lapse(credits)

    def _repeats(self, movement: str, key: str, what: tuple) -> bool:
        """Whether this was done; a key that was used for something else is refused."""
        if (movement, key) not in self.used:
            return False
        if self.used[movement, key][: len(what)] != what:
            raise Refused("key")
        return True


def _check(amount: int, *, at_least: int = 1) -> None:
    if type(amount) is not int or not at_least <= amount <= LARGEST:
        raise Refused("amount")


def _shares(rows, amount, room):
    for row in rows:
        credits = min(amount, room(row))
        if credits:
            amount -= credits
            yield row, credits


def _first_of_next(period: str) -> datetime:
    year, month = map(int, period.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _months_after(period: str, last: str):
    while period < last:
        period = f"{_first_of_next(period):%Y-%m}"
        yield period
