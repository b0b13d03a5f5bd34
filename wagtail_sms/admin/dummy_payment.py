"""The payment page of `DummyPayment`: looks like one, takes no money, and exists only while DEBUG is on."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.views.generic import TemplateView

from wagtail_sms.admin.access import may
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.sites import for_site
from wagtail_sms.credits import purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.payments import get_payment_method
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.dummy import DummyPayment
from wagtail_sms.payments.money_text import money


class DummyPaymentView(TemplateView):
    """Pay, decline or abandon one purchase of a site the user may buy for. Pressed twice, each does its work once."""

    template_name = "wagtail_sms/admin/buy/dummy_payment.html"

    def dispatch(self, request, *args, **kwargs):
        if not settings.DEBUG:
            raise Http404
        # Like a real payment page, this one knows the purchase and not which site the buyer works on meanwhile.
        self.purchase = get_object_or_404(Purchase.objects.select_related("wallet__site"), uuid=kwargs["uuid"])
        site = self.purchase.wallet.site
        if site is None or not may(request.user, site, "buy_credits"):
            raise Http404
        self.method = dummy_method(self.purchase.provider)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        purchase = self.purchase
        return super().get_context_data(
            purchase=purchase,
            amount=money(purchase.amount_cents, purchase.currency),
            seller=site_label(purchase.wallet.site),
            **kwargs,
        )

    def post(self, request, uuid):
        purchase = self.purchase
        page = for_site(reverse("wagtail_sms:purchase", args=[uuid]), purchase.wallet.site)
        kind = {"pay": PaymentKind.PAID, "decline": PaymentKind.FAILED}.get(request.POST.get("answer"))
        if kind is None:
            return redirect(f"{page}&left=1")
        event = self.method.event(str(purchase.uuid), kind, purchase.amount_cents, purchase.currency)
        purchases.confirm(event, provider=purchase.provider)
        return redirect(page)


def dummy_method(alias: str) -> DummyPayment:
    """The payment method of this alias; Http404 unless it is the dummy."""
    try:
        method = get_payment_method(alias)
    except ImproperlyConfigured as error:
        raise Http404 from error
    if not isinstance(method, DummyPayment):
        raise Http404
    return method


def is_demo(purchase: Purchase) -> bool:
    """Whether the purchase is paid with the dummy: what says so must not read like a real receipt."""
    try:
        return bool(dummy_method(purchase.provider))
    except Http404:
        return False


urlpatterns = [path("sms/credits/dummy-payment/<uuid:uuid>/", DummyPaymentView.as_view(), name="dummy_payment")]
