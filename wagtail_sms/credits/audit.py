"""Recomputes every cached figure from the transfers and says in words where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max, QuerySet, Sum

from wagtail_sms.credits.models import LEGAL_MOVES, Grant, Hold, Purchase, Reservation, Transfer, Wallet
from wagtail_sms.states import Bucket, GrantKind, PurchaseStatus, ReservationStatus, TransferKind


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`figure` of `subject` ("Grant 12") reads `cached`, and the rows below it say `computed`."""

    subject: str
    figure: str
    cached: object
    computed: object

    def __str__(self) -> str:
        return f"{self.subject}: {self.figure} is {self.cached}, but its history says {self.computed}."


def audit(site=None) -> list[Discrepancy]:
    """The differences found in one site's books, or in all of them; an empty list when they are right."""
    wallets = Wallet.objects.all() if site is None else Wallet.objects.filter(site=site)
    checks = (_grants, _holds, _reservations, _wallets, _strays, _purchases)
    return [found for check in checks for found in check(wallets)]


def _grants(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    sums = _sums(Transfer.objects.filter(grant__wallet__in=wallets), "grant_id")
    for grant in Grant.objects.filter(wallet__in=wallets).iterator():
        moved = {kind: sums.get((grant.pk, kind), 0) for kind in LEGAL_MOVES}
        yield from _compare(f"Grant {grant.pk}", grant, _buckets(moved))


def _buckets(moved: dict[TransferKind, int]) -> dict[str, int]:
    figures = dict.fromkeys(Bucket, 0)
    for kind, (source, target) in LEGAL_MOVES.items():
        figures[source] -= moved[kind]
        figures[target] += moved[kind]
    issued = -figures.pop(Bucket.ISSUED)
    return {"amount": issued, **{bucket.value: figure for bucket, figure in figures.items()}}


def _holds(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    transfers = Transfer.objects.filter(grant__wallet__in=wallets, reservation__isnull=False)
    sums = _sums(transfers, "reservation_id", "grant_id")
    for hold in Hold.objects.filter(reservation__wallet__in=wallets).iterator():
        moved = {kind: sums.get((hold.reservation_id, hold.grant_id, kind), 0) for kind in LEGAL_MOVES}
        subject = f"Reservation {hold.reservation_id}, hold on grant {hold.grant_id}"
        yield from _compare(subject, hold, _settled(moved))


def _settled(moved: dict[TransferKind, int]) -> dict[str, int]:
    return {
        "amount": moved[TransferKind.RESERVE],
        "captured": moved[TransferKind.CAPTURE],
        "released": moved[TransferKind.RELEASE],
        "refunded": moved[TransferKind.REFUND],
    }


def _reservations(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    figures = ("amount", "captured", "released", "refunded")
    totals = {f"held_{figure}": Sum(f"holds__{figure}", default=0) for figure in figures}
    for reservation in Reservation.objects.filter(wallet__in=wallets).annotate(**totals).iterator():
        computed = {figure: getattr(reservation, f"held_{figure}") for figure in figures}
        computed["status"] = _status(reservation)
        yield from _compare(f"Reservation {reservation.pk} ({reservation.key})", reservation, computed)


def _status(reservation: Reservation) -> str:
    if reservation.left:
        return ReservationStatus.HELD.value
    return (ReservationStatus.CLOSED if reservation.captured else ReservationStatus.VOID).value


def _wallets(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    totals = wallets.annotate(
        grants_available=Sum("grants__available", default=0),
        grants_reserved=Sum("grants__reserved", default=0),
    )
    latest = dict(
        Grant.objects.filter(wallet__in=wallets, kind=GrantKind.FREE)
        .values_list("wallet_id")
        .annotate(Max("period"))
        .order_by()
    )
    for wallet in totals.iterator():
        computed = {"available": wallet.grants_available, "reserved": wallet.grants_reserved}
        if wallet.granted_through < latest.get(wallet.pk, ""):
            computed["granted_through"] = latest[wallet.pk]
        yield from _compare(f"Wallet of {wallet}", wallet, computed)


def _strays(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    """Transfers of a reservation on a grant that it holds nothing of, or of another wallet."""
    held = set(Hold.objects.filter(reservation__wallet__in=wallets).values_list("reservation_id", "grant_id"))
    transfers = Transfer.objects.filter(grant__wallet__in=wallets, reservation__isnull=False)
    pairs = transfers.order_by().values_list("reservation_id", "grant_id").distinct()
    for reservation_id, grant_id in pairs:
        if (reservation_id, grant_id) not in held:
            figure = f"hold on grant {grant_id}"
            yield Discrepancy(f"Reservation {reservation_id}", figure, "missing", "present")


def _purchases(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    paid = Purchase.objects.filter(wallet__in=wallets, status=PurchaseStatus.PAID).select_related("grant")
    for purchase in paid.iterator():
        granted = purchase.grant.amount if hasattr(purchase, "grant") else 0
        if granted != purchase.credits:
            yield Discrepancy(f"Purchase {purchase.pk}", "credits", purchase.credits, granted)


def _sums(transfers: QuerySet[Transfer], *by: str) -> dict[tuple, int]:
    rows = transfers.order_by().values_list(*by, "kind").annotate(total=Sum("amount"))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _compare(subject: str, row, computed: dict[str, object]) -> Iterator[Discrepancy]:
    for figure, expected in computed.items():
        cached = getattr(row, figure)
        if cached != expected:
            yield Discrepancy(subject, figure, cached, expected)
