"""Buying in a real Chromium, with the demo's payment page: Pay, Decline, Abandon, and a page that follows by itself."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.admin.conftest import signed_in
from tests.factories import make_installed_site
from tests.pwa.builds import restore_roots
from wagtail_sms.credits import ledger, purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.states import PurchaseStatus


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings):
    settings.DEBUG = True
    method = {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": method}}
    # Nothing is asked of anybody outside.
    settings.WAGTAIL_GRAVATAR_PROVIDER_URL, settings.WAGTAIL_ENABLE_UPDATE_CHECK = None, False
    restore_roots()
    User.objects.create_superuser("ada", "ada@example.org", "secret")
    return make_installed_site()


@pytest.fixture
def page(live_server, site, chromium, settings):
    """A signed-in buyer's page; what scripts complain about is in `page.complaints`."""
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    session = signed_in(User.objects.get(username="ada")).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()

    def keep(text):
        if not text.startswith("Failed to load resource"):
            page.complaints.append(text)

    page.set_default_timeout(15000)
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and keep(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def to_payment(page, *, pack="1,000 credits", number="2") -> None:
    page.get_by_label(pack).check()
    page.get_by_label("Number of packs").fill(number)
    page.get_by_role("button", name="Go to payment").click()
    page.wait_for_url("**/dummy-payment/**")


def test_the_total_follows_and_a_paid_purchase_leads_back_to_the_message(page, site):
    page.goto("/admin/sms/credits/buy/?needed=700&return_to=/admin/sms/send/")
    expect(page.get_by_text("700 credits for $7.00")).to_be_visible()
    page.get_by_label("1,000 credits").check()
    page.get_by_label("Number of packs").fill("2")
    expect(page.get_by_text("2,000 credits for $20.00")).to_be_visible()
    to_payment(page)
    expect(page.get_by_text("Demo payment: no money moves.")).to_be_visible()
    page.get_by_role("button", name="Pay $20.00").dblclick()
    expect(page.get_by_role("heading", name="2,000 credits were added")).to_be_visible()
    assert ledger.balance(site).available == 2500
    page.get_by_role("link", name="Back to your message").click()
    page.wait_for_url("**/admin/sms/send/")
    assert page.complaints == []


def test_declined_then_abandoned_then_paid_credits_once(page, site):
    page.goto("/admin/sms/credits/buy/")
    to_payment(page)
    page.get_by_role("button", name="Decline the card").click()
    expect(page.get_by_role("heading", name="The payment failed")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("2,000 credits for $20.00")).to_be_visible()
    page.get_by_role("button", name="Go to payment").click()
    page.get_by_role("button", name="Abandon and go back").click()
    expect(page.get_by_role("heading", name="This purchase was not paid")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Go to payment").click()
    page.get_by_role("button", name="Pay $20.00").click()
    expect(page.get_by_role("heading", name="2,000 credits were added")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Pay $20.00").click()
    expect(page.get_by_role("heading", name="2,000 credits were added")).to_be_visible()
    assert ledger.balance(site).available == 2500
    statuses = [PurchaseStatus.FAILED, PurchaseStatus.EXPIRED, PurchaseStatus.PAID]
    assert list(Purchase.objects.order_by("pk").values_list("status", flat=True)) == statuses
    assert page.complaints == []


def test_a_double_click_on_the_form_orders_once(page):
    page.goto("/admin/sms/credits/buy/")
    page.get_by_role("button", name="Go to payment").dblclick()
    page.wait_for_url("**/dummy-payment/**")
    assert Purchase.objects.count() == 1


def test_the_purchases_page_follows_by_itself_when_the_payment_comes_in(page, site):
    page.goto("/admin/sms/credits/buy/")
    to_payment(page, number="1")
    purchase = Purchase.objects.get()
    page.goto(f"/admin/sms/credits/purchases/{purchase.uuid}/")
    expect(page.get_by_role("heading", name="The payment has not arrived yet")).to_be_visible()
    figures = {"amount_cents": purchase.amount_cents, "currency": purchase.currency}
    purchases.confirm(get_payment_method().event(str(purchase.uuid), PaymentKind.PAID, **figures))
    expect(page.get_by_role("heading", name="1,000 credits were added")).to_be_visible(timeout=15000)
    expect(page.get_by_text(re.compile("1,500 credits are left now"))).to_be_visible()
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    assert page.complaints == []
