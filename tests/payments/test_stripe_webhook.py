"""Stripe's events at our door, with real signatures."""

import io
import json
import logging
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.db import OperationalError
from django.urls import resolve

from tests.payments import OLD_WEBHOOK_SECRET, SECRET_KEY
from tests.payments.fake_stripe import event
from wagtail_sms import tasks
from wagtail_sms.credits import ledger, purchases, reconciling
from wagtail_sms.credits.purchase_models import PaymentEvent, Purchase
from wagtail_sms.states import PurchaseStatus


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books_are_right(db):
    yield
    assert ledger.audit() == []


def bought(site) -> int:
    return ledger.balance(site).bought


@pytest.fixture
def paid(stripe, purchase, tell) -> Purchase:
    assert tell("checkout.session.completed", stripe.pay(purchase.external_id)).status_code == 200
    purchase.refresh_from_db()
    return purchase


def test_a_payment_becomes_credits(stripe, purchase, tell, site):
    assert tell("checkout.session.completed", stripe.pay(purchase.external_id)).status_code == 200
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PAID
    assert purchase.paid_at is not None
    assert bought(site) == 500


def test_the_second_webhook_credits_nothing(stripe, purchase, tell, site):
    session = stripe.pay(purchase.external_id)
    assert [tell("checkout.session.completed", session).status_code for _ in range(3)] == [200, 200, 200]
    assert bought(site) == 500
    assert PaymentEvent.objects.count() == 1


def test_webhook_and_return_page_credit_once(stripe, purchase, tell, site):
    session = stripe.pay(purchase.external_id)
    purchases.check(purchase)
    tell("checkout.session.completed", session)
    assert bought(site) == 500


def test_the_return_page_brings_the_receipt_that_the_webhook_did_not(stripe, paid):
    assert paid.receipt_url == ""
    assert purchases.check(paid).receipt_url.startswith("https://pay.example/receipts/")


def test_a_worker_fetches_the_receipt_after_the_webhook(stripe, paid):
    tasks.check_purchase(paid.pk)
    paid.refresh_from_db()
    assert paid.receipt_url.startswith("https://pay.example/receipts/")
    stripe.fail("before", times=2)
    Purchase.objects.update(receipt_url="")
    tasks.check_purchase(paid.pk)
    tasks.check_purchase(paid.pk + 1)


def test_an_hours_turn_fetches_the_receipt_whose_wake_up_was_lost(stripe, paid):
    Purchase.objects.update(created_at=paid.created_at - timedelta(hours=1))
    tasks.daily()
    paid.refresh_from_db()
    assert paid.receipt_url.startswith("https://pay.example/receipts/")


def test_a_receipt_that_was_not_written_yet_is_fetched_later(stripe, paid):
    charge = stripe.payments[stripe.sessions[paid.external_id]["payment_intent"]]["latest_charge"]
    address, charge["receipt_url"] = charge["receipt_url"], None
    assert purchases.check(paid).receipt_url == ""
    charge["receipt_url"] = address
    assert purchases.check(paid).receipt_url == address


def test_receipts_come_after_money_are_within_the_budget_and_are_given_up_after_two_days(stripe, paid, site):
    waiting = purchases.order(site, pack=purchases.packs()[1])
    purchases.start(waiting, success_url="http://testserver/paid/", cancel_url="http://testserver/left/")
    stripe.pay(waiting.external_id)
    Purchase.objects.update(created_at=paid.created_at - timedelta(hours=1))
    assert reconciling.reconcile(budget=1) == 1
    paid.refresh_from_db()
    assert (paid.receipt_url, bought(site)) == ("", 1000)
    for days, is_asked in [(3, False), (1, True)]:
        assert reconciling.reconcile(now=paid.paid_at + timedelta(days=days)) == 0
        paid.refresh_from_db()
        assert bool(paid.receipt_url) is is_asked


def test_an_hours_turn_finds_the_payment_whose_webhook_was_lost(stripe, purchase, site):
    stripe.pay(purchase.external_id)
    Purchase.objects.update(created_at=purchase.created_at - timedelta(hours=1))
    tasks.daily()
    assert bought(site) == 500


def test_a_turn_by_cron_finds_it_too(stripe, purchase, site):
    stripe.pay(purchase.external_id)
    Purchase.objects.update(created_at=purchase.created_at - timedelta(hours=1))
    call_command("sms_tick", stdout=io.StringIO())
    assert bought(site) == 500


