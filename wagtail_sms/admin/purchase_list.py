"""Credits > Purchases: what the site bought, and how a purchase stands."""

from django.urls import path
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn, UserColumn
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.buy import credits_crumb, way_to_buy
from wagtail_sms.admin.columns import WIDE, Look, StateColumn
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.movements import Cause, CauseColumn
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.payments.money_text import money
from wagtail_sms.states import PurchaseStatus


_S = PurchaseStatus
_LOOKS = {
    _S.CREATED: Look("time", _("Not paid yet"), "quiet"),
    _S.PENDING: Look("time", _("Waiting for the payment"), "wait"),
    _S.PAID: Look("circle-check", _("Paid"), "good"),
    _S.FAILED: Look("circle-xmark", _("Payment failed"), "bad"),
    _S.EXPIRED: Look("minus", _("Not paid"), "quiet"),
    _S.DISPUTED: Look("warning", _("Disputed"), "warn"),
    _S.REFUNDED: Look("rotate", _("Refunded"), "quiet"),
}
_PARTLY_REFUNDED = Look("circle-check", _("Paid, partly refunded"), "good")


def look_of(purchase: Purchase) -> Look:
    if purchase.status == _S.PAID and purchase.gone_cents:
        return _PARTLY_REFUNDED
    return _LOOKS[purchase.status]


def purchases_of(site):
    """The purchases that came as far as the payment, newest first."""
    return Purchase.objects.filter(wallet__site=site).exclude(external_id="").order_by("-pk")


class PurchasesView(SmsViewMixin, BaseListingView):
    section = "credits"
    permission = ("view_wallet", "buy_credits")
    stylesheets = ("sending.css", "money.css")
    model = Purchase
    page_title = _("Purchases")
    header_icon = "tag"
    template_name = "wagtail_sms/admin/purchases/index.html"
    results_template_name = "wagtail_sms/admin/purchases/results.html"
    index_url_name = "wagtail_sms:purchases"
    index_results_url_name = "wagtail_sms:purchases_results"
    verbose_name_plural = _("purchases")
    paginate_by = 50
    columns = [
        DateColumn("created_at", label=_("When"), classname="wagtail-sms-once"),
        CauseColumn("what", label=_("What")),
        Column("price", label=_("Amount"), classname="wagtail-sms-number"),
        StateColumn("look", label=_("Payment")),
        UserColumn("created_by", label=_("Ordered by"), classname=f"{WIDE} wagtail-sms-once"),
        CauseColumn("receipt", label=_("Receipt"), classname=WIDE),
    ]

    def get_base_queryset(self):
        return purchases_of(self.site).select_related("created_by__wagtail_userprofile")

    def get_table(self, object_list):
        return super().get_table([described(purchase, view=self) for purchase in object_list])

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["buy_url"] = way_to_buy(self)
        return context

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, *credits_crumb(self), own]


class PurchasesResultsView(PurchasesView):
    results_only = True


def described(purchase: Purchase, *, view) -> Purchase:
    """The purchase with `what`, `price`, `look` and `receipt`, as lists show it."""
    title = ngettext("%(number)s credit", "%(number)s credits", purchase.credits) % {"number": f"{purchase.credits:,}"}
    receipt = view.address("receipt", purchase.uuid) if purchase.paid_at else ""
    purchase.what = Cause(title, view.address("purchase", purchase.uuid))
    purchase.price = money(purchase.amount_cents, purchase.currency)
    purchase.look = look_of(purchase)
    purchase.receipt = Cause(gettext("Receipt") if receipt else "", receipt)
    return purchase


urlpatterns = [
    path("sms/credits/purchases/", PurchasesView.as_view(), name="purchases"),
    path("sms/credits/purchases/results/", PurchasesResultsView.as_view(), name="purchases_results"),
]
