"""Whatever is written past the ledger is refused by the database or found by the audit.

Every column of every row is changed by SQL, every row is deleted and copied, rows change owners and places, and
whole operations are forged or erased so that all sums agree again. What nothing can show is named at the end.
"""

from contextlib import contextmanager
from datetime import timedelta
from operator import attrgetter

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, connection, models, transaction
from django.utils import timezone
from wagtail.models import Site

from tests.credits import DECEMBER, NOVEMBER, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import LEGAL_MOVES, Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import GrantKind, PurchaseStatus, TransferKind


LEDGER = (Wallet, Grant, Reservation, Hold, Transfer)
# Preferences of the site, not history; whether its calendar rests is compared with the extension, in auditing.
PREFERENCES = {(Wallet, "low_threshold"), (Wallet, "low_told_at"), (Wallet, "resting_since")}
# Of a purchase the ledger knows what it gave and took for it; the rest is between the buyer and the payment company.
OF_A_PURCHASE = ("wallet_id", "status", "credits", "refunded_cents", "shortfall", "uuid")


@pytest.fixture
def books(bare_site, django_user_model):
    """Two sites with some of everything in their books."""
    operator = django_user_model.objects.create(username="operator")
    django_user_model.objects.create(username="somebody else")
    other = Site.objects.create(hostname="other.example", root_page=bare_site.root_page)
    for number, site in enumerate((bare_site, other)):
        ledger.open_wallet(site, now=NOVEMBER)
        buy(site, number)
        for turn in range(2):
            gift = {"kind": GrantKind.ADJUSTMENT, "key": f"gift:{number}:{turn}", "by": operator, "now": NOVEMBER}
            ledger.grant(site, amount=80, note="Sorry", **gift)
        spend(site, number)
        ledger.take(site, amount=30, key=f"take:{number}", note="Mistake", by=operator, now=NOVEMBER)
        ledger.revoke(pack(site, 60, key=f"pack:{number}", expires_at=DECEMBER), key=f"back:{number}", now=NOVEMBER)
        ledger.ensure_monthly_grant(site, now=DECEMBER)
        ledger.ensure_monthly_grant(site, now=DECEMBER + timedelta(days=31))
    ledger.expire_due(now=DECEMBER)
    assert ledger.audit() == []
    return bare_site


def buy(site, number):
    purchase = Purchase.objects.create(
        wallet=ledger.wallet_for(site),
        status=PurchaseStatus.PAID,
        packs=1,
        credits=100,
        amount_cents=100,
        currency="USD",
        provider="dummy",
        external_id=f"pi_{number}",
    )
    pack(site, 100, key=f"purchase:{purchase.uuid}", purchase=purchase)


def spend(site, number):
    """A reservation on several grants that is half settled, one that is spent, one that is void."""
    half = hold(site, 640, key=f"half:{number}")
    ledger.capture(half, amount=300, key=f"batch:{number}:1", now=NOVEMBER)
    ledger.capture(half, amount=310, key=f"batch:{number}:2", now=NOVEMBER)
    ledger.release(half, amount=10, key=f"batch:{number}:3", now=NOVEMBER)
    ledger.refund(half, amount=70, key=f"report:{number}", now=NOVEMBER)
    spent = hold(site, 20, key=f"spent:{number}")
    ledger.capture(spent, amount=20, key=f"batch:{number}:4", now=NOVEMBER)
    ledger.close(hold(site, 5, key=f"void:{number}"), key=f"void:{number}", now=NOVEMBER)


@contextmanager
def tampering():
    """What is done inside is done past every check that can be switched off, and is undone afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            yield cursor
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
            transaction.set_rollback(True)


def is_noticed(*statements) -> bool:
    """Whether the database refuses the statements, or the audit finds what they did."""
    with tampering() as cursor:
        try:
            with transaction.atomic():
                for statement, values in statements:
                    cursor.execute(statement, values)
        except (DataError, IntegrityError):
            return True
        return bool(ledger.audit())


def change(model, pk, **columns):
    assignments = ", ".join(f'"{column}" = %s' for column in columns)
    return f"UPDATE {model._meta.db_table} SET {assignments} WHERE id = %s", [*columns.values(), pk]


def forge(model, **columns):
    names = ", ".join(f'"{column}"' for column in columns)
    values = list(columns.values())
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({', '.join(['%s'] * len(values))})", values


def stored(row) -> dict:
    """The row as SQL takes it, without its number."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    return {field.column: field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields}


def one_of_each_sort(model) -> list:
    """A row of each kind or status, of each site if that is all that tells them apart, so that a run stays short."""
    sorts = {}
    for row in model._base_manager.order_by("-pk"):
        sort = getattr(row, "kind", getattr(row, "status", None)) or row.pk
        sorts.setdefault((sort, getattr(row, "line", 0) > 0, getattr(row, "created_by_id", 0) is None), row)
    return list(sorts.values())[:12]


