"""The Credits tab: what the site can spend, and every movement that made it so."""

from django import forms
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.buy import way_to_buy
from wagtail_sms.admin.columns import WIDE, Look, StateColumn
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.movements import CauseColumn, MovementColumn, with_causes
from wagtail_sms.admin.purchase_list import described, purchases_of
from wagtail_sms.admin.stock import stock
from wagtail_sms.admin.tabs import tab
from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger, low, purchases
from wagtail_sms.credits.models import Transfer
from wagtail_sms.delivery.models import Notice
from wagtail_sms.states import NoticeStatus, TransferKind


# The ledger knows one way out of a wallet without a message: a date that has come, or somebody's decision.
TAKEN = Look("minus", _("Taken back"), "bad")
KINDS = {**dict(TransferKind.choices), TransferKind.EXPIRE.value: _("Expired or taken back")}
NO_THRESHOLD = _("Enter a whole number from 0, or nothing. The warning was not changed.")


class CreditsFilterSet(WagtailFilterSet):
    kind = ChoiceFilter(
        label=_("Movement"), choices=list(KINDS.items()), empty_label=_("All"), widget=forms.RadioSelect
    )

    class Meta:
        model = Transfer
        fields = []


class MovementsPaginator(WagtailPaginator):
    verbose_name = _("movement")
    verbose_name_plural = _("movements")


class ThresholdForm(forms.Form):
    threshold = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=low.HIGHEST_THRESHOLD,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), NO_THRESHOLD),
        widget=forms.NumberInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "off",
                "aria-describedby": "wagtail-sms-threshold-error wagtail-sms-threshold-help",
            }
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["threshold"].widget.attrs["placeholder"] = app_settings.LOW_CREDITS


class CreditsView(SmsViewMixin, BaseListingView):
    section = "credits"
    stylesheets = ("sending.css", "money.css")
    model = Transfer
    page_title = _("Credits")
    header_icon = "tag"
    template_name = "wagtail_sms/admin/credits/index.html"
    results_template_name = "wagtail_sms/admin/credits/results.html"
    index_url_name = "wagtail_sms:credits"
    index_results_url_name = "wagtail_sms:credits_results"
    verbose_name_plural = _("movements")
    filterset_class = CreditsFilterSet
    paginate_by = 50
    paginator_class = MovementsPaginator
    columns = [
        DateColumn("created_at", label=_("When"), classname="wagtail-sms-once"),
        StateColumn("kind", label=_("What"), accessor="look", classname="wagtail-sms-kind"),
        MovementColumn("amount", label=_("Credits")),
        Column("grant", label=_("Which credits"), accessor="which", classname=f"{WIDE} wagtail-sms-once"),
        CauseColumn("cause", label=_("Because of"), classname="wagtail-sms-reason"),
    ]

    def get_base_queryset(self):
        return ledger.history(self.site).select_related("grant__wallet")

    def get_table(self, object_list):
        movements = with_causes(object_list, site=self.site, may_open=self.may(*tab("history").rights))
        for movement in movements:
            # What lapses by itself has no note; what somebody took, or a payment that went back, says why.
            if movement.kind == TransferKind.EXPIRE and movement.note:
                movement.look = TAKEN
        return super().get_table(movements)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        waiting = Notice.objects.filter(site=self.site, status=NoticeStatus.WAITING)
        latest = purchases_of(self.site).first()
        context |= {
            "stock": stock(self.site),
            "per_month": app_settings.FREE_CREDITS_PER_MONTH,
            "texts_waiting": waiting.count(),
            "may_buy": purchases.may_buy(),
            "buy_url": way_to_buy(self),
            "prices_url": self.address("prices"),
            "spending_url": self.address("spending"),
            "purchases_url": self.address("purchases"),
            "latest_purchase": described(latest, view=self) if latest else None,
            "threshold_form": self.threshold_form() if self.may("buy_credits") else None,
            "usual_threshold": app_settings.LOW_CREDITS,
        }
        return context

    def threshold_form(self) -> ThresholdForm:
        return ThresholdForm(initial={"threshold": ledger.wallet_for(self.site).low_threshold})


class CreditsResultsView(CreditsView):
    results_only = True


class ThresholdView(CreditsView):
    """From when on the site is warned that its credits run low. What is wrong is said in the form, on the tab."""

    permission = "buy_credits"

    def get(self, request):
        return self.lead_to("credits") if self.may("view_wallet") else self.lead_to("buy_credits")

    def post(self, request):
        self.form = ThresholdForm(request.POST)
        if self.form.is_valid():
            low.set_threshold(self.site, threshold=self.form.cleaned_data["threshold"], by=request.user)
            messages.success(request, told(stock(self.site)["threshold"]))
        elif self.may("view_wallet"):
            return super().get(request)
        else:
            messages.error(request, NO_THRESHOLD)
        return self.get(request)

    def threshold_form(self) -> ThresholdForm:
        return self.form


def told(threshold: int) -> str:
    if not threshold:
        return gettext("This site is not warned any more when credits run low.")
    sentence = gettext("This site is warned when fewer than %(number)s credits are left.")
    return sentence % {"number": f"{threshold:,}"}


urlpatterns = [
    path("sms/credits/", CreditsView.as_view(), name="credits"),
    path("sms/credits/results/", CreditsResultsView.as_view(), name="credits_results"),
    path("sms/credits/threshold/", ThresholdView.as_view(), name="credits_threshold"),
]
