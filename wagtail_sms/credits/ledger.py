"""What may be done with credits. Nothing else writes the wallets, grants, reservations, holds and transfers.

Every verb runs in its own transaction (a savepoint inside the caller's), takes the wallet's row first, and
does its work once per `key`: called again with the same key and figures it returns what it returned before
and moves nothing. The same key with other figures is a LedgerError. Amounts are whole credits.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection
from django.db.models import F, Min, Q, QuerySet, Sum
from django.utils import timezone

from wagtail_sms.credits import amounts, months, moves, operations, takeback
from wagtail_sms.credits.audit import Discrepancy, audit
from wagtail_sms.credits.models import Grant, Reservation, Transfer, Wallet
from wagtail_sms.credits.moves import Booking, exactly_once
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import GrantKind, TransferKind


__all__ = [
    "Balance",
    "Discrepancy",
    "audit",
    "balance",
    "capture",
    "close",
    "ensure_monthly_grant",
    "expire_due",
    "grant",
    "history",
    "lock",
    "open_wallet",
    "refund",
    "release",
    "reserve",
    "rest_calendar",
    "resume_calendar",
    "revoke",
    "take",
    "wallet_for",
]


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits of a site. `available` is `free_left` plus `bought`; `free_until` None: they never lapse.

    `bought` counts the operator's adjustments too: everything that is not the month's free credits.
    """

    available: int
    reserved: int
    free_left: int
    free_until: datetime | None
    bought: int


def open_wallet(site, *, now: datetime | None = None) -> Wallet:
    """The site's wallet, made with this month's free credits if it has none: called at installation.

    A wallet begins to exist here and nowhere else; there are no free credits for the months before.
    """
    now = now or timezone.now()
    wallet, _created = Wallet.objects.get_or_create(site=site, defaults={"opened_at": now})
    months.issue_missing(wallet, now=now)
    wallet.refresh_from_db()
    return wallet


def wallet_for(site) -> Wallet:
    """The site's wallet; LedgerError when none was opened."""
    try:
        return Wallet.objects.get(site=site)
    except Wallet.DoesNotExist:
        raise LedgerError(f"{site} has no wallet: install SMS notifications on this site first.") from None


def lock(site) -> Wallet:
    """The site's wallet, its row held until the caller's transaction ends: what costs credits waits in line here."""
    wallet = wallet_for(site)
    moves.lock(wallet.pk)
    return wallet


def balance(site, *, now: datetime | None = None) -> Balance:
    """What the site can spend at `now`, in one query. Issues the month's free credits first: one write a month."""
    now = now or timezone.now()
    rows = _left_by_kind(site, now=now)
    if not rows or months.is_due(rows[0]["granted_through"], rows[0]["resting_since"], now=now):
        months.issue_missing(wallet_for(site), now=now)
        rows = _left_by_kind(site, now=now)
    free = next((row for row in rows if row["kind"] == GrantKind.FREE), {"left": 0, "until": None})
    available = sum(row["left"] for row in rows)
    return Balance(available, rows[0]["reserved"], free["left"], free["until"], available - free["left"])


def history(site) -> QuerySet[Transfer]:
    """Every transfer of the site, newest first, with its grant and its reservation."""
    transfers = Transfer.objects.filter(grant__wallet__site=site)
    related = ("created_by", "grant__created_by", "grant__purchase__created_by", "reservation")
    return transfers.select_related(*related).order_by("-pk")


def ensure_monthly_grant(site, *, now: datetime | None = None) -> int:
    """Issues the free credits of the month of `now` (UTC) if they were not; returns the credits issued."""
    return months.issue_missing(wallet_for(site), now=now or timezone.now())


def rest_calendar(site, *, now: datetime | None = None) -> None:
    """The site does without text messages from now on: no free credits until `resume_calendar`, whoever looks."""
    with moves.locked(wallet_for(site).pk):
        months.rest(wallet_for(site), now=now or timezone.now())


def resume_calendar(site, *, now: datetime | None = None) -> None:
    """Free credits come again, from the month of `now` on; the months between bring none, also with roll-over."""
    with moves.locked(wallet_for(site).pk):
        months.resume(wallet_for(site), now=now or timezone.now())


def grant(
    site,
    *,
    amount: int,
    kind: GrantKind,
    key: str,
    note: str = "",
    by=None,
    expires_at: datetime | None = None,
    purchase: Purchase | None = None,
    now: datetime | None = None,
) -> Grant:
    """Adds bought or given credits. A purchase is granted once, whatever the key."""
    now = now or timezone.now()
    amounts.whole(amount)
    amounts.usable_key(key)
    amounts.fitting(note)
    if kind == GrantKind.FREE:
        raise LedgerError("Free monthly credits are issued by the calendar: use ensure_monthly_grant.")
    new = Grant(
        wallet=wallet_for(site),
        kind=kind,
        priority=Grant.PRIORITIES[kind],
        amount=amount,
        available=amount,
        expires_at=expires_at,
        purchase=purchase,
        created_by=by,
        created_at=now,
    )
    return exactly_once(partial(operations.issue, new, key, note), partial(operations.issued_before, new, key))


