"""One message that was sent: what became of it, and pausing, resuming and cancelling it."""

from datetime import timedelta

from django.forms import Media
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets import Button

from wagtail_sms.admin.columns import campaign_look
from wagtail_sms.admin.doubts import doubts_of
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.outcomes import countries, outcomes
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.admin.tabs import tab
from wagtail_sms.admin.timeline import timeline
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.progress import Progress, progress
from wagtail_sms.campaigns.steering import cancel, pause, resume
from wagtail_sms.exceptions import WagtailSMSError
from wagtail_sms.phone import display
from wagtail_sms.states import CampaignStatus


WHILE_SENDING, WHILE_REPORTS_COME = 2000, 10000  # milliseconds
REPORTS_COME_FOR = timedelta(hours=1)
PAUSABLE = (CampaignStatus.QUEUED, CampaignStatus.SENDING)


class CampaignMixin(SmsViewMixin):
    """A view of one launched campaign of the current site; a draft or another site's is a 404."""

    section = "history"

    def get_campaign(self) -> Campaign:
        launched = Campaign.objects.filter(site=self.site, launched_at__isnull=False)
        return get_object_or_404(
            launched.select_related("launched_by", "created_by", "reservation", "retry_of"), pk=self.kwargs["pk"]
        )

    def what_became_of(self, campaign: Campaign) -> dict:
        """The context of everything on the page that changes."""
        found = progress(campaign)
        return {
            "campaign": campaign,
            "look": campaign_look(campaign),
            "progress": found,
            "sender": display(campaign.sender),
            "given_back": found.credits_released + (campaign.reservation.refunded if campaign.reservation else 0),
            "handled": found.total - found.waiting - found.sending,
            "outcomes": outcomes(found),
            "countries": countries(found),
            "timeline": timeline(campaign),
            "poll_every": poll_every(campaign, found),
            "may_pause": self.may("send_campaign") and campaign.status in PAUSABLE,
            "may_resume": self.may("send_campaign") and campaign.status == CampaignStatus.PAUSED,
            "may_cancel": self.may("send_campaign") and not found.finished,
            "retryable": found.retryable if self.may("send_campaign") and found.finished else 0,
            "second_tries": list(campaign.retries.order_by("pk")),
            **doubts_of(campaign, found, user=self.request.user, now=timezone.now()),
        }


class CampaignView(CampaignMixin, WagtailAdminTemplateMixin, TemplateView):
    """The page; while the campaign runs, its figures follow by themselves."""

    template_name = "wagtail_sms/admin/campaign/page.html"
    stylesheets = ("sending.css",)
    page_title = _("Message")
    header_icon = "comment"

    @property
    def header_more_buttons(self):
        if not self.may("export_subscriber"):
            return []
        labels, address = {"xlsx": _("Download XLSX"), "csv": _("Download CSV")}, self.address
        return [
            Button(
                label,
                url=f"{address('campaign_export', self.kwargs['pk'])}&format={kind}",
                icon_name="download",
                priority=90 + place,
            )
            for place, (kind, label) in enumerate(labels.items())
        ]

    def get_context_data(self, **kwargs):
        self.campaign = self.get_campaign()
        context = super().get_context_data(**self.what_became_of(self.campaign), **kwargs)
        context["may_write"] = self.may(*tab("send").rights)
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/progress.js")])
        return context

    def get_breadcrumbs_items(self):
        *before, _own = super().get_breadcrumbs_items()
        history = {"url": reverse("wagtail_sms:history"), "label": _("History")}
        return [*before, history, {"url": "", "label": str(self.campaign)}]


class CampaignProgressView(CampaignMixin, View):
    """The parts of the page that change, for the polling script."""

    def get(self, request, pk):
        context = self.what_became_of(self.get_campaign())
        context |= {"sms_site": self.site, "sms_site_field": FORM_FIELD}
        return TemplateResponse(request, "wagtail_sms/admin/campaign/progress.html", context)


class SteerView(CampaignMixin, View):
    """POST runs `verb`, one of `campaigns.steering`."""

    permission = "send_campaign"
    http_method_names = ["post"]
    verb = None
    done = ""

    def post(self, request, pk):
        campaign = self.get_campaign()
        try:
            self.verb(campaign, by=request.user)
        except WagtailSMSError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, self.done)
        return self.lead_to("campaign", campaign.pk)


class PauseView(SteerView):
    verb = staticmethod(pause)
    done = _("The message is paused. Nobody else is texted until it is resumed.")


class ResumeView(SteerView):
    verb = staticmethod(resume)
    done = _("The message is being sent again.")


class CancelView(SteerView, WagtailAdminTemplateMixin, TemplateView):
    """GET asks first."""

    http_method_names = ["get", "head", "post"]
    verb = staticmethod(cancel)
    done = _("The message is cancelled. The credits of those who were not texted came back.")
    template_name = "wagtail_sms/admin/campaign/confirm_cancel.html"
    stylesheets = ("sending.css",)
    page_title = _("Cancel this message")
    header_icon = "cross"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**self.what_became_of(self.get_campaign()), **kwargs)


def poll_every(campaign: Campaign, found: Progress) -> int:
    """Milliseconds until the figures are worth another look; 0 when nothing changes by itself any more."""
    if not found.finished:
        return WHILE_SENDING
    expected = found.accepted + found.sent + found.uncertain
    fresh = campaign.finished_at and timezone.now() - campaign.finished_at < REPORTS_COME_FOR
    return WHILE_REPORTS_COME if expected and fresh else 0


urlpatterns = [
    path("sms/history/<int:pk>/", CampaignView.as_view(), name="campaign"),
    path("sms/history/<int:pk>/progress/", CampaignProgressView.as_view(), name="campaign_progress"),
    path("sms/history/<int:pk>/pause/", PauseView.as_view(), name="campaign_pause"),
    path("sms/history/<int:pk>/resume/", ResumeView.as_view(), name="campaign_resume"),
    path("sms/history/<int:pk>/cancel/", CancelView.as_view(), name="campaign_cancel"),
]
