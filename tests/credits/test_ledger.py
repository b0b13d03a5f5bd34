"""What each verb of the ledger does to the figures."""

from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from wagtail.models import Site

from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Grant, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import InsufficientCredits, LedgerError
from wagtail_sms.states import GrantKind, PurchaseStatus, ReservationStatus, TransferKind

from . import DECEMBER, NOVEMBER, figures, hold, pack


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def test_a_new_wallet_has_the_free_credits_of_its_month(site):
    balance = ledger.balance(site, now=NOVEMBER)
    assert (balance.available, balance.free_left, balance.bought, balance.reserved) == (500, 500, 0, 0)
    assert balance.free_until == DECEMBER


def test_opening_a_wallet_again_gives_nothing(site):
    ledger.open_wallet(site, now=NOVEMBER)
    assert figures(site) == (500, 0, 0)
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize(
    "verb",
    [
        lambda site: ledger.wallet_for(site),
        lambda site: ledger.balance(site),
        lambda site: hold(site, 1),
        lambda site: pack(site),
        lambda site: ledger.ensure_monthly_grant(site),
    ],
)
def test_a_site_without_a_wallet_has_no_credits_to_speak_of(bare_site, verb):
    with pytest.raises(LedgerError, match="has no wallet"):
        verb(bare_site)


def test_bought_credits_add_to_the_free_ones(site):
    pack(site, 1200)
    balance = ledger.balance(site, now=NOVEMBER)
    assert (balance.available, balance.free_left, balance.bought) == (1700, 500, 1200)


def test_free_credits_are_reserved_first(site):
    pack(site)
    hold(site, 300)
    assert figures(site) == (200, 100, 300)
    hold(site, 250, key="campaign:2")
    assert figures(site) == (0, 50, 550)


def test_among_bought_credits_those_that_lapse_go_first(site):
    hold(site, 500)
    lasting = pack(site, 100, key="pack:lasting")
    dated = pack(site, 100, key="pack:dated", expires_at=DECEMBER)
    hold(site, 120, key="campaign:2")
    lasting.refresh_from_db()
    dated.refresh_from_db()
    assert (dated.reserved, lasting.reserved) == (100, 20)


def test_given_credits_go_before_bought_ones(site):
    hold(site, 500)
    bought = pack(site, 100)
    given = ledger.grant(site, amount=100, kind=GrantKind.ADJUSTMENT, key="gift", now=NOVEMBER)
    hold(site, 100, key="campaign:2")
    given.refresh_from_db()
    bought.refresh_from_db()
    assert (given.reserved, bought.reserved) == (100, 0)


def test_a_reservation_that_is_too_big_holds_nothing(site):
    with pytest.raises(InsufficientCredits) as refused:
        hold(site, 501)
    assert (refused.value.needed, refused.value.available, refused.value.shortfall) == (501, 500, 1)
    assert not Reservation.objects.exists()
    assert figures(site) == (500, 0, 0)


def test_the_last_credit_can_be_reserved(site):
    hold(site, 500)
    assert figures(site) == (0, 0, 500)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_reservation_needs_credits(site, amount):
    with pytest.raises(LedgerError):
        hold(site, amount)


def test_captured_credits_are_gone(site):
    reservation = ledger.capture(hold(site, 100), amount=60, key="batch:1", now=NOVEMBER)
    assert (reservation.captured, reservation.left, reservation.status) == (60, 40, ReservationStatus.HELD)
    assert figures(site) == (400, 0, 40)


def test_released_credits_can_be_spent_again(site):
    reservation = ledger.release(hold(site, 100), amount=60, key="batch:1", now=NOVEMBER)
    assert (reservation.released, reservation.left) == (60, 40)
    assert figures(site) == (460, 0, 40)


def test_capture_takes_free_credits_first_and_release_gives_bought_ones_first(site):
    pack(site, 100)
    reservation = hold(site, 600)
    ledger.capture(reservation, amount=450, key="batch:1", now=NOVEMBER)
    ledger.release(reservation, amount=120, key="batch:2", now=NOVEMBER)
    assert figures(site) == (20, 100, 30)