def test_an_hours_turn_goes_on_when_nobody_answers(stripe, purchase, site, caplog):
    stripe.fail("before", times=2)
    Purchase.objects.update(created_at=purchase.created_at - timedelta(hours=1))
    tasks.daily()
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PENDING


def test_every_task_that_a_payment_wakes_exists():
    assert {"wagtail_sms.pay_for_waiting", "wagtail_sms.check_purchase"} <= set(current_app.tasks)


def test_the_webhook_waits_for_stripe_in_no_transaction():
    view = resolve("/sms/hooks/payments/default/").func
    assert view._non_atomic_requests == {"default"}


def test_two_tabs_are_two_purchases_each_credited_once(stripe, site, tell):
    tabs = [purchases.order(site, pack=purchases.packs()[0]) for _ in range(2)]
    for ordered in tabs:
        purchases.start(ordered, success_url="http://testserver/", cancel_url="http://testserver/")
    for ordered in tabs * 2:
        tell("checkout.session.completed", stripe.pay(ordered.external_id))
    assert bought(site) == 200


def test_a_checkout_paid_twice_is_credited_once_and_reported(stripe, paid, tell, site, mailoutbox, settings):
    settings.ADMINS = [("Operator", "operator@example.org")]
    twin = {**stripe.sessions[paid.external_id], "id": "cs_test_twin"}
    assert tell("checkout.session.completed", twin).status_code == 200
    paid.refresh_from_db()
    assert bought(site) == 500
    assert "second time" in paid.problem


@pytest.mark.parametrize(
    "facts", [{"currency": "eur"}, {"amount_total": 499}, {"amount_total": 0}, {"currency": "usx"}]
)
def test_other_money_than_was_asked_for_buys_nothing_and_is_reported(
    stripe, purchase, tell, site, facts, settings, mailoutbox, caplog, django_capture_on_commit_callbacks
):
    settings.ADMINS = [("Operator", "operator@example.org")]
    with django_capture_on_commit_callbacks(execute=True):
        answer = tell("checkout.session.completed", {**stripe.pay(purchase.external_id), **facts})
    assert answer.status_code == 200
    purchase.refresh_from_db()
    assert (purchase.status, bought(site)) == (PurchaseStatus.PENDING, 0)
    assert "nothing was credited" in purchase.problem
    assert PaymentEvent.objects.get().outcome == purchase.problem
    assert [record.levelname for record in caplog.records if record.name == "wagtail_sms"] == ["ERROR"]
    assert [mail.to for mail in mailoutbox] == [["operator@example.org"]]


def test_the_number_of_credits_is_ours_and_not_the_events(stripe, purchase, tell, site):
    session = stripe.pay(purchase.external_id)
    session["metadata"] |= {"credits": "1000000", "amount": "1000000"}
    tell("checkout.session.completed", session)
    assert bought(site) == 500


def test_an_event_for_a_purchase_that_does_not_exist_is_recorded_and_not_asked_for_again(stripe, purchase, tell, site):
    session = stripe.pay(purchase.external_id)
    Purchase.objects.all().delete()
    assert tell("checkout.session.completed", session).status_code == 200
    assert PaymentEvent.objects.get().purchase is None
    assert bought(site) == 0


@pytest.mark.parametrize("metadata", [None, {}, {"order": "42"}, {"wagtail_sms_purchase": ""}])
def test_somebody_elses_checkout_on_the_same_account_leaves_no_row(stripe, purchase, tell, metadata):
    session = {**stripe.pay(purchase.external_id), "metadata": metadata}
    assert tell("checkout.session.completed", session).status_code == 200
    assert PaymentEvent.objects.count() == 0


@pytest.mark.parametrize("kind", ["payment_intent.created", "customer.created", "invoice.paid"])
def test_other_events_are_taken_and_forgotten(stripe, purchase, tell, kind):
    assert tell(kind, {"id": "x_1", "object": "x"}).status_code == 200
    assert PaymentEvent.objects.count() == 0


@pytest.mark.parametrize("content", [{"object": "v2.core.event"}, {"object": "event"}, {}])
def test_signed_content_without_an_event_is_taken_and_forgotten(stripe, purchase, post, content):
    assert post({"livemode": False, **content}).status_code == 200
    assert PaymentEvent.objects.count() == 0


