"""Credits > Buy credits: choose a pack, see the total, go to the payment company's page."""

from uuid import uuid4, uuid5

from django.db.transaction import non_atomic_requests
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.buy_form import LARGEST_NEED, BuyForm
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.packs import Choice, covering, value_of
from wagtail_sms.admin.stock import stock
from wagtail_sms.credits import purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.credits.purchases import OPEN
from wagtail_sms.exceptions import PaymentUnavailable, WagtailSMSError


@method_decorator(non_atomic_requests, name="dispatch")
class BuyView(SmsViewMixin, WagtailAdminTemplateMixin, View):
    """GET shows the packs. POST orders and leads to the payment; nothing is charged here."""

    section = "credits"
    permission = "buy_credits"
    stylesheets = ("sending.css", "money.css")
    template_name = "wagtail_sms/admin/buy/buy.html"
    page_title = gettext_lazy("Buy credits")
    header_icon = "tag"

    def dispatch(self, request, *args, **kwargs):
        if not purchases.may_buy():
            messages.warning(request, _("Credits can't be bought here. Ask the operator for more credits."))
            return self.lead_to("credits") if self.may("view_wallet") else self.lead_to("index")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request):
        packs = purchases.packs()
        asked = BuyForm(request.GET, packs=packs)
        chosen, needed = asked.choice, asked.cleaned_data.get("needed")
        chosen = chosen or covering(packs, needed=needed or 1) or Choice(packs[0], 1)
        initial = {
            "pack": value_of(chosen.pack),
            "quantity": chosen.quantity,
            "form_token": uuid4(),
            "needed": needed,
            "return_to": asked.cleaned_data.get("return_to", ""),
        }
        return self.show(BuyForm(initial=initial, packs=packs))

    def post(self, request):
        form = BuyForm(request.POST, packs=purchases.packs())
        if "action-update" in request.POST or not form.is_valid():
            return self.show(form)
        try:
            purchase = self.order(form)
            if purchase.status not in OPEN:
                messages.warning(request, _("This form was already used for this purchase. Nothing was bought twice."))
                return self.lead_to("purchase", purchase.uuid)
            return HttpResponseRedirect(to_payment(self, purchase))
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            if not isinstance(error, PaymentUnavailable):
                form.use_anew()
            return self.show(form)

    def order(self, form: BuyForm) -> Purchase:
        """One purchase for one form and choice, however often the button is pressed."""
        data, choice = form.cleaned_data, form.choice
        name = f"{self.site.pk} {value_of(choice.pack)} {choice.quantity}"
        return purchases.order(
            self.site,
            pack=choice.pack,
            quantity=choice.quantity,
            by=self.request.user,
            return_to=data.get("return_to", ""),
            token=uuid5(data.get("form_token") or uuid4(), name),
        )

    def show(self, form: BuyForm):
        return self.render_to_response(self.get_context_data(form=form, **what_it_makes(self.site, form)))

    @property
    def switch_url(self) -> str:
        return reverse("wagtail_sms:buy_credits")

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, *credits_crumb(self), own]


class TotalView(SmsViewMixin, View):
    """The line with the total, for the choice that is being made. Writes nothing."""

    section = "credits"
    permission = "buy_credits"
    http_method_names = ["post"]

    def post(self, request):
        form = BuyForm(request.POST, packs=purchases.packs())
        wrong = next((errors[0] for errors in form.errors.values()), "")
        context = what_it_makes(self.site, form) | {"wrong": wrong}
        return render(request, "wagtail_sms/admin/buy/total.html", context)


def what_it_makes(site, form: BuyForm) -> dict:
    """The total and the balance afterwards, and whether that covers what a message needs."""
    now, choice = stock(site), form.choice
    needed = form["needed"].value()
    needed = int(needed) if str(needed or "").isdecimal() and len(str(needed)) <= len(str(LARGEST_NEED)) else 0
    return {
        "stock": now,
        "choice": choice,
        "balance_after": now["available"] + choice.credits if choice else None,
        "needed": needed,
        "still_missing": max(needed - choice.credits, 0) if choice else 0,
    }


def to_payment(view, purchase: Purchase) -> str:
    """Where the buyer pays. Both ways back lead to the purchase's own page."""
    page = view.request.build_absolute_uri(view.address("purchase", purchase.uuid))
    return purchases.start(purchase, success_url=page, cancel_url=f"{page}&left=1")


def way_to_buy(view) -> str:
    """The page to buy on; "" where nothing can be bought, or not by this user."""
    return view.address("buy_credits") if view.may("buy_credits") and purchases.may_buy() else ""


def credits_crumb(view) -> list[dict]:
    """The Credits tab as a step of the breadcrumbs, for those who may open it."""
    return [{"url": view.address("credits"), "label": _("Credits")}] if view.may("view_wallet") else []


urlpatterns = [
    path("sms/credits/buy/", BuyView.as_view(), name="buy_credits"),
    path("sms/credits/buy/total/", TotalView.as_view(), name="buy_total"),
]
