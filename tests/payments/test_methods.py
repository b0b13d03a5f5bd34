"""Choosing a payment method in the settings, what is said about a wrong one, and the dummy."""

import builtins

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from tests.payments import DUMMY, SECRET_KEY, STRIPE, WEBHOOK_SECRET
from wagtail_sms.credits import purchases
from wagtail_sms.exceptions import PaymentUnavailable
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.dummy import DummyPayment
from wagtail_sms.payments.stripe import StripeCheckout
from wagtail_sms.states import PurchaseStatus


WORKING = {"SECRET_KEY": SECRET_KEY, "WEBHOOK_SECRETS": WEBHOOK_SECRET}


@pytest.fixture
def configure(settings):
    def with_payments(backend, options=None, **more):
        entry = {"BACKEND": backend, "OPTIONS": options or {}}
        settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": entry}, **more}

    return with_payments


def ids() -> set[str]:
    found = run_checks(tags=["wagtail_sms"])
    return {message.id for message in found} - {"wagtail_sms.W004"}


def test_without_payments_nothing_can_be_bought_and_nothing_is_wrong(settings):
    assert not purchases.may_buy()
    assert ids() == set()
    with pytest.raises(ImproperlyConfigured):
        get_payment_method()


def test_a_working_configuration_can_be_bought_with(configure):
    pytest.importorskip("stripe", reason="needs the package stripe")
    configure(STRIPE, {**WORKING, "SECRET_KEY": "sk_live_1"})
    assert purchases.may_buy()
    assert ids() == set()
    assert isinstance(get_payment_method(), StripeCheckout)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"WEBHOOK_SECRETS": ["whsec_1"]}, "wagtail_sms.E201"),
        ({**WORKING, "SECRET_KEY": "pk_live_1"}, "wagtail_sms.E201"),
        ({"SECRET_KEY": "sk_live_1"}, "wagtail_sms.E202"),
        ({"SECRET_KEY": "sk_live_1", "WEBHOOK_SECRETS": [""]}, "wagtail_sms.E202"),
        ({**WORKING, "SECRET_KEI": "sk_live_1"}, "wagtail_sms.E005"),
    ],
)
def test_what_is_missing_is_an_error_and_nothing_can_be_bought(configure, options, found):
    pytest.importorskip("stripe", reason="needs the package stripe")
    configure(STRIPE, options)
    assert found in ids()
    assert not purchases.may_buy()


def test_a_test_key_is_a_warning_where_debug_is_off(configure, settings):
    pytest.importorskip("stripe", reason="needs the package stripe")
    configure(STRIPE, WORKING)
    assert ids() == {"wagtail_sms.W201"}
    settings.DEBUG = True
    assert ids() == set()


def test_a_misspelt_option_is_told_with_the_right_name(configure):
    configure(STRIPE, {"SECRET_KEI": "sk_live_1"})
    with pytest.raises(ImproperlyConfigured, match=r"\['PAYMENTS'\]\['default'\].*Did you mean 'SECRET_KEY'"):
        get_payment_method()


@pytest.mark.parametrize("entry", [{}, "stripe", {"BACKEND": "no.such.Thing"}, {"BACKEND": STRIPE, "KEY": 1}])
def test_a_malformed_entry_is_an_error(settings, entry):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": entry}}
    assert "wagtail_sms.E005" in ids()


def test_without_the_package_the_error_says_what_to_install(configure, monkeypatch, db, site):
    real = builtins.__import__

    def without_stripe(name, *args, **kwargs):
        if name == "stripe":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    configure(STRIPE, WORKING)
    monkeypatch.setattr(builtins, "__import__", without_stripe)
    assert "wagtail_sms.E203" in ids()
    assert not purchases.may_buy()
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'wagtail-sms\[stripe\]'"):
        get_payment_method().fetch("cs_1")


def test_the_key_is_not_in_the_name_of_a_method(configure):
    configure(STRIPE, WORKING)
    assert repr(get_payment_method()) == "<StripeCheckout 'default'>"


@pytest.mark.parametrize(
    "packs", [[(0, 100)], [(100, -1)], [(100, 1.5)], [("100", 100)], [(100,)], [100], [(True, 100)], [(100, 10**9)]]
)
def test_packs_that_make_no_sense_are_an_error(configure, packs):
    configure(STRIPE, WORKING, PACKS=packs)
    assert "wagtail_sms.E006" in ids()
    assert not purchases.may_buy()


@pytest.mark.parametrize("currency", ["", "US", "DOLLARS", "12 ", None])
def test_a_currency_that_is_none_is_an_error(configure, currency):
    configure(STRIPE, WORKING, PACK_CURRENCY=currency)
    assert "wagtail_sms.E006" in ids()


def test_the_dummy_refuses_to_exist_without_debug(configure, settings):
    configure(DUMMY)
    assert "wagtail_sms.E005" in ids()
    assert not purchases.may_buy()
    with pytest.raises(ImproperlyConfigured, match="only while DEBUG is on"):
        get_payment_method()
    settings.DEBUG = True
    assert isinstance(get_payment_method(), DummyPayment)
    assert purchases.may_buy()
    assert ids() == set()
    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured):
        get_payment_method()


def test_a_method_that_was_taken_out_of_the_settings_can_not_be_asked(configure, settings, site):
    settings.DEBUG = True
    configure(DUMMY)
    ordered = purchases.order(site, pack=purchases.packs()[0])
    purchases.start(ordered, success_url="/", cancel_url="/")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {}}
    with pytest.raises(PaymentUnavailable):
        purchases.check(ordered)


def test_the_dummys_buttons_pay_and_decline(configure, settings, site):
    settings.DEBUG = True
    configure(DUMMY)
    ordered = purchases.order(site, pack=purchases.packs()[0])
    try:
        page = reverse("wagtail_sms:dummy_payment", args=[ordered.uuid])
    except NoReverseMatch:
        pytest.skip("the page is not there")
    assert purchases.start(ordered, success_url="/", cancel_url="/") == page
    declined = DummyPayment.event(str(ordered.uuid), PaymentKind.FAILED, 100, "USD")
    assert purchases.confirm(declined).status == PurchaseStatus.FAILED
    paid = DummyPayment.event(str(ordered.uuid), PaymentKind.PAID, 100, "USD")
    for _ in range(2):
        assert purchases.confirm(paid).status == PurchaseStatus.PAID
    assert ordered.grant.amount == 100


def test_the_dummy_has_no_webhook(configure, settings, client, db):
    settings.DEBUG = True
    configure(DUMMY)
    assert client.post("/sms/hooks/payments/default/", {}).status_code == 400
    settings.DEBUG = False
    assert client.post("/sms/hooks/payments/default/", {}).status_code == 503
