"""One purchase: where the buyer comes back to from the payment, what became of it, and its receipt."""

from datetime import timedelta
from urllib.parse import urlencode

from django.db.transaction import non_atomic_requests
from django.forms import Media
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.buy import credits_crumb, to_payment, way_to_buy
from wagtail_sms.admin.dummy_payment import is_demo
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.packs import value_of
from wagtail_sms.admin.purchase_list import look_of
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.admin.stock import stock
from wagtail_sms.admin.ways_back import way_back
from wagtail_sms.credits import purchases, takeback
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.credits.purchases import OPEN, Pack
from wagtail_sms.exceptions import WagtailSMSError
from wagtail_sms.payments.money_text import money
from wagtail_sms.states import PurchaseStatus


OVER_UNPAID = (PurchaseStatus.FAILED, PurchaseStatus.EXPIRED)
# How old a purchase is, and how soon it is worth another look (milliseconds). After that a reload asks again.
LOOKS_AGAIN = ((timedelta(minutes=2), 2000), (timedelta(minutes=30), 10000))


class PurchaseMixin(SmsViewMixin):
    """A view of one purchase of the current site; another site's is a 404."""

    section = "credits"
    permission = ("buy_credits", "view_wallet")

    def get_purchase(self) -> Purchase:
        own = Purchase.objects.filter(wallet__site=self.site).select_related("created_by")
        return get_object_or_404(own, uuid=self.kwargs["uuid"])

    def checked(self, purchase: Purchase) -> tuple[Purchase, str]:
        """The purchase as the payment company has it now, or as we have it with the reason why we can't tell."""
        if purchase.status != PurchaseStatus.PENDING:
            return purchase, ""
        try:
            return purchases.check(purchase), ""
        except WagtailSMSError as error:
            return purchase, str(error.message)

    def what_became_of(self, purchase: Purchase) -> dict:
        """The context of everything on the page that changes. Asks the payment company while it is undecided."""
        purchase, unknown = self.checked(purchase)
        return {
            "purchase": purchase,
            "look": look_of(purchase),
            "amount": money(purchase.amount_cents, purchase.currency),
            "refunded": money(purchase.gone_cents, purchase.currency),
            "taken_back": takeback.taken(purchase),
            "unknown": unknown,
            "stock": stock(self.site),
            "way_back": way_back(purchase.return_to),
            "poll_every": look_again(purchase),
            # Where money and order disagree, nobody is sent to pay a second time.
            "may_pay": purchase.status in OPEN and not purchase.problem and self.may("buy_credits"),
            "try_again": self.same_again(purchase) if purchase.status in OVER_UNPAID else "",
        }

    def same_again(self, purchase: Purchase) -> str:
        """The form with the same choice, after a payment that came to nothing; "" where nothing can be bought."""
        buy = way_to_buy(self)
        each = Pack(purchase.credits // purchase.packs, purchase.amount_cents // purchase.packs, purchase.currency)
        fields = {"pack": value_of(each), "quantity": purchase.packs, "return_to": way_back(purchase.return_to)}
        return f"{buy}&{urlencode(fields)}" if buy else ""


@method_decorator(non_atomic_requests, name="dispatch")
class PurchaseView(PurchaseMixin, WagtailAdminTemplateMixin, TemplateView):
    """The page. Coming back without having paid ends the purchase, unless the payment company knows better."""

    template_name = "wagtail_sms/admin/purchases/page.html"
    stylesheets = ("sending.css", "money.css")
    page_title = _("Purchase")
    header_icon = "tag"

    def get(self, request, uuid):
        self.purchase = self.get_purchase()
        if "left" in request.GET and self.purchase.status in OPEN and self.may("buy_credits"):
            give_up(request, self.purchase)
            return self.lead_to("purchase", uuid)
        return super().get(request)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**self.what_became_of(self.purchase), **kwargs)
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/progress.js")])
        return context

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, *credits_crumb(self), own]


@method_decorator(non_atomic_requests, name="dispatch")
class PurchaseStateView(PurchaseMixin, View):
    """The parts of the page that change, for the polling script."""

    def get(self, request, uuid):
        context = self.what_became_of(self.get_purchase())
        context |= {"sms_site": self.site, "sms_site_field": FORM_FIELD}
        return TemplateResponse(request, "wagtail_sms/admin/purchases/state.html", context)


@method_decorator(non_atomic_requests, name="dispatch")
class PayView(PurchaseMixin, View):
    """On to the payment once more, for whoever closed its page."""

    permission = "buy_credits"
    http_method_names = ["post"]

    def post(self, request, uuid):
        purchase, _unknown = self.checked(self.get_purchase())
        if purchase.status not in OPEN:
            return self.lead_to("purchase", uuid)
        try:
            return HttpResponseRedirect(to_payment(self, purchase))
        except WagtailSMSError as error:
            messages.error(request, error.message)
            return self.lead_to("purchase", uuid)


@method_decorator(non_atomic_requests, name="dispatch")
class GiveUpView(PurchaseMixin, View):
    """The buyer does not want it any more."""

    permission = "buy_credits"
    http_method_names = ["post"]

    def post(self, request, uuid):
        purchase = self.get_purchase()
        if purchase.status in OPEN:
            give_up(request, purchase)
        return self.lead_to("purchase", uuid)


class ReceiptView(PurchaseMixin, WagtailAdminTemplateMixin, TemplateView):
    """What was paid, on one sheet to print."""

    template_name = "wagtail_sms/admin/purchases/receipt.html"
    stylesheets = ("money.css",)
    page_title = _("Receipt")
    header_icon = "doc-full"

    def get_purchase(self) -> Purchase:
        return get_object_or_404(
            Purchase.objects.select_related("created_by"),
            wallet__site=self.site,
            uuid=self.kwargs["uuid"],
            paid_at__isnull=False,
        )

    def get_context_data(self, **kwargs):
        self.purchase = purchase = self.get_purchase()
        context = super().get_context_data(**kwargs)
        context["purchase"] = purchase
        context["demo"] = is_demo(purchase)
        context["amount"] = money(purchase.amount_cents, purchase.currency)
        context["refunded"] = money(purchase.gone_cents, purchase.currency)
        context["pack_credits"] = purchase.credits // purchase.packs
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/print.js")])
        return context

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        page = {"url": self.address("purchase", self.purchase.uuid), "label": _("Purchase")}
        return [*before, *credits_crumb(self), page, own]


def give_up(request, purchase: Purchase) -> None:
    """End an open purchase; when the payment company can't be asked, it stays open and the buyer is told."""
    try:
        purchases.cancel(purchase)
    except WagtailSMSError as error:
        messages.warning(request, error.message)


def look_again(purchase: Purchase) -> int:
    """Milliseconds until the state is worth another look; 0 when nothing changes by itself any more."""
    if purchase.status != PurchaseStatus.PENDING:
        return 0
    age = timezone.now() - purchase.created_at
    return next((every for longest, every in LOOKS_AGAIN if age < longest), 0)


urlpatterns = [
    path("sms/credits/purchases/<uuid:uuid>/", PurchaseView.as_view(), name="purchase"),
    path("sms/credits/purchases/<uuid:uuid>/state/", PurchaseStateView.as_view(), name="purchase_state"),
    path("sms/credits/purchases/<uuid:uuid>/pay/", PayView.as_view(), name="purchase_pay"),
    path("sms/credits/purchases/<uuid:uuid>/give-up/", GiveUpView.as_view(), name="purchase_give_up"),
    path("sms/credits/purchases/<uuid:uuid>/receipt/", ReceiptView.as_view(), name="receipt"),
]
