"""Events of several purchases, shuffled and repeated between spending: the credits follow the money."""

from contextlib import contextmanager

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.credits import NOVEMBER
from tests.payments.telling import event, order
from wagtail_sms.credits import ledger, purchases, reconciling
from wagtail_sms.credits.models import Grant
from wagtail_sms.credits.owing import owed, taken
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.states import PurchaseStatus


K = PaymentKind
#: Which purchase, what is said of it, how many cents, and which of four events with these facts it is.
EVENTS = st.tuples(st.integers(0, 2), st.sampled_from(list(K)), st.integers(1, 100), st.integers(1, 4))
SPENDING = st.tuples(st.sampled_from(["spend", "hold"]), st.integers(1, 300))
STEPS = st.lists(st.one_of(EVENTS, SPENDING, st.sampled_from([("let go",), ("collect",)])), max_size=25)
QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@contextmanager
def undone():
    """Each example begins with the same books."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@settings(max_examples=60, **QUIET)
@given(steps=STEPS)
def test_credits_follow_the_money(site, steps):
    with undone():
        three, held = [order(site) for _ in range(3)], []
        for number, step in enumerate(steps):
            do(site, step, three, held, key=f"step:{number}")
            assert [str(found) for found in ledger.audit()] == []
        for purchase in three:
            purchase.refresh_from_db()
            assert taken(purchase) + purchase.shortfall == owed(purchase)
            assert Grant.objects.filter(purchase=purchase).count() == (purchase.paid_at is not None)
            assert purchase.shortfall <= purchase.credits
            assert purchase.refunded_cents <= purchase.amount_cents


def do(site, step, three, held, *, key):
    match step:
        case ("collect",):
            reconciling.collect(now=NOVEMBER)
        case ("let go",):
            while held:
                reservation = held.pop()
                ledger.close(reservation, key=reservation.key, now=NOVEMBER)
        case ("spend" | "hold" as what, amount):
            if amount <= ledger.balance(site, now=NOVEMBER).available:
                held.append(ledger.reserve(site, amount=amount, key=key, purpose="x", now=NOVEMBER))
                if what == "spend":
                    ledger.capture(held.pop(), amount=amount, key=key, now=NOVEMBER)
        case (which, kind, cents, number):
            partial = cents if kind in (K.REFUNDED, K.DISPUTE_LOST) else None
            purchase = three[which]
            told = event(purchase, kind, cents=partial, event_id=f"evt_{purchase.pk}_{kind}_{number}")
            purchases.confirm(told, now=NOVEMBER)


@settings(max_examples=40, **QUIET)
@given(
    kinds=st.permutations([K.PENDING, K.PAID, K.PAID, K.REFUNDED, K.FAILED, K.EXPIRED]),
    cents=st.integers(1, 100),
)
def test_payment_and_refund_come_to_the_same_in_every_order(site, kinds, cents):
    with undone():
        purchase = order(site)
        for kind in kinds:
            purchases.confirm(event(purchase, kind, cents=cents if kind == K.REFUNDED else None), now=NOVEMBER)
        purchase.refresh_from_db()
        assert purchase.status == (PurchaseStatus.REFUNDED if cents == 100 else PurchaseStatus.PAID)
        assert ledger.balance(site, now=NOVEMBER).bought == 100 - cents
        assert ledger.audit() == []