def revoke(
    grant: Grant, *, key: str, amount: int | None = None, note: str = "", by=None, now: datetime | None = None
) -> int:
    """Expires what is still available of a grant, at most `amount`; returns the credits taken.

    For money that went back and for the operator's corrections. Reserved and spent credits stay as they are.
    A call that found nothing to take leaves no line, so it does not use up its key.
    """
    if amount is not None:
        amounts.whole(amount)
    booking = Booking(key=amounts.usable_key(key), note=amounts.fitting(note), now=now or timezone.now(), by=by)
    return exactly_once(
        partial(operations.revoke, grant, amount, booking), partial(operations.revoked_before, grant, amount, key)
    )


def take(site, *, amount: int, key: str, note: str, by=None, now: datetime | None = None) -> int:
    """Expires `amount` credits by the operator's decision, or raises InsufficientCredits and takes none.

    Given credits go first, then free ones, then bought ones. What a reservation holds is not touched.
    """
    now = now or timezone.now()
    wallet = wallet_for(site)
    booking = Booking(key=amounts.usable_key(key), note=amounts.fitting(note), now=now, by=by)
    amounts.whole(amount)
    months.issue_missing(wallet, now=now)
    months.lapse(wallet, now=now)
    return exactly_once(
        partial(operations.take, wallet, amount, booking), partial(operations.taken_before, wallet, amount, key)
    )


def reserve(site, *, amount: int, key: str, purpose: str, now: datetime | None = None) -> Reservation:
    """Holds `amount` credits, free ones first, or raises InsufficientCredits and holds nothing."""
    now = now or timezone.now()
    amounts.whole(amount)
    amounts.usable_key(key)
    amounts.fitting(purpose)
    wallet = wallet_for(site)
    months.issue_missing(wallet, now=now)
    months.lapse(wallet, now=now)
    new = Reservation(wallet=wallet, key=key, purpose=purpose, amount=amount, created_at=now)
    return exactly_once(partial(operations.hold, new, now), partial(operations.held_before, new))


def capture(
    reservation: Reservation, *, amount: int, key: str, note: str = "", now: datetime | None = None
) -> Reservation:
    """Spends reserved credits, free ones first: the provider accepted. Nothing happens for an amount of 0."""
    return operations.settle(operations.capture, reservation, TransferKind.CAPTURE, amount, key, note, now)


def release(
    reservation: Reservation, *, amount: int, key: str, note: str = "", now: datetime | None = None
) -> Reservation:
    """Gives reserved credits back, bought ones first: nothing was sent.

    What has lapsed meanwhile expires, and what was bought with money that went back meanwhile is taken.
    """
    return operations.settle(
        _and_take_owed(operations.release), reservation, TransferKind.RELEASE, amount, key, note, now
    )


def refund(
    reservation: Reservation, *, amount: int, key: str, note: str = "", now: datetime | None = None
) -> Reservation:
    """Gives captured credits back, bought ones first, also after the reservation was closed. As `release` does."""
    return operations.settle(
        _and_take_owed(operations.refund), reservation, TransferKind.REFUND, amount, key, note, now
    )


def settle(
    reservation: Reservation,
    *,
    key: str,
    captured: int = 0,
    released: int = 0,
    refunded: int = 0,
    note: str = "",
    now: datetime | None = None,
) -> None:
    """`capture`, `release` and `refund` in the caller's transaction, under a key that was made for this call.

    For whoever sends, many times a second: nobody can have used the key before, so it is not looked for, and an error
    ends the caller's transaction. `reservation` is not read again.
    """
    if not connection.in_atomic_block:
        raise LedgerError("These movements belong into the transaction that writes down their cause.")
    booking = {"note": amounts.fitting(note), "now": now or timezone.now(), "reservation": reservation}
    for name, verb, amount in (
        ("capture", operations.capture, captured),
        ("release", _and_take_owed(operations.release), released),
        ("refund", _and_take_owed(operations.refund), refunded),
    ):
        if amounts.whole(amount, at_least=0):
            verb(reservation, amount, Booking(key=amounts.usable_key(f"{key}:{name}"), **booking))


def close(reservation: Reservation, *, key: str, note: str = "", now: datetime | None = None) -> Reservation:
    """Releases whatever is left. A reservation of which nothing was captured becomes VOID, else CLOSED."""
    with moves.locked(reservation.wallet_id):
        reservation.refresh_from_db()
        return release(reservation, amount=reservation.left, key=key, note=note, now=now)


def expire_due(*, now: datetime | None = None) -> int:
    """Expires the available credits of all grants past their date, one transaction a wallet; returns them."""
    now = now or timezone.now()
    due = Wallet.objects.filter(pk__in=Grant.objects.due(now).values("wallet"))
    return sum(months.lapse(wallet, now=now) for wallet in due)


def _left_by_kind(site, *, now: datetime) -> list[dict]:
    """The wallet's figures, with what its usable grants of each kind have available; a single row without any grant."""
    usable = Q(grants__expires_at__isnull=True) | Q(grants__expires_at__gt=now)
    figures = ("granted_through", "resting_since", "reserved")
    wallet = Wallet.objects.filter(site=site).values(*figures, kind=F("grants__kind"))
    left = Sum("grants__available", filter=usable, default=0)
    return list(wallet.annotate(left=left, until=Min("grants__expires_at", filter=usable)))


def _and_take_owed(verb):
    """The verb that gives credits back; those whose money went back are gone again before anybody can use them."""

    def work(reservation: Reservation, amount: int, booking: Booking) -> bool:
        done = verb(reservation, amount, booking)
        takeback.collect(reservation.wallet_id, now=booking.now)
        return done

    return work