def test_money_that_takes_days_is_credited_when_it_comes(stripe, purchase, tell, site):
    session = stripe.pay_later(purchase.external_id)
    tell("checkout.session.completed", session)
    purchase.refresh_from_db()
    assert (purchase.status, bought(site)) == (PurchaseStatus.PENDING, 0)
    tell("checkout.session.async_payment_succeeded", stripe.pay(purchase.external_id))
    purchase.refresh_from_db()
    assert (purchase.status, bought(site)) == (PurchaseStatus.PAID, 500)


def test_money_that_never_comes_has_failed(stripe, purchase, tell, site):
    session = stripe.pay_later(purchase.external_id)
    tell("checkout.session.completed", session)
    tell("checkout.session.async_payment_failed", session)
    purchase.refresh_from_db()
    assert (purchase.status, purchase.problem) == (PurchaseStatus.FAILED, "The payment was declined.")
    assert bought(site) == 0


def test_a_page_that_closed_unpaid_is_over(stripe, purchase, tell, site):
    tell("checkout.session.expired", stripe.expire(purchase.external_id))
    purchase.refresh_from_db()
    assert (purchase.status, bought(site)) == (PurchaseStatus.EXPIRED, 0)


def test_a_payment_that_comes_after_all_counts(stripe, purchase, tell, site):
    purchases.cancel(purchase)
    tell("checkout.session.completed", stripe.pay(purchase.external_id))
    purchase.refresh_from_db()
    assert (purchase.status, bought(site)) == (PurchaseStatus.PAID, 500)


def test_a_refund_takes_its_share_of_the_credits(stripe, paid, tell, site):
    for part, left in ((100, 400), (150, 250), (250, 0)):
        charge = stripe.refund(paid.external_id, part)
        tell("charge.refunded", charge, event_id=f"evt_refund_{part}")
        assert bought(site) == left
    paid.refresh_from_db()
    assert (paid.status, paid.refunded_cents, paid.shortfall) == (PurchaseStatus.REFUNDED, 500, 0)


def test_a_refund_whose_charge_lost_its_metadata_is_found_by_its_payment(stripe, paid, tell, site):
    charge = {**stripe.refund(paid.external_id, 500), "metadata": {}}
    tell("charge.refunded", charge)
    assert bought(site) == 0


def test_a_refund_of_somebody_elses_charge_is_forgotten(stripe, paid, tell, site):
    tell("charge.refunded", {**stripe.refund(paid.external_id, 500), "metadata": {}, "payment_intent": "pi_else"})
    tell("charge.refunded", {**stripe.refund(paid.external_id, 0), "metadata": {}, "payment_intent": None})
    assert bought(site) == 500


def test_a_dispute_takes_what_is_left_and_winning_it_gives_that_back(stripe, paid, tell, site):
    ledger.reserve(site, amount=700, key="a", purpose="x")  # the 500 free ones and 200 bought ones
    tell("charge.dispute.created", stripe.dispute(paid.external_id))
    paid.refresh_from_db()
    assert (paid.status, paid.shortfall, bought(site)) == (PurchaseStatus.DISPUTED, 200, 0)
    assert "fraudulent" in paid.problem
    tell("charge.dispute.closed", stripe.dispute(paid.external_id, "won"))
    paid.refresh_from_db()
    assert (paid.status, paid.shortfall, paid.problem, bought(site)) == (PurchaseStatus.PAID, 0, "", 300)


def test_a_lost_dispute_is_a_refund(stripe, paid, tell, site):
    tell("charge.dispute.created", stripe.dispute(paid.external_id))
    for kind in ("charge.dispute.funds_withdrawn", "charge.dispute.closed"):
        tell(kind, stripe.dispute(paid.external_id, "lost"))
    paid.refresh_from_db()
    assert (paid.status, paid.gone_cents, bought(site)) == (PurchaseStatus.REFUNDED, 500, 0)


def test_a_lost_dispute_over_a_part_takes_that_part(stripe, paid, tell, site):
    tell("charge.dispute.created", stripe.dispute(paid.external_id, cents=200))
    for number, kind in enumerate(("charge.dispute.created", "charge.dispute.closed")):  # both come after the end
        tell(kind, stripe.dispute(paid.external_id, "lost", cents=200), event_id=f"evt_{number}")
    paid.refresh_from_db()
    assert (paid.status, paid.gone_cents, bought(site)) == (PurchaseStatus.PAID, 200, 300)


