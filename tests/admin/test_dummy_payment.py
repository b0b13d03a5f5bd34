"""The demo's payment page: Pay, Decline, Abandon, once each, and nowhere but in development."""

import pytest
from django.urls import reverse

from tests.admin.conftest import make_editor, signed_in
from wagtail_sms.admin.sites import for_site
from wagtail_sms.credits import ledger, purchases
from wagtail_sms.credits.models import Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.states import PurchaseStatus


@pytest.fixture(autouse=True)
def _dummy(settings):
    settings.DEBUG = True
    method = {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": method}}


@pytest.fixture
def buyer(site):
    return signed_in(make_editor("Berta", site, "buy_credits", "view_wallet"))


@pytest.fixture
def purchase(site):
    purchase = purchases.order(site, pack=purchases.packs()[0], quantity=3)
    purchases.start(purchase, success_url="http://testserver/", cancel_url="http://testserver/")
    return purchase


def address(purchase) -> str:
    return reverse("wagtail_sms:dummy_payment", args=[purchase.uuid])


def answer(client, purchase, said: str):
    response = client.post(address(purchase), {"answer": said})
    purchase.refresh_from_db()
    return response


def own_page(purchase) -> str:
    return for_site(reverse("wagtail_sms:purchase", args=[purchase.uuid]), purchase.wallet.site)


def test_the_page_says_that_no_money_moves_and_what_is_bought(buyer, purchase):
    shown = " ".join(buyer.get(address(purchase)).content.decode().split())
    for said in ("Demo payment: no money moves.", "300 credits", "$3.00", "Halle Nord", str(purchase.uuid)):
        assert said in shown


def test_pay_credits_once_however_often_it_is_pressed(buyer, purchase, site):
    for _click in range(3):
        assert answer(buyer, purchase, "pay").url == own_page(purchase)
    assert purchase.status == PurchaseStatus.PAID
    assert ledger.balance(site).available == 800


def test_decline_fails_and_a_later_pay_still_counts(buyer, purchase, site):
    answer(buyer, purchase, "decline")
    assert (purchase.status, ledger.balance(site).available) == (PurchaseStatus.FAILED, 500)
    answer(buyer, purchase, "pay")
    answer(buyer, purchase, "decline")
    assert (purchase.status, ledger.balance(site).available) == (PurchaseStatus.PAID, 800)


def test_abandon_leads_back_as_a_payment_company_does(buyer, purchase, site):
    response = answer(buyer, purchase, "abandon")
    assert response.url == f"{own_page(purchase)}&left=1"
    buyer.get(response.url)
    purchase.refresh_from_db()
    assert (purchase.status, ledger.balance(site).available) == (PurchaseStatus.EXPIRED, 500)


def test_it_is_the_purchases_site_that_counts_and_not_the_one_worked_on_meanwhile(superuser, purchase, other_site):
    client = signed_in(superuser)
    client.get(reverse("wagtail_sms:credits"), {"sms_site": other_site.pk})
    assert client.get(address(purchase)).status_code == 200
    assert answer(client, purchase, "pay").url == own_page(purchase)
    assert ledger.balance(other_site).available == 500


def test_an_unknown_answer_pays_nothing(buyer, purchase):
    answer(buyer, purchase, "credit-me")
    assert purchase.status == PurchaseStatus.PENDING


def test_it_is_not_there_while_debug_is_off(buyer, purchase, settings):
    settings.DEBUG = False
    assert buyer.get(address(purchase)).status_code == 404
    assert answer(buyer, purchase, "pay").status_code == 404
    assert purchase.status == PurchaseStatus.PENDING


@pytest.mark.parametrize("methods", [{}, {"default": {"BACKEND": "wagtail_sms.payments.base.PaymentMethod"}}])
def test_it_is_not_there_for_another_payment_method(buyer, purchase, settings, methods):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": methods}
    assert buyer.get(address(purchase)).status_code == 404
    assert answer(buyer, purchase, "pay").status_code == 404
    assert purchase.status == PurchaseStatus.PENDING


def test_only_a_buyer_of_that_very_site_may_open_it(purchase, site, south_editor):
    for user in (south_editor, make_editor("Vera", site, "view_wallet")):
        client = signed_in(user)
        assert client.get(address(purchase)).status_code == 404
        assert answer(client, purchase, "pay").status_code == 404
    assert purchase.status == PurchaseStatus.PENDING


def test_a_deleted_sites_purchase_is_not_there(superuser, purchase):
    Wallet.objects.update(site=None)
    assert signed_in(superuser).get(address(purchase)).status_code == 404
    assert Purchase.objects.get().status == PurchaseStatus.PENDING


def test_strangers_are_asked_to_sign_in(client, purchase):
    assert "/admin/login/" in client.get(address(purchase)).url
