"""The database refuses what no verb would do, whatever code path tries it."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError

from tests.credits import NOVEMBER, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import LEGAL_MOVES, Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import LedgerError
from wagtail_sms.states import Bucket, GrantKind, PurchaseStatus, ReservationStatus, TransferKind


@pytest.fixture
def settled(site):
    """A reservation of 100 of which 60 were captured and 10 refunded."""
    reservation = hold(site, 100)
    ledger.capture(reservation, amount=60, key="batch:1", now=NOVEMBER)
    return ledger.refund(reservation, amount=10, key="report:1", now=NOVEMBER)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Grant, {"available": F("available") - 1}),
        (Grant, {"available": F("available") + 1}),
        (Grant, {"amount": F("amount") + 1}),
        (Grant, {"spent": F("spent") + 1}),
        (Grant, {"available": -1, "spent": F("spent") + F("available") + 1}),
        (Grant, {"reserved": -1, "spent": F("spent") + F("reserved") + 1}),
        (Grant, {"kind": GrantKind.PACK}),
        (Grant, {"period": ""}),
        (Wallet, {"available": -1}),
        (Wallet, {"reserved": F("reserved") - 1000}),
        (Reservation, {"captured": F("captured") + 41}),
        (Reservation, {"released": F("released") + 41}),
        (Reservation, {"refunded": 61}),
        (Reservation, {"status": ReservationStatus.CLOSED}),
        (Reservation, {"status": ReservationStatus.VOID}),
        (Reservation, {"released": -1}),
        (Reservation, {"captured": 50, "released": 50, "refunded": 0, "status": ReservationStatus.VOID}),
        (Reservation, {"captured": 0, "released": 100, "refunded": 0, "status": ReservationStatus.CLOSED}),
        (Grant, {"priority": 20}),
        (Hold, {"released": -1}),
        (Hold, {"captured": F("captured") + 41}),
        (Hold, {"released": F("released") + 41}),
        (Hold, {"refunded": 61}),
        (Hold, {"amount": 0}),
    ],
)
def test_a_figure_cannot_be_bent(settled, model, change):
    before = list(model.objects.values())
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)
    assert list(model.objects.values()) == before


def test_a_second_free_grant_of_a_month_is_refused(site):
    wallet = ledger.wallet_for(site)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(
            wallet=wallet, kind=GrantKind.FREE, priority=10, amount=500, available=500, period="2026-11"
        )
    assert wallet.grants.count() == 1


def test_a_second_wallet_of_a_site_is_refused(site):
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.create(site=site)
    assert Wallet.objects.count() == 1


def test_a_purchase_can_be_granted_only_once_and_only_as_a_pack(site):
    purchase = make_purchase(site, external_id="pi_1")
    pack(site, 100, purchase=purchase)
    for kind, period in ((GrantKind.PACK, ""), (GrantKind.FREE, "2027-01")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.create(
                wallet=purchase.wallet,
                kind=kind,
                period=period,
                priority=20,
                amount=100,
                available=100,
                purchase=purchase if kind == GrantKind.PACK else make_purchase(site),
            )
    assert Grant.objects.filter(kind=GrantKind.PACK).count() == 1


def test_a_payment_belongs_to_one_purchase(site):
    make_purchase(site, external_id="pi_1")
    make_purchase(site)
    make_purchase(site)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_purchase(site, external_id="pi_1")
    assert Purchase.objects.count() == 3


def make_purchase(site, **fields):
    return Purchase.objects.create(
        wallet=ledger.wallet_for(site),
        packs=1,
        credits=100,
        amount_cents=100,
        currency="USD",
        provider="dummy",
        status=PurchaseStatus.PAID,
        **fields,
    )


def make_transfer(grant, **fields):
    defaults = {"kind": TransferKind.ISSUE, "source": Bucket.ISSUED, "target": Bucket.AVAILABLE, "amount": 1}
    return Transfer.objects.create(grant=grant, **{"key": "forged", "seal": "forged", **defaults, **fields})


@pytest.mark.parametrize(
    ("kind", "source", "target"),
    [
        (kind, source, target)
        for kind in TransferKind
        for source in Bucket
        for target in Bucket
        if LEGAL_MOVES[kind] != (source, target)
    ],
)
def test_only_the_six_moves_exist(settled, kind, source, target):
    grant = Grant.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transfer(grant, kind=kind, source=source, target=target, reservation=settled)
    assert not Transfer.objects.filter(key="forged").exists()


@pytest.mark.parametrize("fields", [{"amount": 0}, {"amount": -5}, {"key": ""}, {"seal": ""}])
def test_a_transfer_moves_at_least_one_credit_under_a_key_and_a_seal(site, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transfer(Grant.objects.get(), **fields)
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize(
    "kind", [TransferKind.RESERVE, TransferKind.CAPTURE, TransferKind.RELEASE, TransferKind.REFUND]
)
def test_what_belongs_to_a_reservation_names_it(site, kind):
    source, target = LEGAL_MOVES[kind]
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transfer(Grant.objects.get(), kind=kind, source=source, target=target)
    assert Transfer.objects.count() == 1


def test_what_adds_credits_names_no_reservation(settled):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transfer(Grant.objects.get(), reservation=settled)
    assert not Transfer.objects.filter(key="forged").exists()


def test_a_line_is_written_once(site):
    make_transfer(Grant.objects.get())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_transfer(Grant.objects.get())
    assert Transfer.objects.filter(key="forged").count() == 1


@pytest.mark.parametrize(
    "tamper",
    [
        lambda line: line.save(),
        lambda line: line.save(update_fields=["amount"]),
        lambda line: line.delete(),
        lambda line: Transfer.objects.update(amount=1),
        lambda line: Transfer.objects.filter(pk=line.pk).delete(),
        lambda line: Transfer.objects.all().delete(),
        lambda line: Transfer.objects.bulk_update([line], ["amount"]),
        lambda line: Transfer.objects.update_or_create(pk=line.pk, defaults={"amount": 1}),
        lambda line: Transfer.objects.bulk_create([line], update_conflicts=True),
        lambda line: line.grant.transfers.update(amount=1),
        lambda line: line.grant.transfers.all().delete(),
    ],
)
def test_history_is_never_rewritten(settled, tamper):
    line = Transfer.objects.order_by("-pk").first()
    before = list(Transfer.objects.order_by("pk").values())
    line.amount = 7
    with pytest.raises(LedgerError), transaction.atomic():
        tamper(line)
    assert list(Transfer.objects.order_by("pk").values()) == before


def test_a_copy_of_a_line_does_not_replace_it(settled):
    line = Transfer.objects.first()
    copy = Transfer(pk=line.pk, grant=line.grant, kind=line.kind, source=line.source, target=line.target, amount=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()
    assert Transfer.objects.get(pk=line.pk).amount == line.amount


@pytest.mark.parametrize("model", [Wallet, Grant, Reservation])
def test_what_has_a_history_is_not_deleted(settled, model):
    with pytest.raises(ProtectedError):
        model.objects.all().delete()
    assert model.objects.count() == 1