def test_news_of_a_dispute_that_come_after_its_end_take_nothing(stripe, paid, tell, site):
    won = stripe.dispute(paid.external_id, "won")
    tell("charge.dispute.closed", won)
    tell("charge.dispute.created", {**won, "status": "needs_response"})
    paid.refresh_from_db()
    assert (paid.status, bought(site)) == (PurchaseStatus.PAID, 500)


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_closed", "prevented"])
def test_an_inquiry_takes_nothing(stripe, paid, tell, site, status):
    tell("charge.dispute.created", stripe.dispute(paid.external_id, status))
    paid.refresh_from_db()
    assert (paid.status, bought(site)) == (PurchaseStatus.PAID, 500)


def test_a_dispute_that_can_not_be_looked_up_now_is_asked_for_again(stripe, paid, tell, site):
    stripe.fail(500, times=2)
    dispute = stripe.dispute(paid.external_id)
    assert tell("charge.dispute.created", dispute).status_code == 503
    assert bought(site) == 500
    stripe.failures.clear()
    assert tell("charge.dispute.created", dispute).status_code == 200
    assert bought(site) == 0


def test_a_secret_that_is_being_replaced_still_counts(stripe, purchase, post, site):
    paid = event("checkout.session.completed", stripe.pay(purchase.external_id))
    assert post(paid, secret=OLD_WEBHOOK_SECRET).status_code == 200
    assert bought(site) == 500


@pytest.mark.parametrize(
    "forgery",
    [
        {"secret": "whsec_of_somebody_else"},
        {"age": 301},
        {"header": ""},
        {"header": "t=1,v1=00"},
        {"header": "nonsense"},
        {"header": "t=1"},
        {"body": "{}"},
        {"body": b"\xff\xfe"},
    ],
    ids=str,
)
def test_a_forged_stale_or_tampered_event_is_refused_and_leaves_no_row(stripe, purchase, post, site, forgery):
    paid = event("checkout.session.completed", stripe.pay(purchase.external_id))
    assert post(paid, **forgery).status_code == 400
    assert (PaymentEvent.objects.count(), bought(site)) == (0, 0)


def test_a_signature_with_letters_beyond_ascii_is_refused(stripe, purchase, post, site):
    assert post({"object": "event"}, header="t=1,v1=\xe9").status_code == 400
    assert not PaymentEvent.objects.exists()


def test_one_changed_digit_breaks_the_signature(stripe, purchase, post, site):
    paid = event("checkout.session.completed", stripe.pay(purchase.external_id))
    tampered = json.dumps(paid).replace('"amount_total": 500', '"amount_total": 501')
    assert tampered != json.dumps(paid)
    assert post(paid, body=tampered).status_code == 400


def test_test_money_buys_nothing_where_the_key_is_live(stripe, purchase, tell, site, settings, caplog):
    session = stripe.pay(purchase.external_id)
    configured = settings.WAGTAIL_SMS["PAYMENTS"]["default"]
    options = {**configured["OPTIONS"], "SECRET_KEY": SECRET_KEY.replace("_test_", "_live_", 1)}
    payments = {"default": {**configured, "OPTIONS": options}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": payments}
    caplog.set_level(logging.WARNING)
    assert tell("checkout.session.completed", session).status_code == 200
    assert (PaymentEvent.objects.count(), bought(site)) == (0, 0)
    assert "test mode" in caplog.text
    assert tell("checkout.session.completed", session, livemode=True).status_code == 200
    assert bought(site) == 500


def test_a_database_that_is_down_asks_for_the_event_again(stripe, purchase, tell, site, monkeypatch):
    def down(*args, **kwargs):
        raise OperationalError("the database is down")

    session = stripe.pay(purchase.external_id)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "grant", down)
        assert tell("checkout.session.completed", session).status_code == 503
    assert (PaymentEvent.objects.count(), bought(site)) == (0, 0)
    assert tell("checkout.session.completed", session).status_code == 200
    assert bought(site) == 500


def test_a_body_of_more_than_64_kilobytes_is_not_read(stripe, post):
    assert post({"padding": "x" * 70_000}).status_code == 413


def test_only_posts_to_a_configured_method_are_answered(stripe, post, client):
    assert post({}, alias="other").status_code == 404
    assert client.get("/sms/hooks/payments/default/").status_code == 405
