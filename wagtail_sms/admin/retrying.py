"""A second try for those whose phone could not be reached: what it costs, and the one button that sends."""

from uuid import uuid4

from django import forms
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.campaign import CampaignMixin
from wagtail_sms.admin.numbers import sender_number
from wagtail_sms.admin.quotes import differences, priced, question
from wagtail_sms.admin.shortfall import buy_url
from wagtail_sms.campaigns.quotes import seal, unseal
from wagtail_sms.campaigns.retrying import may_be_tried_again, offer, retry
from wagtail_sms.exceptions import InsufficientCredits, NobodyToText, QuoteChanged, WagtailSMSError


class RetryForm(forms.Form):
    """What the button confirms: the figures of the page, once."""

    quote = forms.CharField(max_length=100_000)
    form_token = forms.UUIDField()


class RetryView(CampaignMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET shows the figures, POST sends what they said or shows what is different now."""

    permission = "send_campaign"
    template_name = "wagtail_sms/admin/campaign/retry.html"
    stylesheets = ("sending.css",)
    page_title = _("Second try")
    header_icon = "redirect"

    def post(self, request, pk):
        form = RetryForm(request.POST)
        quote = unseal(form.cleaned_data["quote"], site=self.site) if form.is_valid() else None
        if quote is None:
            return self.get(request, pk=pk)
        try:
            second = retry(
                self.get_campaign(), quote=quote, form_token=form.cleaned_data["form_token"], by=request.user
            )
        except QuoteChanged as changed:
            return self.render_to_response(self.get_context_data(changed=changed, pk=pk))
        except (InsufficientCredits, NobodyToText):
            return self.get(request, pk=pk)
        except WagtailSMSError as error:
            messages.error(request, error.message)
            return self.get(request, pk=pk)
        sending = ngettext(
            "Your message is being sent again to %(count)s person.",
            "Your message is being sent again to %(count)s people.",
            second.recipients,
        )
        messages.success(request, sending % {"count": f"{second.recipients:,}"})
        return self.lead_to("campaign", second.pk)

    def get_context_data(self, *, changed: QuoteChanged | None = None, **kwargs):
        campaign = self.get_campaign()
        found = offer(campaign)
        quote = found.quote
        return super().get_context_data(
            campaign=campaign,
            is_over=may_be_tried_again(campaign),
            quote=priced(quote),
            left=found.left,
            question=question(quote),
            number=sender_number(self.site),
            sealed=seal(quote, site=self.site),
            form_token=uuid4(),
            changed=changed,
            differences=differences(changed) if changed else (),
            buy_url=buy_url(self, needed=quote.shortfall, return_to=self.request.get_full_path())
            if quote.shortfall
            else "",
            **kwargs,
        )


urlpatterns = [
    path("sms/history/<int:pk>/second-try/", RetryView.as_view(), name="campaign_retry"),
]