def other_values(row, field):
    """Some values that the column could hold instead, likely and unlikely ones."""
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey):
        others = field.related_model._base_manager.exclude(pk=value).values_list("pk", flat=True)
        return [*others[:2], 999_999, *([] if value is None or not field.null else [None])]
    if isinstance(field, models.DateTimeField):
        moments = [NOVEMBER, DECEMBER] if value is None else [value + timedelta(days=1), value - timedelta(seconds=1)]
        return [*moments, *([] if value is None or not field.null else [None])]
    if isinstance(field, models.IntegerField):
        return [1] if value is None else [value + 1, value - 1, value + 10**6, -value - 1]
    if isinstance(field, models.UUIDField):
        return ["0" * 32]
    if field.choices:
        return [choice for choice, _label in field.choices if choice != value]
    return [f"{value}x", value[:-1] if value else "2026-10"]


def columns():
    ledger_columns = [
        (model, field)
        for model in LEDGER
        for field in model._meta.concrete_fields
        if not field.primary_key and (model, field.name) not in PREFERENCES
    ]
    return ledger_columns + [(Purchase, Purchase._meta.get_field(name.removesuffix("_id"))) for name in OF_A_PURCHASE]


@pytest.mark.parametrize(("model", "field"), columns(), ids=lambda part: getattr(part, "__name__", None) or part.name)
def test_no_column_of_no_row_can_be_changed_unnoticed(books, model, field):
    rows, tried = one_of_each_sort(model), 0
    for row in rows:
        for value in other_values(row, field):
            if is_invisible(row, field, value):
                continue
            prepared = field.get_db_prep_save(value, connection)
            assert is_noticed(change(model, row.pk, **{field.column: prepared})), f"{row!r}: {field.name} = {value!r}"
            tried += 1
    assert tried >= len(rows) // 2
    assert ledger.audit() == []


def is_invisible(row, field, value) -> bool:
    """The two things that the books can't show: see `test_what_the_audit_cannot_see`."""
    if field.name == "created_by" and isinstance(row, Transfer):
        return row.kind != TransferKind.ISSUE
    return isinstance(row, Wallet) and field.name == "site" and value is None


@pytest.mark.parametrize("model", [*LEDGER, Purchase])
def test_no_row_can_be_deleted_unnoticed(books, model):
    for pk in [row.pk for row in one_of_each_sort(model)]:
        assert is_noticed((f"DELETE FROM {model._meta.db_table} WHERE id = %s", [pk])), f"{model.__name__} {pk}"


@pytest.mark.parametrize("model", [*LEDGER, Purchase])
def test_no_row_can_be_slipped_in_unnoticed(books, model):
    for row in one_of_each_sort(model):
        copy = stored(row)
        for column, other in (("key", "forged"), ("line", 99), ("period", "2031-01"), ("external_id", "pi_x")):
            if column in copy:
                copy[column] = other
        if "uuid" in copy:
            copy["uuid"] = "f" * 32
        for column in {"purchase_id", "site_id"} & copy.keys():
            copy[column] = None
        if isinstance(row, Hold):
            copy["grant_id"] = Grant.objects.exclude(holds__reservation=row.reservation).first().pk
        assert is_noticed(forge(model, **copy)), f"{row!r}"


def test_no_two_rows_can_change_places_unnoticed(books):
    """Their numbers are their order: that of a reservation's holds, and that of a wallet's history."""
    orders = {Grant: None, Reservation: None, Hold: "reservation", Transfer: "grant__wallet"}
    for model, within in orders.items():
        rows = list(model._base_manager.order_by(*([within] if within else []), "pk"))
        for first, second in zip(rows, rows[1:], strict=False):
            if within and attrgetter(within.replace("__", "."))(first) != attrgetter(within.replace("__", "."))(second):
                continue
            with tampering() as cursor:
                table = model._meta.db_table
                for old, new in ((first.pk, -1), (second.pk, first.pk), (-1, second.pk)):
                    cursor.execute(f"UPDATE {table} SET id = %s WHERE id = %s", [new, old])
                assert ledger.audit(), f"{first!r} and {second!r}"


def test_two_sites_cannot_swap_their_credits_unnoticed(books):
    first, second = Wallet.objects.order_by("pk")
    assert is_noticed(
        change(Wallet, first.pk, site_id=None),
        change(Wallet, second.pk, site_id=first.site_id),
        change(Wallet, first.pk, site_id=second.site_id),
    )
    ours, theirs = (Grant.objects.filter(wallet=wallet).order_by("-priority", "pk")[1] for wallet in (first, second))
    assert ours.amount == theirs.amount
    assert is_noticed(change(Grant, ours.pk, wallet_id=second.pk), change(Grant, theirs.pk, wallet_id=first.pk))


