"""Purchases: every event in every state, in any order, any number of times, from many sides at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from wagtail.models import Site

from tests.credits import NOVEMBER
from tests.payments import DUMMY
from tests.payments.telling import PACK, event, order
from wagtail_sms.credits import ledger, owing, purchases, reconciling
from wagtail_sms.credits.models import Grant, Transfer
from wagtail_sms.credits.purchase_models import PaymentEvent, Purchase
from wagtail_sms.credits.purchases import Pack
from wagtail_sms.exceptions import LedgerError, PurchaseRefused
from wagtail_sms.payments.base import PaymentEvent as Event
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.signals import purchase_paid
from wagtail_sms.states import GrantKind, PurchaseStatus, TransferKind


S, K = PurchaseStatus, PaymentKind
#: Event, then the state before -> the state after; what is missing stays.
TABLE = {
    K.PENDING: {S.CREATED: S.PENDING},
    K.PAID: {S.CREATED: S.PAID, S.PENDING: S.PAID, S.FAILED: S.PAID, S.EXPIRED: S.PAID},
    K.FAILED: {S.CREATED: S.FAILED, S.PENDING: S.FAILED},
    K.EXPIRED: {S.CREATED: S.EXPIRED, S.PENDING: S.EXPIRED},
    K.REFUNDED: {S.PAID: S.REFUNDED, S.DISPUTED: S.REFUNDED},
    K.DISPUTED: {S.PAID: S.DISPUTED},
    K.DISPUTE_WON: {S.DISPUTED: S.PAID},
    K.DISPUTE_LOST: {S.PAID: S.REFUNDED, S.DISPUTED: S.REFUNDED},
}
#: The events that lead to each state.
WAYS = {
    S.CREATED: [],
    S.PENDING: [K.PENDING],
    S.PAID: [K.PAID],
    S.FAILED: [K.FAILED],
    S.EXPIRED: [K.EXPIRED],
    S.DISPUTED: [K.PAID, K.DISPUTED],
    S.REFUNDED: [K.PAID, K.REFUNDED],
}
LEFT = {S.PAID: 100}  # of 100 credits; in every other state none


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def tell(purchase, kind, **facts) -> Purchase:
    heard = purchases.confirm(event(purchase, kind, **facts), now=NOVEMBER)
    purchase.refresh_from_db()
    assert heard == purchase
    return purchase


def bought(site) -> int:
    return ledger.balance(site, now=NOVEMBER).bought


# Every event in every state.


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("before", S)
def test_every_event_in_every_state(site, before, kind):
    purchase = order(site)
    for step in WAYS[before]:
        tell(purchase, step)
    assert purchase.status == before
    tell(purchase, kind)
    assert purchase.status == TABLE[kind].get(before, before)
    assert bought(site) == LEFT.get(purchase.status, 0)
    assert purchase.events.count() == len(WAYS[before]) + 1
    assert all(purchase.events.values_list("outcome", flat=True))


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("before", S)
def test_the_same_event_again_is_the_same_as_once(site, before, kind):
    purchase = order(site)
    for step in WAYS[before]:
        tell(purchase, step)
    tell(purchase, kind, event_id="evt_1")
    once = Purchase.objects.values().get(pk=purchase.pk), bought(site), Transfer.objects.count()
    for _ in range(3):
        tell(purchase, kind, event_id="evt_1")
    assert (Purchase.objects.values().get(pk=purchase.pk), bought(site), Transfer.objects.count()) == once


@pytest.mark.parametrize("before", [S.CREATED, S.PENDING, S.FAILED, S.EXPIRED])
@pytest.mark.parametrize("kind", [K.REFUNDED, K.DISPUTED, K.DISPUTE_LOST])
def test_money_that_went_back_before_we_knew_it_had_come_leaves_no_credits(site, before, kind):
    purchase = order(site)
    for step in WAYS[before]:
        tell(purchase, step)
    tell(purchase, kind)
    tell(purchase, K.PAID)
    assert purchase.status == (S.DISPUTED if kind == K.DISPUTED else S.REFUNDED)
    assert (bought(site), purchase.shortfall) == (0, 0)


def test_a_dispute_that_began_and_ended_before_we_knew_of_the_payment_is_over(site):
    purchase = order(site)
    for kind in (K.DISPUTED, K.DISPUTE_WON, K.PAID):
        tell(purchase, kind)
    assert (purchase.status, bought(site)) == (S.PAID, 100)


# Money that goes back.


def test_a_later_refund_says_all_that_went_back_so_far(site):
    purchase = tell(order(site), K.PAID)
    for cents, left in ((30, 70), (80, 20), (50, 20), (100, 0)):  # the third one overtook nobody: it is old news
        tell(purchase, K.REFUNDED, cents=cents)
        assert bought(site) == left
    assert purchase.status == S.REFUNDED


@pytest.mark.parametrize("order_of_events", [(K.DISPUTE_LOST, K.REFUNDED), (K.REFUNDED, K.DISPUTE_LOST)])
def test_a_partly_lost_dispute_and_a_partial_refund_add_up(site, order_of_events):
    purchase = tell(order(site), K.PAID)
    for kind in order_of_events:
        tell(purchase, kind, cents={K.DISPUTE_LOST: 40, K.REFUNDED: 30}[kind])
    assert (bought(site), purchase.status) == (30, S.PAID)
    tell(purchase, K.REFUNDED, cents=60)
    assert (bought(site), purchase.status) == (0, S.REFUNDED)
    assert ledger.audit(site) == []


def test_used_credits_stay_used_and_are_the_shortfall(site):
    purchase = tell(order(site), K.PAID)
    spent = ledger.reserve(site, amount=560, key="a", purpose="x", now=NOVEMBER)  # 500 free and 60 bought
    ledger.capture(spent, amount=560, key="a", now=NOVEMBER)
    tell(purchase, K.REFUNDED)
    assert (bought(site), purchase.shortfall) == (0, 60)


def test_held_credits_whose_money_went_back_are_gone_before_anybody_can_use_them(site):
    purchase = tell(order(site), K.PAID)
    held = ledger.reserve(site, amount=560, key="a", purpose="x", now=NOVEMBER)
    tell(purchase, K.REFUNDED)
    assert purchase.shortfall == 60
    ledger.release(held, amount=20, key="b", now=NOVEMBER)
    purchase.refresh_from_db()
    assert (bought(site), purchase.shortfall) == (0, 40)
    ledger.close(held, key="a", now=NOVEMBER)
    purchase.refresh_from_db()
    assert (bought(site), purchase.shortfall, reconciling.collect(now=NOVEMBER)) == (0, 0, 0)


def test_spent_credits_whose_money_went_back_are_taken_when_they_are_refunded(site):
    purchase = tell(order(site), K.PAID)
    spent = ledger.reserve(site, amount=560, key="a", purpose="x", now=NOVEMBER)
    ledger.capture(spent, amount=560, key="a", now=NOVEMBER)
    tell(purchase, K.REFUNDED, cents=50)
    assert (bought(site), purchase.shortfall) == (0, 10)
    ledger.refund(spent, amount=60, key="a", now=NOVEMBER)
    purchase.refresh_from_db()
    assert (bought(site), purchase.shortfall) == (50, 0)


def test_held_credits_that_a_won_dispute_gave_again_are_taken_as_well(site):
    purchase = tell(order(site), K.PAID)
    for kind in (K.DISPUTED, K.DISPUTE_WON):
        tell(purchase, kind)
    held = ledger.reserve(site, amount=600, key="a", purpose="x", now=NOVEMBER)
    tell(purchase, K.REFUNDED)
    assert purchase.shortfall == 100
    ledger.close(held, key="a", now=NOVEMBER)
    purchase.refresh_from_db()
    assert (bought(site), purchase.shortfall) == (0, 0)


def test_a_refund_after_a_won_dispute_takes_what_was_given_again(site):
    purchase = tell(order(site), K.PAID)
    for kind in (K.DISPUTED, K.DISPUTE_WON):
        tell(purchase, kind)
    assert bought(site) == 100
    tell(purchase, K.REFUNDED)
    assert (bought(site), purchase.shortfall) == (0, 0)


def test_a_refund_after_a_won_dispute_takes_no_more_than_it_must(site):
    purchase = tell(order(site), K.PAID)
    held = ledger.reserve(site, amount=560, key="a", purpose="x", now=NOVEMBER)  # 500 free and 60 bought
    for kind in (K.DISPUTED, K.DISPUTE_WON):
        tell(purchase, kind)
    ledger.close(held, key="a", now=NOVEMBER)
    assert bought(site) == 100  # 60 in the pack and 40 given again
    tell(purchase, K.REFUNDED, cents=50)
    assert bought(site) == 50
    tell(purchase, K.REFUNDED, cents=90)
    assert (bought(site), purchase.shortfall) == (10, 0)


def test_a_refund_during_a_dispute_is_not_given_again_when_the_dispute_is_won(site):
    purchase = tell(order(site), K.PAID)
    tell(purchase, K.DISPUTED)
    tell(purchase, K.REFUNDED, cents=40)
    assert (purchase.status, bought(site)) == (S.DISPUTED, 0)
    tell(purchase, K.DISPUTE_WON)
    assert (purchase.status, bought(site)) == (S.PAID, 60)


def test_a_won_dispute_gives_exactly_what_it_took_and_says_so_in_the_books(site):
    purchase = tell(order(site), K.PAID)
    spent = ledger.reserve(site, amount=530, key="a", purpose="x", now=NOVEMBER)
    ledger.capture(spent, amount=530, key="a", now=NOVEMBER)
    tell(purchase, K.DISPUTED)
    for number in range(3):
        tell(purchase, K.DISPUTE_WON, event_id=f"evt_{number}")
    given = Grant.objects.get(kind=GrantKind.ADJUSTMENT)
    assert (given.amount, bought(site)) == (70, 70)
    assert Transfer.objects.get(grant=given, kind=TransferKind.ISSUE).note


@pytest.mark.parametrize("facts", [{"currency": "EUR"}, {"cents": 101}, {"cents": 0}, {"cents": -1}])
def test_a_refund_of_other_money_takes_nothing_and_is_reported(site, facts):
    purchase = tell(order(site), K.PAID)
    tell(purchase, K.REFUNDED, **facts)
    assert (purchase.status, purchase.refunded_cents, bought(site)) == (S.PAID, 0, 100)
    assert purchase.problem


# Paying.


@pytest.mark.parametrize("facts", [{"cents": 99}, {"cents": 101}, {"cents": 10_000}, {"currency": "EUR"}])
def test_other_money_buys_nothing(site, facts):
    purchase = tell(order(site), K.PAID, **facts)
    assert (purchase.status, bought(site)) == (S.CREATED, 0)
    assert purchase.problem == purchase.events.get().outcome
    tell(purchase, K.PAID)
    assert (purchase.status, purchase.problem, bought(site)) == (S.PAID, "", 100)


def test_a_currency_in_small_letters_is_the_same(site):
    assert tell(order(site), K.PAID, currency="usd").status == S.PAID


def test_another_payment_method_can_not_pay_it(site):
    purchase = order(site)
    assert purchases.confirm(event(purchase, K.PAID), provider="other") is None
    purchase.refresh_from_db()
    assert purchase.status == S.CREATED


@pytest.mark.parametrize("reference", ["", "42", "not-a-uuid", "1b0f0e5c-3c1f-4c56-9d0a-6d7c1a1f2b11", "\x00"])
def test_an_unknown_reference_credits_nobody_and_is_recorded(site, reference):
    unknown = Event("evt_1", K.PAID, reference, "cs_1", 100, "USD")
    assert purchases.confirm(unknown) is None
    assert purchases.confirm(unknown) is None
    assert PaymentEvent.objects.get().purchase is None
    assert bought(site) == 0


def test_a_payment_for_a_site_that_was_deleted_meanwhile_is_reported(site, bare_site):
    purchase = order(site)
    Site.objects.all().delete()
    tell(purchase, K.PAID)
    assert purchase.status == S.CREATED
    assert "deleted" in purchase.problem


def test_a_payment_wakes_what_waited_for_credits_and_tells_the_host_once(
    site, monkeypatch, django_capture_on_commit_callbacks
):
    woken, told = [], []
    monkeypatch.setattr("wagtail_sms.wake._publish", lambda task, args: woken.append(task))
    receiver = lambda purchase, **kwargs: told.append((purchase.pk, purchase.status))  # noqa: E731
    purchase_paid.connect(receiver)
    purchase = order(site)
    with django_capture_on_commit_callbacks(execute=True):
        tell(purchase, K.PAID)
        tell(purchase, K.PAID)
        assert told == woken == []
    assert told == [(purchase.pk, S.PAID)]
    assert woken == ["wagtail_sms.pay_for_waiting", "wagtail_sms.check_purchase"]


def test_a_failing_receiver_of_the_host_costs_nobody_their_credits(site, django_capture_on_commit_callbacks):
    def broken(**kwargs):
        raise RuntimeError("the host's own mistake")

    purchase_paid.connect(broken)
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(order(site), K.PAID).status == S.PAID
    assert bought(site) == 100


def test_event_state_and_credits_are_one_transaction(site):
    purchase = order(site)
    with pytest.raises(RuntimeError), transaction.atomic():
        purchases.confirm(event(purchase, K.PAID, event_id="evt_1"), now=NOVEMBER)
        raise RuntimeError("the power went out")
    assert (PaymentEvent.objects.count(), bought(site)) == (0, 0)
    assert tell(purchase, K.PAID, event_id="evt_1").status == S.PAID


# Ordering.


def test_an_order_adds_up(site, django_user_model):
    editor = django_user_model.objects.create_user("editor")
    purchase = order(site, pack=Pack(1000, 1000, "USD"), quantity=7, by=editor, return_to="/admin/sms/?draft=3")
    assert (purchase.credits, purchase.amount_cents, purchase.packs) == (7000, 7000, 7)
    assert (purchase.created_by, purchase.return_to, purchase.status) == (editor, "/admin/sms/?draft=3", S.CREATED)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "3", True, None, 10**6, 10**30])
def test_a_quantity_that_makes_no_sense_or_is_huge_is_refused(site, quantity):
    with pytest.raises(PurchaseRefused):
        order(site, quantity=quantity)
    assert Purchase.objects.count() == 0


def test_the_largest_quantity_can_be_ordered(site):
    purchase = order(site, quantity=purchases.largest_quantity(PACK))
    assert purchase.amount_cents == 99_999_900
    assert tell(purchase, K.PAID).status == S.PAID
    assert bought(site) == 99_999_900


@pytest.mark.parametrize(
    "pack", [Pack(100, 1, "USD"), Pack(100, 100, "EUR"), Pack(101, 100, "USD"), Pack(-5, -5, "USD")]
)
def test_a_pack_that_is_not_on_offer_is_refused(site, pack):
    with pytest.raises(PurchaseRefused):
        order(site, pack=pack)


def test_a_site_without_a_wallet_buys_nothing(bare_site):
    with pytest.raises(LedgerError):
        order(bare_site)


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "relative/",
        "/" + "x" * 500,
    ],
)
def test_the_way_on_leads_nowhere_else(site, address):
    assert order(site, return_to=address).return_to == ""


def test_the_same_form_twice_is_one_purchase_and_another_form_another(site):
    token = uuid4()
    assert order(site, token=token) == order(site, token=token)
    assert order(site, token=uuid4()) != order(site, token=token)
    assert Purchase.objects.count() == 2


def test_a_token_that_was_used_for_something_else_is_refused(site):
    token = uuid4()
    order(site, token=token)
    with pytest.raises(PurchaseRefused):
        order(site, token=token, quantity=2)


def test_packs_that_are_dearer_now_do_not_change_what_was_ordered(site, settings):
    purchase = order(site)
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PACKS": [(100, 900)], "PACK_CURRENCY": "EUR"}
    assert tell(purchase, K.PAID).status == S.PAID


# What nobody told us.


@pytest.fixture
def dummy(settings):
    settings.DEBUG = True
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": {"BACKEND": DUMMY}}}


@pytest.fixture
def started(site, dummy):
    purchase = order(site)
    purchases.start(purchase, success_url="/", cancel_url="/", now=NOVEMBER)
    return purchase


def answers(monkeypatch, purchase, *kinds):
    """What the payment company says at each question."""
    words = iter(kinds)
    monkeypatch.setattr(
        "wagtail_sms.payments.dummy.DummyPayment.fetch",
        lambda self, external_id: event(purchase, kind, event_id=f"fetch_{kind}") if (kind := next(words)) else None,
    )


def test_a_payment_whose_webhook_was_lost_is_found(started, monkeypatch, site):
    answers(monkeypatch, started, K.PAID)
    assert reconciling.reconcile(now=NOVEMBER + timedelta(hours=1)) == 1
    started.refresh_from_db()
    assert (started.status, bought(site)) == (S.PAID, 100)


def test_nobody_is_asked_in_the_first_minutes(started, monkeypatch):
    answers(monkeypatch, started)
    assert reconciling.reconcile(now=NOVEMBER + timedelta(minutes=5)) == 0


def test_a_page_that_must_be_closed_by_now_is_over(started, monkeypatch):
    answers(monkeypatch, started, None, None)
    assert reconciling.reconcile(now=NOVEMBER + timedelta(hours=1)) == 0
    assert reconciling.reconcile(now=NOVEMBER + timedelta(hours=4)) == 1
    started.refresh_from_db()
    assert started.status == S.EXPIRED
    assert tell(started, K.PAID).status == S.PAID


def test_slow_money_is_waited_for_a_month(started, monkeypatch):
    answers(monkeypatch, started, K.PENDING, K.PENDING, K.PENDING)
    for days, status in ((1, S.PENDING), (20, S.PENDING), (31, S.EXPIRED)):
        reconciling.reconcile(now=NOVEMBER + timedelta(days=days))
        started.refresh_from_db()
        assert started.status == status


@pytest.fixture
def asked(monkeypatch):
    """The checkouts that a payment company without an answer was asked about."""
    found = []
    monkeypatch.setattr(
        "wagtail_sms.payments.dummy.DummyPayment.fetch", lambda self, external_id: found.append(external_id)
    )
    return found


def test_a_turn_asks_no_more_than_its_budget(site, dummy, asked):
    for _ in range(5):
        purchases.start(order(site), success_url="/", cancel_url="/", now=NOVEMBER)
    reconciling.reconcile(now=NOVEMBER + timedelta(hours=1), budget=3)
    assert len(set(asked)) == 3


def test_slow_money_is_asked_about_every_hour_at_first_and_then_once_a_day(started, monkeypatch):
    asked = []

    def fetch(self, external_id):
        asked.append(external_id)
        return event(started, K.PENDING, event_id="fetch")

    monkeypatch.setattr("wagtail_sms.payments.dummy.DummyPayment.fetch", fetch)
    for hour in range(1, 24 * 4):
        reconciling.reconcile(now=NOVEMBER + timedelta(hours=hour))
    assert len(asked) == 47 + 2


def test_an_order_without_a_page_is_over_after_a_while(site):
    purchase = order(site)
    assert purchases.expire_old(now=NOVEMBER + timedelta(hours=1)) == 0
    assert purchases.expire_old(now=NOVEMBER + timedelta(hours=4)) == 1
    purchase.refresh_from_db()
    assert purchase.status == S.EXPIRED


def test_leaving_the_page_is_over_and_leaving_after_paying_is_not(started, site):
    other = tell(order(site), K.PAID)
    assert purchases.cancel(started, now=NOVEMBER).status == S.EXPIRED
    assert purchases.cancel(other, now=NOVEMBER).status == S.PAID


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs DATABASE_URL with PostgreSQL")
def test_what_a_purchase_owes_is_not_looked_for_in_all_movements(site):
    purchase = tell(order(site), K.PAID)
    ledger.grant(site, amount=1, kind=GrantKind.ADJUSTMENT, key="sorry", now=NOVEMBER)
    free = Grant.objects.get(kind=GrantKind.FREE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO wagtail_sms_transfer
                (grant_id, kind, source, target, amount, key, line, note, created_at, seal)
            SELECT %s, 'issue', 'issued', 'available', 1, 'notice:' || n || ':capture', 0, '', now(), 'x'
            FROM generate_series(1, 50000) n
            """,
            [free.pk],
        )
        cursor.execute("ANALYZE wagtail_sms_transfer")
        for verb, kind in [("take", TransferKind.EXPIRE), ("give", TransferKind.ISSUE)]:
            plan = owing.booked(purchase, verb, kind).explain()
            assert "Seq Scan" not in plan, plan
        transaction.set_rollback(True)


# The audit.


def corrupt(purchase, **fields):
    Purchase.objects.filter(pk=purchase.pk).update(**fields)
    return [(found.subject, found.figure) for found in ledger.audit()]


@pytest.mark.parametrize(
    ("fields", "figure"),
    [
        ({"status": S.PENDING}, "status"),
        ({"status": S.REFUNDED}, "refunded cents"),
        ({"status": S.DISPUTED}, "credits to be taken back"),
        ({"credits": 200}, "credits"),
        ({"refunded_cents": 50}, "credits to be taken back"),
        ({"shortfall": 1}, "credits to be taken back"),
    ],
)
def test_the_audit_finds_what_was_tampered_with(site, fields, figure):
    purchase = tell(order(site), K.PAID)
    sound = {field: getattr(purchase, field) for field in fields}
    assert (f"Purchase {purchase.pk}", figure) in corrupt(purchase, **fields)
    assert corrupt(purchase, **sound) == []