def test_refund_gives_bought_credits_back_first(site):
    pack(site, 100)
    reservation = hold(site, 600)
    ledger.capture(reservation, amount=600, key="batch:1", now=NOVEMBER)
    ledger.refund(reservation, amount=150, key="report:1", now=NOVEMBER)
    assert figures(site) == (50, 100, 0)
    assert reservation.refunded == 150


def test_a_settled_reservation_is_closed_and_can_still_be_refunded(site):
    reservation = ledger.capture(hold(site, 10), amount=10, key="batch:1", now=NOVEMBER)
    assert reservation.status == ReservationStatus.CLOSED
    ledger.refund(reservation, amount=3, key="report:1", now=NOVEMBER)
    assert figures(site) == (493, 0, 0)


def test_closing_releases_what_is_left(site):
    reservation = hold(site, 100)
    ledger.capture(reservation, amount=30, key="batch:1", now=NOVEMBER)
    ledger.close(reservation, key="campaign:1", now=NOVEMBER)
    assert (reservation.status, reservation.released) == (ReservationStatus.CLOSED, 70)
    assert figures(site) == (470, 0, 0)


def test_closing_what_was_never_captured_voids_it(site):
    reservation = ledger.close(hold(site, 100), key="campaign:1", now=NOVEMBER)
    assert reservation.status == ReservationStatus.VOID
    assert figures(site) == (500, 0, 0)


def test_closing_twice_moves_nothing(site):
    reservation = hold(site, 100)
    ledger.close(reservation, key="campaign:1", now=NOVEMBER)
    ledger.close(reservation, key="another key", now=NOVEMBER)
    assert figures(site) == (500, 0, 0)


@pytest.mark.parametrize("verb", [ledger.capture, ledger.release])
def test_no_more_than_the_reservation_has_left(site, verb):
    reservation = hold(site, 100)
    ledger.capture(reservation, amount=60, key="batch:1", now=NOVEMBER)
    hold(site, 200, key="campaign:2")
    with pytest.raises(LedgerError, match="more than the reservation has left"):
        verb(reservation, amount=41, key="batch:2", now=NOVEMBER)
    assert figures(site) == (200, 0, 240)


def test_no_more_is_refunded_than_was_captured(site):
    reservation = ledger.capture(hold(site, 100), amount=10, key="batch:1", now=NOVEMBER)
    ledger.refund(reservation, amount=6, key="report:1", now=NOVEMBER)
    with pytest.raises(LedgerError, match="more than can be refunded"):
        ledger.refund(reservation, amount=5, key="report:2", now=NOVEMBER)
    assert figures(site) == (406, 0, 90)


@pytest.mark.parametrize("verb", [ledger.capture, ledger.release, ledger.refund])
def test_nothing_is_settled_for_an_amount_of_zero(site, verb):
    reservation = hold(site, 100)
    verb(reservation, amount=0, key="batch:1", now=NOVEMBER)
    assert figures(site) == (400, 0, 100)
    with pytest.raises(LedgerError):
        verb(reservation, amount=-1, key="batch:1", now=NOVEMBER)


def test_a_purchase_is_granted_once(site, django_user_model):
    purchase = Purchase.objects.create(
        wallet=ledger.wallet_for(site),
        packs=2,
        credits=200,
        amount_cents=200,
        currency="USD",
        provider="dummy",
        status=PurchaseStatus.PAID,
    )
    buyer = django_user_model.objects.create(username="buyer")
    first = pack(site, 200, key="webhook", purchase=purchase, by=buyer)
    second = pack(site, 200, key="return page", purchase=purchase, by=buyer)
    assert first == second
    assert second.created_by == buyer
    assert figures(site) == (500, 200, 0)


