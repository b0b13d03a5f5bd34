"""The History tab: the messages of a site that were sent, newest first."""

from django import forms
from django.db.models import Q, Sum
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import DateColumn, TitleColumn, UserColumn
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.columns import WIDE, NumberColumn, StateColumn, campaign_look
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.tabs import tab
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.models import Batch
from wagtail_sms.states import RUNNING_CAMPAIGNS, BatchStatus, CampaignStatus


SHOWN = [choice for choice in CampaignStatus.choices if choice[0] not in ("draft", "scheduled")]


class HistoryFilterSet(WagtailFilterSet):
    status = ChoiceFilter(label=_("Status"), choices=SHOWN, empty_label=_("All"), widget=forms.RadioSelect)

    class Meta:
        model = Campaign
        fields = []


class HistoryView(SmsViewMixin, BaseListingView):
    """Drafts are no history: they are left out."""

    section = "history"
    stylesheets = ("sending.css",)
    model = Campaign
    page_title = _("History")
    header_icon = "history"
    template_name = "wagtail_sms/admin/history/index.html"
    results_template_name = "wagtail_sms/admin/history/results.html"
    index_url_name = "wagtail_sms:history"
    index_results_url_name = "wagtail_sms:history_results"
    verbose_name_plural = _("messages")
    is_searchable = True
    search_fields = ["body"]
    filterset_class = HistoryFilterSet
    default_ordering = "-launched_at"
    paginate_by = 50
    columns = [
        TitleColumn("body", label=_("Message"), accessor=str, url_name="wagtail_sms:campaign"),
        StateColumn("status", label=_("Status"), accessor=campaign_look, sort_key="status"),
        NumberColumn("recipients", label=_("Recipients"), sort_key="recipients", classname=WIDE),
        NumberColumn("charged", label=_("Credits charged"), sort_key="reservation__captured", classname=WIDE),
        DateColumn("launched_at", label=_("Sent"), sort_key="launched_at", classname="wagtail-sms-once"),
        UserColumn("launched_by", label=_("By"), classname=f"{WIDE} wagtail-sms-once"),
    ]

    def get_base_queryset(self):
        launched = Campaign.objects.filter(site=self.site, launched_at__isnull=False)
        return launched.select_related("launched_by__wagtail_userprofile", "reservation")

    def get_table(self, object_list):
        return super().get_table(with_figures(list(object_list)))

    def get_context_data(self, **kwargs):
        return super().get_context_data(may_write=self.may(*tab("send").rights), **kwargs)


class HistoryResultsView(HistoryView):
    results_only = True


def with_figures(campaigns: list[Campaign]) -> list[Campaign]:
    """Add each campaign's charge, and how far the running ones are: one query for all of them."""
    running = handled_by_campaign([campaign.pk for campaign in campaigns if campaign.status in RUNNING_CAMPAIGNS])
    for campaign in campaigns:
        reservation = campaign.reservation
        campaign.charged = reservation.captured - reservation.refunded if reservation else 0
        campaign.is_running = campaign.status in RUNNING_CAMPAIGNS
        campaign.handled = running.get(campaign.pk, 0)
    return campaigns


def handled_by_campaign(campaign_ids: list[int]) -> dict[int, int]:
    """`{campaign: people of batches that are finished}`."""
    over = Q(status__in=(BatchStatus.DONE, BatchStatus.UNCERTAIN, BatchStatus.CANCELLED))
    batches = Batch.objects.filter(over, campaign__in=campaign_ids).order_by()
    return dict(batches.values_list("campaign").annotate(people=Sum("recipients")))


urlpatterns = [
    path("sms/history/", HistoryView.as_view(), name="history"),
    path("sms/history/results/", HistoryResultsView.as_view(), name="history_results"),
]
