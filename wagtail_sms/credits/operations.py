"""What each verb of the ledger does inside its transaction, and how it knows that it was done before.

A verb comes in two halves for `moves.exactly_once`: the work, and a look for the key (`..._before`).
"""

from datetime import datetime
from functools import partial

from django.db.models import Case, F, Sum, Value, When
from django.utils import timezone

from wagtail_sms.credits import amounts, moves
from wagtail_sms.credits.models import Grant, Reservation, Transfer, Wallet
from wagtail_sms.credits.moves import Booking, exactly_once, shift
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import ReservationStatus, TransferKind


def issue(new: Grant, key: str, note: str) -> Grant:
    if new.has_lapsed(new.created_at):
        raise LedgerError("These credits would have lapsed before they are granted.")
    shift(new.wallet_id, available=new.amount)
    new.save(force_insert=True)
    booking = Booking(key=key, note=note, now=new.created_at, by=new.created_by)
    booking.write(new.pk, TransferKind.ISSUE, new.amount)
    return new


def issued_before(new: Grant, key: str) -> Grant | None:
    lines = Transfer.objects.filter(key=key, kind=TransferKind.ISSUE).select_related("grant")
    first = next((line.grant for line in lines), None)
    if first is None and new.purchase is not None:
        first = Grant.objects.filter(purchase=new.purchase).first()
    same = ("wallet_id", "kind", "amount", "purchase_id")
    return _same(first, new, same, key)


def revoke(grant: Grant, amount: int | None, booking: Booking) -> int:
    moves.lock(grant.wallet_id)
    if revoked_before(grant, amount, booking.key) is not None:
        raise LedgerError(f"{booking.key} was already revoked.")
    left = Grant.objects.values_list("available", flat=True).get(pk=grant.pk)
    taken = left if amount is None else min(left, amount)
    if taken:
        booking.move(grant.pk, TransferKind.EXPIRE, taken)
        shift(grant.wallet_id, available=-taken)
    return taken


def revoked_before(grant: Grant, amount: int | None, key: str) -> int | None:
    lines = Transfer.objects.filter(key=key, kind=TransferKind.EXPIRE).values_list("grant_id", "amount")
    if not lines:
        return None
    (owner, taken), *more = lines
    if more or owner != grant.pk or (amount is not None and taken > amount):
        raise _key_reused(key)
    return taken


def take(wallet: Wallet, amount: int, booking: Booking) -> int:
    missing = 0 if shift(wallet.pk, available=-amount) else amount
    if not missing:
        missing = moves.withdraw(wallet, amount, booking)
    if missing:
        usable = wallet.grants.usable(booking.now).aggregate(left=Sum("available", default=0))
        raise InsufficientCredits(needed=amount, available=usable["left"])
    return amount


def taken_before(wallet: Wallet, amount: int, key: str) -> int | None:
    lines = Transfer.objects.filter(key=key, kind=TransferKind.EXPIRE).values_list("grant__wallet_id", "amount")
    if not lines:
        return None
    if {owner for owner, _ in lines} != {wallet.pk} or sum(part for _, part in lines) != amount:
        raise _key_reused(key)
    return amount


def hold(new: Reservation, now: datetime) -> Reservation:
    if not shift(new.wallet_id, available=-new.amount, reserved=new.amount):
        usable = new.wallet.grants.usable(now).aggregate(left=Sum("available", default=0))
        raise InsufficientCredits(needed=new.amount, available=usable["left"])
    new.save(force_insert=True)
    missing = moves.draw(new, Booking(key=new.key, now=now, reservation=new))
    if missing:
        raise InsufficientCredits(needed=new.amount, available=new.amount - missing)
    return new


def held_before(new: Reservation) -> Reservation | None:
    first = Reservation.objects.filter(key=new.key).first()
    return _same(first, new, ("wallet_id", "amount"), new.key)


def settle(verb, reservation, kind, amount, key, note, now) -> Reservation:
    amounts.whole(amount, at_least=0)
    booking = Booking(
        key=amounts.usable_key(key), note=amounts.fitting(note), now=now or timezone.now(), reservation=reservation
    )
    if amount:
        exactly_once(
            partial(verb, reservation, amount, booking),
            partial(settled_before, reservation, kind, amount, key),
        )
    reservation.refresh_from_db()
    return reservation


def settled_before(reservation: Reservation, kind: TransferKind, amount: int, key: str) -> bool | None:
    lines = Transfer.objects.filter(key=key, kind=kind).values_list("reservation_id", "amount")
    if not lines:
        return None
    if {owner for owner, _ in lines} != {reservation.pk} or sum(part for _, part in lines) != amount:
        raise _key_reused(key)
    return True


def capture(reservation: Reservation, amount: int, booking: Booking) -> bool:
    if not shift(reservation.wallet_id, reserved=-amount):
        raise _more_than_left(reservation, amount)
    _count(reservation, amount, "captured")
    moves.spend(reservation, amount, booking)
    return True


def release(reservation: Reservation, amount: int, booking: Booking) -> bool:
    if not shift(reservation.wallet_id, reserved=-amount, available=amount):
        raise _more_than_left(reservation, amount)
    _count(reservation, amount, "released")
    shift(reservation.wallet_id, available=-moves.give_back(reservation, amount, booking))
    return True


def refund(reservation: Reservation, amount: int, booking: Booking) -> bool:
    shift(reservation.wallet_id, available=amount)
    captured = Reservation.objects.filter(pk=reservation.pk, captured__gte=F("refunded") + amount)
    if not captured.update(refunded=F("refunded") + amount):
        raise LedgerError(f"{reservation}: {amount} credits are more than can be refunded.")
    shift(reservation.wallet_id, available=-moves.undo(reservation, amount, booking))
    return True


def _count(reservation: Reservation, amount: int, figure: str) -> None:
    """Adds to what was captured or released, and closes the reservation of which nothing is left."""
    enough = Reservation.objects.filter(pk=reservation.pk, amount__gte=F("captured") + F("released") + amount)
    if figure == "captured":
        settled = Value(ReservationStatus.CLOSED)
    else:
        settled = Case(When(captured=0, then=Value(ReservationStatus.VOID)), default=Value(ReservationStatus.CLOSED))
    nothing_left = When(amount=F("captured") + F("released") + amount, then=settled)
    if not enough.update(**{figure: F(figure) + amount, "status": Case(nothing_left, default=F("status"))}):
        raise _more_than_left(reservation, amount)


def _same(first, new, fields: tuple[str, ...], key: str):
    if first is not None and any(getattr(first, field) != getattr(new, field) for field in fields):
        raise _key_reused(key)
    return first


def _key_reused(key: str) -> LedgerError:
    return LedgerError(f"The key {key!r} was used before for something else.")


def _more_than_left(reservation: Reservation, amount: int) -> LedgerError:
    return LedgerError(f"{reservation}: {amount} credits are more than the reservation has left.")
