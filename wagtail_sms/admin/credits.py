"""The Credits tab: what the site can spend, and every movement that made it so."""

from django import forms
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.columns import WIDE, StateColumn
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.movements import CauseColumn, MovementColumn, with_causes
from wagtail_sms.admin.stock import stock
from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Transfer
from wagtail_sms.delivery.models import Notice
from wagtail_sms.states import NoticeStatus, TransferKind


class CreditsFilterSet(WagtailFilterSet):
    kind = ChoiceFilter(
        label=_("Movement"), choices=TransferKind.choices, empty_label=_("All"), widget=forms.RadioSelect
    )

    class Meta:
        model = Transfer
        fields = []


class CreditsView(SmsViewMixin, BaseListingView):
    section = "credits"
    stylesheets = ("sending.css",)
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
    columns = [
        DateColumn("created_at", label=_("When"), classname="wagtail-sms-once"),
        StateColumn("kind", label=_("What"), accessor="look"),
        MovementColumn("amount", label=_("Credits")),
        Column("grant", label=_("Which credits"), accessor="which", classname=WIDE),
        CauseColumn("cause", label=_("Because of")),
    ]

    def get_base_queryset(self):
        return ledger.history(self.site).select_related("grant__wallet")

    def get_table(self, object_list):
        return super().get_table(with_causes(object_list, site=self.site))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["stock"] = stock(self.site)
        context["per_month"] = app_settings.FREE_CREDITS_PER_MONTH
        waiting = Notice.objects.filter(site=self.site, status=NoticeStatus.WAITING)
        context["texts_waiting"] = waiting.count()
        return context


class CreditsResultsView(CreditsView):
    results_only = True


urlpatterns = [
    path("sms/credits/", CreditsView.as_view(), name="credits"),
    path("sms/credits/results/", CreditsResultsView.as_view(), name="credits_results"),
]
