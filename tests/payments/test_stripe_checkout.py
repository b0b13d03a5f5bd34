"""Stripe's pages, opened and asked about over real HTTP."""

import logging

import pytest
from django.utils import timezone

from tests.payments import SECRET_KEY
from wagtail_sms.credits import purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.exceptions import IllegalTransition, PaymentRefused, PaymentUnavailable
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.stripe_events import REFERENCE
from wagtail_sms.states import PurchaseStatus


URLS = {"success_url": "http://testserver/paid/", "cancel_url": "http://testserver/left/"}
CREATE = ("POST", "/v1/checkout/sessions")


@pytest.fixture
def ordered(site, stripe):
    return purchases.order(site, pack=purchases.packs()[1], quantity=3)


def test_the_page_shows_what_was_ordered_and_names_the_purchase(stripe, ordered, django_user_model):
    ordered.created_by = django_user_model.objects.create_user("editor", email="editor@example.org")
    ordered.save()
    assert purchases.start(ordered, **URLS) == "https://checkout.example/c/pay/cs_test_1"
    (asked,) = stripe.asked(*CREATE)
    fields = asked["fields"]
    assert fields["line_items[0][quantity]"] == "3"
    assert fields["line_items[0][price_data][unit_amount]"] == "500"
    assert fields["line_items[0][price_data][currency]"] == "usd"
    assert fields["line_items[0][price_data][product_data][name]"] == "500 credits for text messages"
    assert fields["mode"] == "payment"
    assert fields["customer_email"] == fields["payment_intent_data[receipt_email]"] == "editor@example.org"
    assert (fields["success_url"], fields["cancel_url"]) == ("http://testserver/paid/", "http://testserver/left/")
    reference = str(ordered.uuid)
    assert fields["client_reference_id"] == fields[f"metadata[{REFERENCE}]"] == reference
    assert fields[f"payment_intent_data[metadata][{REFERENCE}]"] == reference
    assert asked["headers"]["Idempotency-Key"] == reference
    assert 30 * 60 < int(fields["expires_at"]) - timezone.now().timestamp() < 24 * 3600
    ordered.refresh_from_db()
    assert (ordered.status, ordered.external_id) == (PurchaseStatus.PENDING, "cs_test_1")


@pytest.mark.parametrize("email", ["", "root@localhost", "not an address"])
def test_an_editor_without_a_proper_address_can_buy(stripe, ordered, email, django_user_model):
    ordered.created_by = django_user_model.objects.create_user("editor", email=email)
    ordered.save()
    assert purchases.start(ordered, **URLS)
    fields = stripe.asked(*CREATE)[0]["fields"]
    assert not [name for name in fields if "email" in name]


def test_a_lost_answer_leaves_the_order_and_the_second_try_finds_the_same_page(stripe, ordered):
    stripe.fail("after", times=2)  # the package itself tries once more
    with pytest.raises(PaymentUnavailable, match="try again"):
        purchases.start(ordered, **URLS)
    ordered.refresh_from_db()
    assert (ordered.status, ordered.external_id) == (PurchaseStatus.CREATED, "")
    assert purchases.start(ordered, **URLS) == "https://checkout.example/c/pay/cs_test_1"
    assert len(stripe.sessions) == 1
    assert len({entry["headers"]["Idempotency-Key"] for entry in stripe.asked(*CREATE)}) == 1


def test_after_lost_answers_a_try_from_another_host_leaves_the_order_open(stripe, ordered):
    stripe.fail("after", times=2)
    with pytest.raises(PaymentUnavailable):
        purchases.start(ordered, **URLS)
    elsewhere = {"success_url": "http://www.testserver/paid/", "cancel_url": "http://www.testserver/left/"}
    with pytest.raises(PaymentUnavailable):
        purchases.start(ordered, **elsewhere)
    ordered.refresh_from_db()
    assert (ordered.status, ordered.problem) == (PurchaseStatus.CREATED, "")
    assert purchases.start(ordered, **URLS) == "https://checkout.example/c/pay/cs_test_1"
    assert len(stripe.sessions) == 1


@pytest.mark.parametrize("failure", ["before", 500, 429, 409])
def test_an_outage_leaves_the_order_to_be_tried_again(stripe, ordered, failure):
    stripe.fail(failure, times=2)
    with pytest.raises(PaymentUnavailable):
        purchases.start(ordered, **URLS)
    ordered.refresh_from_db()
    assert ordered.status == PurchaseStatus.CREATED
    stripe.failures.clear()
    assert purchases.start(ordered, **URLS)


def test_nobody_listening_is_an_outage(site, stripe_package, settings):
    options = {"SECRET_KEY": SECRET_KEY, "WEBHOOK_SECRETS": "whsec_1", "API_BASE": "http://127.0.0.1:1"}
    entry = {"BACKEND": "wagtail_sms.payments.stripe.StripeCheckout", "OPTIONS": options}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": entry}}
    ordered = purchases.order(site, pack=purchases.packs()[0])
    with pytest.raises(PaymentUnavailable):
        purchases.start(ordered, **URLS)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_for_the_operators_log_and_an_outage_for_the_buyer(stripe, ordered, status, caplog):
    stripe.fail(status)
    with pytest.raises(PaymentUnavailable):
        purchases.start(ordered, **URLS)
    assert [record.levelname for record in caplog.records if record.name == "wagtail_sms"] == ["ERROR"]


