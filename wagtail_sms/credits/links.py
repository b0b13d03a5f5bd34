"""Whether the rows of the ledger belong together: no row without its owner, none of two owners, none out of order.

Each check yields (subject, figure, what is there, what should be).
"""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, QuerySet

from wagtail_sms.credits.models import Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import PaymentEvent, Purchase
from wagtail_sms.states import TransferKind


TABLES = (Wallet, Grant, Reservation, Hold, Transfer, Purchase, PaymentEvent)
Found = tuple[str, str, object, object]


def owners(wallets: QuerySet[Wallet]) -> Iterator[Found]:
    """A reservation holds credits of its own wallet only."""
    holds = Hold.objects.filter(reservation__wallet__in=wallets).exclude(grant__wallet=F("reservation__wallet"))
    for reservation, theirs, ours in holds.values_list("reservation_id", "grant__wallet_id", "reservation__wallet_id"):
        yield f"Reservation {reservation}", "wallet of its credits", theirs, ours


def givers(wallets: QuerySet[Wallet]) -> Iterator[Found]:
    """Grant and first line name the same person; deleting that person's account empties both."""
    lines = Transfer.objects.filter(grant__wallet__in=wallets, kind=TransferKind.ISSUE)
    for _line, grant, by, granted_by in lines.values_list("pk", "grant_id", "created_by_id", "grant__created_by_id"):
        if by != granted_by:
            yield f"Grant {grant}", "person who gave it", granted_by, by


def purchases(wallets: QuerySet[Wallet]) -> Iterator[Found]:
    """Bought credits stand under the reference of the purchase that they are for."""
    lines = Transfer.objects.filter(grant__wallet__in=wallets, kind=TransferKind.ISSUE, key__startswith="purchase:")
    bought = lines.filter(grant__purchase__isnull=False)
    for key, purchase, reference in bought.values_list("key", "grant__purchase_id", "grant__purchase__uuid"):
        if key != f"purchase:{reference}":
            yield f"Purchase {purchase}", "reference", reference, key.removeprefix("purchase:")


def order(wallets: QuerySet[Wallet]) -> Iterator[Found]:
    """Holds stand in the order in which they were drawn, in which they are spent too."""
    lines = Transfer.objects.filter(grant__wallet__in=wallets, kind=TransferKind.RESERVE)
    holds = Hold.objects.filter(reservation__wallet__in=wallets)
    drawn, held = _grants_of(lines.order_by("line")), _grants_of(holds.order_by("pk"))
    for reservation, grants in held.items():
        if grants != drawn.get(reservation):
            yield f"Reservation {reservation}", "order of its holds", grants, drawn.get(reservation)


def orphans() -> Iterator[Found]:
    """Rows that name another that is not there: a database keeps them from being written, but not from everything."""
    for model in TABLES:
        for field in model._meta.concrete_fields:
            if field.is_relation:
                owner = field.related_model._base_manager.filter(pk=OuterRef(field.attname))
                lost = model._base_manager.filter(~Exists(owner), **{f"{field.attname}__isnull": False})
                for pk, missing in lost.values_list("pk", field.attname):
                    subject = f"{model._meta.verbose_name.capitalize()} {pk}"
                    yield subject, str(field.verbose_name), missing, "missing"


def _grants_of(rows: QuerySet) -> dict[int, list[int]]:
    grants: dict[int, list[int]] = {}
    for reservation, grant in rows.values_list("reservation_id", "grant_id"):
        grants.setdefault(reservation, []).append(grant)
    return grants
