"""The audit finds every figure that was changed behind the ledger's back."""

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from tests.credits import DECEMBER, NOVEMBER, hold, pack
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import PurchaseStatus, ReservationStatus


@pytest.fixture
def busy(site):
    """A site with some of everything in its books."""
    pack(site, 100)
    reservation = hold(site, 550)
    ledger.capture(reservation, amount=510, key="batch:1", now=NOVEMBER)
    ledger.release(reservation, amount=20, key="batch:2", now=NOVEMBER)
    ledger.refund(reservation, amount=15, key="report:1", now=DECEMBER)
    ledger.close(hold(site, 5, key="campaign:2", now=DECEMBER), key="campaign:2", now=DECEMBER)
    ledger.expire_due(now=DECEMBER)
    assert ledger.audit() == []
    return site


@pytest.mark.parametrize(
    ("model", "change", "figures"),
    [
        (Wallet, {"available": F("available") + 1}, {"available"}),
        (Wallet, {"reserved": F("reserved") + 1}, {"reserved"}),
        (Wallet, {"granted_through": "2026-10"}, {"granted_through"}),
        (Grant, {"spent": F("spent") + 1, "amount": F("amount") + 1}, {"spent", "amount"}),
        (Grant, {"expired": F("expired") + F("available"), "available": 0}, {"expired", "available"}),
        (Reservation, {"released": F("released") + 1}, {"released"}),
        (Reservation, {"purpose": "x", "refunded": F("refunded") + 1}, {"refunded"}),
        (Hold, {"amount": F("amount") + 1}, {"amount"}),
        (Hold, {"captured": F("captured") - 1}, {"captured"}),
        (Hold, {"refunded": 0}, {"refunded"}),
    ],
)
def test_a_changed_figure_is_found(busy, model, change, figures):
    row = Grant.objects.latest("pk") if model is Grant else model.objects.earliest("pk")
    model.objects.filter(pk=row.pk).update(**change)
    found = ledger.audit()
    assert figures <= {discrepancy.figure for discrepancy in found}
    assert all(str(discrepancy).endswith(".") for discrepancy in found)


def test_a_line_taken_from_the_history_is_found(busy):
    line = Transfer.objects.filter(key="batch:1").first()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM wagtail_sms_transfer WHERE id = %s", [line.pk])
    subjects = {discrepancy.subject for discrepancy in ledger.audit()}
    assert f"Grant {line.grant_id}" in subjects
    assert f"Reservation {line.reservation_id}, hold on grant {line.grant_id}" in subjects


def test_a_line_slipped_into_the_history_is_found(busy):
    line = Transfer.objects.filter(key="batch:1").first()
    line.pk, line.key, line.line, line._state.adding = None, "forged", 0, True
    line.save()
    assert {discrepancy.figure for discrepancy in ledger.audit()} >= {"spent", "reserved", "captured"}


def test_a_line_of_a_reservation_that_holds_nothing_there_is_found(busy):
    stranger = Reservation.objects.create(wallet=ledger.wallet_for(busy), key="stranger", purpose="Stranger", amount=1)
    line = Transfer.objects.filter(key="batch:1").first()
    line.pk, line.key, line.line, line.reservation, line._state.adding = None, "forged", 0, stranger, True
    line.save()
    assert f"hold on grant {line.grant_id}" in {discrepancy.figure for discrepancy in ledger.audit()}


def test_a_reservation_in_the_wrong_state_is_found(busy):
    Reservation.objects.filter(key="campaign:2").update(status=ReservationStatus.HELD)
    (found,) = ledger.audit()
    assert (found.figure, found.cached, found.computed) == ("status", "held", "void")


def test_a_paid_purchase_without_its_credits_is_found(busy):
    Purchase.objects.create(
        wallet=ledger.wallet_for(busy),
        packs=1,
        credits=100,
        amount_cents=100,
        currency="USD",
        provider="dummy",
        status=PurchaseStatus.PAID,
    )
    (found,) = ledger.audit()
    assert (found.figure, found.cached, found.computed) == ("credits", 100, 0)


def test_the_audit_of_a_site_looks_at_that_site_only(busy, bare_site):
    from wagtail.models import Site

    other = Site.objects.create(hostname="other.example", root_page=bare_site.root_page)
    ledger.open_wallet(other, now=NOVEMBER)
    Wallet.objects.filter(site=other).update(available=1)
    assert ledger.audit(busy) == []
    assert [str(found) for found in ledger.audit()] == [f"Wallet of {other}: available is 1, but its history says 500."]


def test_the_audit_does_not_ask_row_by_row(busy):
    with CaptureQueriesContext(connection) as before:
        assert ledger.audit() == []
    for number in range(20):
        hold(busy, 1, key=f"more:{number}", now=DECEMBER)
    with CaptureQueriesContext(connection) as after:
        assert ledger.audit() == []
    assert len(after) == len(before)
