"""Recomputes every cached figure from the transfers and says in words where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet, Sum
from django.utils import timezone

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import links, periods, seals
from wagtail_sms.credits.models import LEGAL_MOVES, Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.owing import GRANTED, owed
from wagtail_sms.credits.purchase_models import Purchase
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


def audit(site=None, *, now: datetime | None = None) -> list[Discrepancy]:
    """The differences found in one site's books, or in all of them; an empty list when they are right.

    Reads one state of the database, so that nothing looks wrong because it happened meanwhile. On SQLite, with its
    transactions IMMEDIATE, writers wait for that long.
    """
    with transaction.atomic():
        _read_one_state()
        return list(_all_differences(site, now or timezone.now()))


def _all_differences(site, now: datetime) -> Iterator[Discrepancy]:
    wallets = Wallet.objects.all() if site is None else Wallet.objects.filter(site=site)
    for check in (_grants, _holds, _reservations, _wallets, _strays, _purchases, _seals):
        yield from check(wallets)
    for check in (links.owners, links.givers, links.purchases, links.order):
        yield from (Discrepancy(*found) for found in check(wallets))
    yield from _months_ahead(wallets, now)
    if site is None:
        yield from (Discrepancy(*found) for found in links.orphans())


def _read_one_state() -> None:
    """On PostgreSQL each statement sees what was committed before it, unless the transaction says otherwise."""
    if connection.vendor == "postgresql" and not connection.savepoint_ids:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


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
    for wallet in totals.select_related("site").iterator():
        computed = {"available": wallet.grants_available, "reserved": wallet.grants_reserved}
        if wallet.granted_through < latest.get(wallet.pk, ""):
            computed["granted_through"] = latest[wallet.pk]
        yield from _compare(f"Wallet of {wallet}", wallet, computed)


def _months_ahead(wallets: QuerySet[Wallet], now: datetime) -> Iterator[Discrepancy]:
    """A month can be granted ahead by a clock that ran ahead, but then its grant is there, if months bring any."""
    if not app_settings.FREE_CREDITS_PER_MONTH:
        return
    this_month = periods.period_of(now)
    granted = Grant.objects.filter(wallet=OuterRef("pk"), period=OuterRef("granted_through"))
    for wallet in wallets.filter(~Exists(granted), granted_through__gt=this_month).select_related("site"):
        yield Discrepancy(f"Wallet of {wallet}", "granted_through", wallet.granted_through, this_month)


def _seals(wallets: QuerySet[Wallet]) -> Iterator[Discrepancy]:
    for subject, found, computed in seals.broken(wallets):
        yield Discrepancy(subject, "seal", found[:12] or "missing", computed[:12] or "none")


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
    """What was paid for was granted, nothing else was, and what went back in money was taken in credits."""
    taken = _taken_back(wallets)
    for purchase in Purchase.objects.filter(wallet__in=wallets).select_related("wallet", "grant").iterator():
        subject, paid = f"Purchase {purchase.pk}", purchase.status in GRANTED
        grant = getattr(purchase, "grant", None)
        granted = grant.amount if grant and grant.wallet_id == purchase.wallet_id else 0
        if paid and granted != purchase.credits:
            yield Discrepancy(subject, "credits", purchase.credits, granted)
        if grant and not paid:
            yield Discrepancy(subject, "status", purchase.status, PurchaseStatus.PAID.value)
        back, due = taken.get(str(purchase.uuid), 0), owed(purchase) - purchase.shortfall
        # To a site that was deleted nothing can be given again.
        if back < due or (back > due and purchase.wallet.site_id):
            yield Discrepancy(subject, "credits to be taken back", due, back)
        if paid and (purchase.status == PurchaseStatus.REFUNDED) != (purchase.gone_cents >= purchase.amount_cents):
            yield Discrepancy(subject, "refunded cents", purchase.gone_cents, purchase.amount_cents)


def _taken_back(wallets: QuerySet[Wallet]) -> dict[str, int]:
    """Credits per reference of a purchase; the keys are those of `credits.owing`."""
    lines = Transfer.objects.filter(grant__wallet__in=wallets, key__startswith="purchase:", line=0).order_by()
    taken: dict[str, int] = {}
    for key, kind, amount in lines.values_list("key", "kind", "amount"):
        reference, _colon, verb = key.removeprefix("purchase:").partition(":")
        if verb:
            sign = 1 if kind == TransferKind.EXPIRE else -1
            taken[reference] = taken.get(reference, 0) + sign * amount
    return taken


def _sums(transfers: QuerySet[Transfer], *by: str) -> dict[tuple, int]:
    rows = transfers.order_by().values_list(*by, "kind").annotate(total=Sum("amount"))
    return {tuple(row[:-1]): row[-1] for row in rows}


def _compare(subject: str, row, computed: dict[str, object]) -> Iterator[Discrepancy]:
    for figure, expected in computed.items():
        cached = getattr(row, figure)
        if cached != expected:
            yield Discrepancy(subject, figure, cached, expected)