@pytest.mark.parametrize(
    ("kind", "amount", "message"),
    [
        (GrantKind.PACK, 0, "at least one"),
        (GrantKind.PACK, -5, "at least one"),
        (GrantKind.FREE, 5, "ensure_monthly_grant"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused(site, kind, amount, message):
    with pytest.raises(LedgerError, match=message):
        ledger.grant(site, amount=amount, kind=kind, key="odd", now=NOVEMBER)


def test_credits_are_not_granted_after_they_lapse(site):
    with pytest.raises(LedgerError, match="would have lapsed"):
        pack(site, expires_at=NOVEMBER)


def test_revoking_takes_only_what_is_available(site):
    grant = pack(site, 100)
    hold(site, 530)
    assert ledger.revoke(grant, key="refund:1", note="Money returned", now=NOVEMBER) == 70
    assert ledger.revoke(grant, key="refund:1", note="Money returned", now=NOVEMBER) == 70
    assert figures(site) == (0, 0, 530)


def test_revoking_takes_no_more_than_asked(site):
    grant = pack(site, 100)
    assert ledger.revoke(grant, amount=40, key="correction", now=NOVEMBER) == 40
    assert figures(site) == (500, 60, 0)


def test_history_explains_every_move_newest_first(site, django_assert_num_queries):
    pack(site, 100, note="Two coffees worth")
    reservation = hold(site, 550, key="campaign:12")
    ledger.capture(reservation, amount=20, key="batch:7", now=NOVEMBER)
    with django_assert_num_queries(1):
        lines = [
            (line.kind, line.amount, line.key, line.reservation.purpose if line.reservation else line.note)
            for line in ledger.history(site)
        ]
    wallet = ledger.wallet_for(site)
    assert lines == [
        (TransferKind.CAPTURE, 20, "batch:7", "Campaign “Programme”"),
        (TransferKind.RESERVE, 50, "campaign:12", "Campaign “Programme”"),
        (TransferKind.RESERVE, 500, "campaign:12", "Campaign “Programme”"),
        (TransferKind.ISSUE, 100, "pack:1", "Two coffees worth"),
        (TransferKind.ISSUE, 500, f"free:{wallet.pk}:2026-11", ""),
    ]


def test_sites_do_not_share_credits(site, bare_site):
    other = Site.objects.create(hostname="other.example", root_page=bare_site.root_page)
    ledger.open_wallet(other, now=NOVEMBER)
    hold(site, 400)
    assert figures(other) == (500, 0, 0)
    assert ledger.history(other).count() == 1


def test_the_books_outlive_the_site(site):
    hold(site, 10)
    site.delete()
    assert Wallet.objects.get().site is None
    assert Transfer.objects.count() == 2
    assert str(Wallet.objects.get()).endswith("of a deleted site")


def test_a_caller_that_rolls_back_takes_the_credits_back(site):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        hold(site, 100)
        raise ZeroDivisionError
    assert figures(site) == (500, 0, 0)
    assert Grant.objects.get().reserved == 0


def test_what_several_answers_say_is_moved_at_once(site):
    pack(site, 100)
    reservation = hold(site, 550)
    with transaction.atomic():
        ledger.settle(reservation, captured=520, released=20, refunded=15, key="answers:1", now=NOVEMBER)
    reservation.refresh_from_db()
    assert (reservation.captured, reservation.released, reservation.refunded, reservation.left) == (520, 20, 15, 10)
    assert figures(site) == (0, 85, 10)


def test_several_answers_are_moved_whole_or_not_at_all(site):
    reservation = hold(site, 100)
    with pytest.raises(LedgerError), transaction.atomic():
        ledger.settle(reservation, captured=60, released=41, key="answers:1", now=NOVEMBER)
    assert figures(site) == (400, 0, 100)
    with transaction.atomic():
        ledger.settle(reservation, captured=60, key="answers:1", now=NOVEMBER)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.settle(reservation, captured=30, key="answers:1", now=NOVEMBER)
    assert figures(site) == (400, 0, 40)


def test_answers_belong_into_the_transaction_of_their_cause(site, monkeypatch):
    reservation = hold(site, 100)
    monkeypatch.setattr(ledger, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(LedgerError, match="belong into the transaction"):
        ledger.settle(reservation, captured=60, key="answers:1", now=NOVEMBER)
    monkeypatch.undo()
    assert figures(site) == (400, 0, 100)
