"""Sending later: the time is asked for where the cost is confirmed, and the message can be taken back until then."""

from datetime import datetime

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import sender_number
from wagtail_sms.admin.quotes import priced
from wagtail_sms.campaigns.launch import same_text_sent_lately
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.quotes import restored, unseal
from wagtail_sms.campaigns.schedules import schedule, unschedule
from wagtail_sms.exceptions import DraftChanged, IllegalTransition, MessageRefused, QuoteChanged, WagtailSMSError
from wagtail_sms.states import CampaignStatus


class ScheduleForm(forms.Form):
    """When to send, in the time zone of the user."""

    send_at = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": gettext_lazy("Choose a date and a time."),
            "invalid": gettext_lazy("Choose a date and a time."),
        },
    )


class ScheduleMixin:
    """What the Send view does when the button says later."""

    def schedule(self, form):
        """Keep the confirmed message for its time, or say at the field why not."""
        data, when = form.cleaned_data, ScheduleForm(self.request.POST)
        quote = unseal(data["quote"], site=self.site)
        if quote is None or not when.is_valid():
            return self.review(form, when=when)
        repeat = same_text_sent_lately(self.site, body=data["body"], now=timezone.now())
        if repeat and repeat.pk != data["repeat_of"]:
            return self.review(form, when=when)
        at = when.cleaned_data["send_at"]
        try:
            campaign = schedule(self.keep(form), at=at, quote=quote, repeat_of=repeat, by=self.request.user)
        except DraftChanged as theirs:
            return self.settle_conflict(form, theirs.campaign)
        except QuoteChanged as changed:
            return self.review(form, changed=changed, when=when)
        except MessageRefused as refused:
            when.add_error("send_at", str(refused.message))
            return self.review(form, when=when)
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            return self.write(form)
        messages.success(self.request, _("The message will be sent on %(when)s.") % {"when": in_words(at)})
        return self.lead_to("scheduled", campaign.pk)


class ScheduledMixin(SmsViewMixin):
    """A view of one scheduled message of the site."""

    section = "send"

    def get_campaign(self) -> Campaign:
        return get_object_or_404(Campaign.objects.select_related("scheduled_by"), site=self.site, pk=self.kwargs["pk"])

    def elsewhere(self, campaign: Campaign):
        """Where a message is that isn't scheduled any more."""
        if campaign.launched_at:
            return self.lead_to("campaign", campaign.pk)
        return self.to_the_box(campaign)

    def to_the_box(self, campaign: Campaign):
        response = self.lead_to("send")
        response["Location"] += f"&draft={campaign.form_token}"
        return response


class ScheduledView(ScheduledMixin, WagtailAdminTemplateMixin, TemplateView):
    """The message, its time, what was confirmed, and the way back."""

    stylesheets = ("sending.css", "composer.css")
    template_name = "wagtail_sms/admin/send/scheduled.html"
    page_title = gettext_lazy("Scheduled message")
    header_icon = "calendar"

    def get(self, request, *args, **kwargs):
        self.campaign = self.get_campaign()
        if self.campaign.status != CampaignStatus.SCHEDULED:
            return self.elsewhere(self.campaign)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        quote = restored(self.campaign.confirmed)
        return super().get_context_data(
            campaign=self.campaign,
            at=in_words(self.campaign.send_at),
            number=sender_number(self.site),
            quote=priced(quote) if quote else None,
            may_send=self.may("send_campaign"),
            **kwargs,
        )

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, {"url": reverse("wagtail_sms:drafts"), "label": _("Drafts")}, own]


class UnscheduleView(ScheduledMixin, View):
    permission = "send_campaign"
    http_method_names = ["post"]

    def post(self, request, pk):
        campaign = self.get_campaign()
        try:
            unschedule(campaign, by=request.user)
        except IllegalTransition:
            messages.warning(request, _("It was too late: the message is not scheduled any more."))
            campaign.refresh_from_db()
            return self.elsewhere(campaign)
        messages.success(request, _("The message will not be sent. It is a draft again."))
        return self.to_the_box(campaign)


def in_words(at: datetime) -> str:
    """A moment with its time zone: the zone's name alone doesn't say which hour it is there."""
    return _("%(when)s (%(zone)s)") % {
        "when": date_format(timezone.localtime(at), "l j F Y, H:i"),
        "zone": zone_of(at),
    }


def zone_of(at: datetime) -> str:
    """The user's time zone at this moment, such as "Europe/Berlin, UTC+01:00"."""
    offset = timezone.localtime(at).strftime("%z")
    name = timezone.get_current_timezone_name()
    return name if name == "UTC" else f"{name}, UTC{offset[:3]}:{offset[3:]}"


urlpatterns = [
    path("sms/send/scheduled/<int:pk>/", ScheduledView.as_view(), name="scheduled"),
    path("sms/send/scheduled/<int:pk>/take-back/", UnscheduleView.as_view(), name="unschedule"),
]