def test_credits_out_of_nothing_are_found_though_every_sum_agrees(books):
    """A gift with its line, its grant and its wallet, as the ledger would have written them but for the seal."""
    wallet = ledger.wallet_for(books)
    gift = stored(Grant.objects.filter(wallet=wallet, kind=GrantKind.ADJUSTMENT).first())
    gift |= {"amount": 1000, "available": 1000, "reserved": 0, "spent": 0, "expired": 0}
    line = stored(Transfer.objects.filter(kind=TransferKind.ISSUE).first()) | {"amount": 1000, "key": "forged"}
    for seal in ("f" * 64, line["seal"], wallet.seal):
        assert is_noticed(
            forge(Grant, id=10**6, **gift),
            forge(Transfer, **{**line, "grant_id": 10**6, "created_by_id": gift["created_by_id"], "seal": seal}),
            change(Wallet, wallet.pk, available=wallet.available + 1000, seal=seal),
        )


def test_a_gift_made_larger_is_found_though_every_sum_agrees(books):
    wallet = ledger.wallet_for(books)
    grant = Grant.objects.filter(wallet=wallet, kind=GrantKind.ADJUSTMENT).last()
    line = grant.transfers.get(kind=TransferKind.ISSUE)
    assert is_noticed(
        change(Transfer, line.pk, amount=line.amount + 900),
        change(Grant, grant.pk, amount=grant.amount + 900, available=grant.available + 900),
        change(Wallet, wallet.pk, available=wallet.available + 900),
    )


@pytest.mark.parametrize("resealed", [False, True])
def test_an_operation_erased_from_all_tables_is_found(books, resealed):
    """A spending that is undone everywhere: its line is gone, and every figure is what it was before."""
    reservation = Reservation.objects.get(key="spent:0")
    line = Transfer.objects.get(key="batch:0:4")
    held = Hold.objects.get(reservation=reservation)
    grant, wallet = held.grant, reservation.wallet
    before = Transfer.objects.filter(grant__wallet=wallet, pk__lt=line.pk).latest("pk").seal
    assert is_noticed(
        (f"DELETE FROM {Transfer._meta.db_table} WHERE id = %s", [line.pk]),
        change(Hold, held.pk, captured=0),
        change(Reservation, reservation.pk, captured=0, status="held"),
        change(Grant, grant.pk, spent=grant.spent - 20, reserved=grant.reserved + 20),
        change(Wallet, wallet.pk, reserved=wallet.reserved + 20, seal=before if resealed else wallet.seal),
    )


def test_another_kind_of_movement_is_found_though_it_is_a_legal_one(books):
    for line in one_of_each_sort(Transfer):
        for kind, (source, target) in LEGAL_MOVES.items():
            if kind != line.kind:
                assert is_noticed(change(Transfer, line.pk, kind=kind, source=source, target=target)), f"{line!r}"


def test_the_command_fails_for_what_was_tampered_with(books, capsys):
    line = Transfer.objects.get(key="batch:0:4")
    with tampering() as cursor:
        cursor.execute(*change(Transfer, line.pk, key="batch:0:5"))
        with pytest.raises(CommandError, match="1 figure"):
            call_command("sms_check_ledger")
    assert f"Movement {line.pk}: seal is" in capsys.readouterr().err


def test_the_place_of_the_tampering_is_named_and_nothing_after_it(books):
    line = Transfer.objects.get(key="batch:0:4")
    with tampering() as cursor:
        cursor.execute(*change(Transfer, line.pk, created_at=timezone.now()))
        assert [found.subject for found in ledger.audit()] == [f"Movement {line.pk}"]


def test_a_wallet_that_is_gone_with_all_its_history_is_missed_by_the_command(books, capsys):
    """The ledger has no trace of it, but the site has the feature."""
    from wagtail_sms.extension import Extension

    Extension.objects.create(site=books, installed_at=NOVEMBER)
    wallet = ledger.wallet_for(books).pk
    with tampering() as cursor:
        for model, path in (
            (Transfer, "grant__wallet"),
            (Hold, "grant__wallet"),
            (Reservation, "wallet"),
            (Grant, "wallet"),
            (Purchase, "wallet"),
            (Wallet, "pk"),
        ):
            for pk in model._base_manager.filter(**{path: wallet}).values_list("pk", flat=True):
                cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [pk])
        assert ledger.audit() == []
        with pytest.raises(CommandError):
            call_command("sms_check_ledger")
    assert "has SMS notifications, but no wallet" in capsys.readouterr().err


def test_a_deleted_user_or_site_is_no_tampering(books, django_user_model):
    django_user_model.objects.get(username="operator").delete()
    books.delete()
    assert ledger.audit() == []
    assert {line.created_by for line in Transfer.objects.all()} == {None}


def test_what_the_audit_cannot_see(books, django_user_model):
    """Said in docs/explanation/credits.md: who took credits, which deleting a user empties too, and a site let go."""
    somebody = django_user_model.objects.get(username="somebody else")
    line = Transfer.objects.filter(key="take:0").first()
    assert not is_noticed(change(Transfer, line.pk, created_by_id=somebody.pk))
    assert not is_noticed(change(Wallet, ledger.wallet_for(books).pk, site_id=None))
