"""What the ledger promises, counted without a database and without looking at its code: the model of the trials."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


FREE = 500
BURN_RANK = {"free": 10, "adjustment": 15, "pack": 20}
TAKING_RANK = {"adjustment": 0, "free": 1, "pack": 2}
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Lot:
    """One grant: credits that came in together, each in one of four buckets."""

    kind: str
    lapses: datetime
    number: int
    available: int
    reserved: int = 0
    spent: int = 0
    expired: int = 0

    @property
    def buckets(self) -> tuple[int, int, int, int]:
        return self.available, self.reserved, self.spent, self.expired

    def lapse(self, now: datetime) -> None:
        if self.lapses <= now:
            self.available, self.expired = 0, self.expired + self.available


@dataclass
class Share:
    """What one lot has in one booking."""

    lot: Lot
    held: int
    spent: int = 0


@dataclass
class Booked:
    """One reservation, its shares in the order in which they were drawn."""

    shares: list[Share] = field(default_factory=list)

    @property
    def held(self) -> int:
        return sum(share.held for share in self.shares)

    @property
    def spent(self) -> int:
        return sum(share.spent for share in self.shares)


class Books:
    """One site's credits. Every verb says by its return value whether the ledger may do it."""

    def __init__(self):
        self.lots: list[Lot] = []
        self.granted_through: tuple[int, int] | None = None

    @property
    def available(self) -> int:
        return sum(lot.available for lot in self.lots)

    @property
    def reserved(self) -> int:
        return sum(lot.reserved for lot in self.lots)

    def add(self, kind: str, amount: int, lapses: datetime | None = None) -> Lot:
        self.lots.append(Lot(kind, lapses or NEVER, len(self.lots), amount))
        return self.lots[-1]

    def month(self, now: datetime, *, roll_over: bool) -> None:
        """Free credits of this month, once, whatever the clock does; with roll-over those of missed months too."""
        this = (now.year, now.month)
        if self.granted_through and self.granted_through >= this:
            return
        first = _following(self.granted_through) if self.granted_through and roll_over else this
        while first <= this:
            year, month = _following(first)
            self.add("free", FREE, None if roll_over else datetime(year, month, 1, tzinfo=UTC))
            first = (year, month)
        self.granted_through = this

    def lapse(self, now: datetime) -> None:
        for lot in self.lots:
            lot.lapse(now)

    def reserve(self, amount: int) -> Booked | None:
        if amount > self.available:
            return None
        booked = Booked()
        for lot in sorted(self.lots, key=lambda lot: (BURN_RANK[lot.kind], lot.lapses, lot.number)):
            part = min(lot.available, amount)
            if part:
                lot.available, lot.reserved, amount = lot.available - part, lot.reserved + part, amount - part
                booked.shares.append(Share(lot, part))
        return booked

    def take(self, amount: int) -> bool:
        if amount > self.available:
            return False
        for lot in sorted(self.lots, key=lambda lot: (TAKING_RANK[lot.kind], lot.lapses, lot.number)):
            part = min(lot.available, amount)
            lot.available, lot.expired, amount = lot.available - part, lot.expired + part, amount - part
        return True

    def revoke(self, lot: Lot, amount: int) -> int:
        part = min(lot.available, amount)
        lot.available, lot.expired = lot.available - part, lot.expired + part
        return part

    def capture(self, booked: Booked, amount: int) -> bool:
        if amount > booked.held:
            return False
        for share in booked.shares:
            part = min(share.held, amount)
            share.held, share.spent, amount = share.held - part, share.spent + part, amount - part
            share.lot.reserved, share.lot.spent = share.lot.reserved - part, share.lot.spent + part
        return True

    def release(self, booked: Booked, amount: int, now: datetime) -> bool:
        if amount > booked.held:
            return False
        for share in reversed(booked.shares):
            part = min(share.held, amount)
            share.held, amount = share.held - part, amount - part
            share.lot.reserved -= part
            _come_back(share.lot, part, now)
        return True

    def refund(self, booked: Booked, amount: int, now: datetime) -> bool:
        if amount > booked.spent:
            return False
        for share in reversed(booked.shares):
            part = min(share.spent, amount)
            share.spent, amount = share.spent - part, amount - part
            share.lot.spent -= part
            _come_back(share.lot, part, now)
        return True


def _come_back(lot: Lot, part: int, now: datetime) -> None:
    """Credits that come back after their date has come lapse at once."""
    if lot.lapses <= now:
        lot.expired += part
    else:
        lot.available += part


def _following(month: tuple[int, int]) -> tuple[int, int]:
    return (month[0] + month[1] // 12, month[1] % 12 + 1)