def test_an_order_that_stripe_does_not_take_has_failed(site, stripe, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PACKS": [(1, 1)]}
    tiny = purchases.order(site, pack=purchases.packs()[0])
    with pytest.raises(PaymentRefused) as refused:
        purchases.start(tiny, **URLS)
    tiny.refresh_from_db()
    assert (tiny.status, tiny.problem) == (PurchaseStatus.FAILED, str(refused.value.message))
    assert refused.value.code == "amount_too_small"


def test_going_on_with_a_purchase_leads_to_the_page_it_has(stripe, ordered):
    first = purchases.start(ordered, **URLS)
    elsewhere = {"success_url": "http://other.example/paid/", "cancel_url": "http://other.example/left/"}
    assert purchases.start(Purchase.objects.get(), **elsewhere) == first
    assert len(stripe.asked(*CREATE)) == 1


def test_going_on_with_a_purchase_that_was_paid_finds_that_out(stripe, purchase, site):
    stripe.pay(purchase.external_id)
    with pytest.raises(IllegalTransition):
        purchases.start(purchase, **URLS)
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PAID


def test_an_old_order_opens_no_page_any_more(stripe, ordered):
    with pytest.raises(IllegalTransition):
        purchases.start(ordered, **URLS, now=ordered.created_at + 2 * purchases.MAY_START)
    assert stripe.sessions == {}


def test_coming_back_before_the_webhook_finds_the_payment_and_its_receipt(stripe, purchase):
    stripe.pay(purchase.external_id)
    purchases.check(purchase)
    assert purchase.status == PurchaseStatus.PAID
    assert purchase.receipt_url == "https://pay.example/receipts/pi_cs_test_1"
    assert purchase.grant.amount == 500


def test_coming_back_from_a_page_that_is_still_open_changes_nothing(stripe, purchase):
    assert purchases.check(purchase).status == PurchaseStatus.PENDING
    assert purchase.events.count() == 0


def test_money_that_takes_days_is_waited_for_and_may_fail(stripe, purchase):
    stripe.pay_later(purchase.external_id)
    assert purchases.check(purchase).status == PurchaseStatus.PENDING
    stripe.fail_later(purchase.external_id, "The bank account is closed.")
    purchases.check(purchase)
    assert (purchase.status, purchase.problem) == (PurchaseStatus.FAILED, "The bank account is closed.")


def test_a_payment_that_was_refunded_before_we_heard_of_it_leaves_no_credits(stripe, purchase, site):
    stripe.pay(purchase.external_id)
    stripe.refund(purchase.external_id, 500)
    purchases.check(purchase)
    assert (purchase.status, purchase.refunded_cents, purchase.shortfall) == (PurchaseStatus.REFUNDED, 500, 0)
    assert purchase.grant.available == 0


def test_asking_when_nobody_answers_says_so_and_changes_nothing(stripe, purchase):
    stripe.fail("before", times=2)
    with pytest.raises(PaymentUnavailable):
        purchases.check(purchase)
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PENDING


def test_a_checkout_that_the_account_does_not_have_is_nothing_known(stripe, method):
    assert method.fetch("cs_test_of_another_account") is None


def test_leaving_closes_the_page(stripe, purchase):
    assert purchases.cancel(purchase).status == PurchaseStatus.EXPIRED
    assert stripe.sessions[purchase.external_id]["status"] == "expired"


def test_leaving_after_paying_is_paid(stripe, purchase):
    stripe.pay(purchase.external_id)
    assert purchases.cancel(purchase).status == PurchaseStatus.PAID
    assert purchase.grant.amount == 500


def test_leaving_while_the_money_is_on_its_way_goes_on_waiting(stripe, purchase):
    stripe.pay_later(purchase.external_id)
    assert purchases.cancel(purchase).status == PurchaseStatus.PENDING


def test_leaving_when_nobody_answers_leaves_the_purchase_open(stripe, purchase):
    stripe.fail("before", times=2)
    with pytest.raises(PaymentUnavailable):
        purchases.cancel(purchase)
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.PENDING


def test_the_key_is_in_no_message_no_log_and_no_name(stripe, ordered, method, caplog):
    caplog.set_level(logging.DEBUG)
    said = [repr(method), str(method)]
    for failure in (401, 500, "before"):
        stripe.fail(failure, times=2)
        with pytest.raises(PaymentUnavailable) as error:
            method.start(purchases._order(ordered, **URLS))
        said += [str(error.value), repr(error.value)]
        stripe.failures.clear()
    assert SECRET_KEY not in "".join(said) + caplog.text


def test_a_netrc_does_not_replace_the_key(stripe, ordered, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    purchases.start(ordered, **URLS)
    assert stripe.requests[0]["headers"]["Authorization"] == f"Bearer {SECRET_KEY}"


def test_the_same_answer_is_the_same_event(stripe, purchase, method):
    stripe.pay(purchase.external_id)
    first, second = method.fetch(purchase.external_id), method.fetch(purchase.external_id)
    assert first == second
    assert (first.kind, first.amount_cents, first.currency) == (PaymentKind.PAID, 500, "USD")
