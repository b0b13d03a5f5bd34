"""Everybody of one message as a file: who, what became of it and why, and what it cost."""

from collections.abc import Iterator

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.log_actions import log

from wagtail_sms.admin.campaign import CampaignMixin
from wagtail_sms.admin.outcomes import look_of_state, why
from wagtail_sms.admin.table_files import LONGEST_WORKBOOK, ROWS_AT_ONCE, text_file, workbook
from wagtail_sms.admin.tabs import tab
from wagtail_sms.campaigns.models import Campaign, log_title
from wagtail_sms.campaigns.progress import state_of
from wagtail_sms.countries import country_name
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.delivery.settle import REFUNDABLE, TAKEN
from wagtail_sms.phone import mask
from wagtail_sms.states import DeliveryStatus
from wagtail_sms.subscribers.models import Subscriber


FIELDS = ("number", "country", "status", "reason", "credits")
FIELDS += ("batch__status", "batch__provider", "batch__finished_at", "batch__refunded_credits")
HEADINGS = (
    gettext_lazy("Number"),
    gettext_lazy("Country"),
    gettext_lazy("State"),
    gettext_lazy("Reason"),
    gettext_lazy("Credits charged"),
    gettext_lazy("Handed over"),
)
PAID = {"accepted", "sent", "delivered", "undelivered", "expired"}


class CampaignExportView(CampaignMixin, View):
    """Needs the right to see the message, and the one to export. A line in its history says who took it along."""

    permission = "export_subscriber"
    http_method_names = ["get"]

    def get(self, request, pk):
        if not self.may(*tab("history").rights):
            raise PermissionDenied
        campaign = self.get_campaign()
        people, full = deliveries(campaign), self.may("view_full_numbers_subscriber")
        as_workbook, count = request.GET.get("format") == "xlsx", people.count()
        if as_workbook and count > LONGEST_WORKBOOK:
            text = _("An XLSX file can hold %(limit)s people here. Download CSV instead.")
            messages.error(request, text % {"limit": f"{LONGEST_WORKBOOK:,}"})
            return self.lead_to("campaign", campaign.pk)
        data = {"people": count, "format": "xlsx" if as_workbook else "csv", "full": full}
        log(campaign, "wagtail_sms.export_campaign", user=request.user, title=log_title(campaign), data=data)
        make = workbook if as_workbook else text_file
        return make(rows(campaign, full=full), HEADINGS, name=f"message-{campaign.pk}")


def deliveries(campaign: Campaign):
    """Of everybody whose turn came, in the order of their keys. Who was deleted since has no number any more."""
    number = Subscriber.objects.filter(pk=OuterRef("subscriber_id"), site=campaign.site_id).values("number")[:1]
    return Delivery.objects.filter(campaign=campaign).annotate(number=Subquery(number)).order_by("subscriber_id")


def rows(campaign: Campaign, *, full: bool) -> Iterator[list]:
    """A row per person, read from the database a few thousand at a time."""
    found = deliveries(campaign).values_list(*FIELDS)
    for number, country, status, reason, credits, batch_status, provider, at, refunded in found.iterator(
        chunk_size=ROWS_AT_ONCE
    ):
        state = state_of(status, batch_status, reason)
        is_paid = state in PAID and not (refunded and status in REFUNDABLE)
        yield [
            _number(number, full=full),
            country_name(country),
            look_of_state(state).label,
            why(provider, status, reason),
            credits if is_paid else 0,
            at if status in HANDED else None,
        ]


HANDED = {DeliveryStatus.HANDED, DeliveryStatus.UNCERTAIN, DeliveryStatus.REJECTED, *TAKEN}


def _number(number: str | None, *, full: bool) -> str:
    if not number:
        return _("Deleted")
    return number if full else mask(number)


urlpatterns = [
    path("sms/history/<int:pk>/export/", CampaignExportView.as_view(), name="campaign_export"),
]
