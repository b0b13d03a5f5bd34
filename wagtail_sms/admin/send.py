"""The Send tab: write, see the cost, confirm, send. One address, three steps; only the last one sends."""

from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import sender_number
from wagtail_sms.admin.quotes import priced, question
from wagtail_sms.admin.repeats import of_this_form, token_for
from wagtail_sms.admin.stock import stock
from wagtail_sms.admin.writing import MessageForm, describe
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.launch import compose, launch, same_text_sent_lately
from wagtail_sms.exceptions import (
    AlreadySent,
    InsufficientCredits,
    NobodyToText,
    NoSenderNumber,
    QuoteChanged,
    WagtailSMSError,
)
from wagtail_sms.senders.provisioning import sender_for


class SendView(SmsViewMixin, WagtailAdminTemplateMixin, View):
    """GET shows the box. POST goes on to the confirmation, back to the box, or sends, by the button pressed."""

    section = "send"
    stylesheets = ("sending.css",)
    page_title = gettext_lazy("Send")
    header_icon = "mail"

    def get(self, request):
        return self.write(MessageForm())

    def post(self, request):
        if "action-estimate" in request.POST or "action-back" in request.POST:
            return self.write(MessageForm(initial={"body": request.POST.get("body", "")}))
        if not self.may_send:
            raise PermissionDenied
        form = MessageForm(request.POST)
        if not form.is_valid():
            return self.write(form)
        data = form.cleaned_data
        sent = of_this_form(self.site, token=data["form_token"])
        if sent and sent.body == data["body"]:
            return self.nothing_twice(sent)
        data["form_token"] = token_for(self.site, token=data["form_token"])
        if "action-send" in request.POST and data["form_token"]:
            return self.launch(form)
        return self.review(form)

    @property
    def may_send(self) -> bool:
        return self.may("send_campaign")

    @property
    def token(self) -> str:
        """The once-only name of this form, kept while the same message goes back and forth."""
        form = MessageForm(self.request.POST)
        form.is_valid()
        return str(form.cleaned_data.get("form_token") or uuid4())

    def write(self, form):
        """Show the box, with whatever was in it."""
        body = form["body"].value() or ""
        context = {
            "form": form,
            "form_token": self.token,
            "stock": stock(self.site),
            "sender": sender_for(self.site),
            "may_send": self.may_send,
            "has_unsaved_changes": bool(body.strip()),
            "action_url": reverse("wagtail_sms:send"),
            **what_it_costs(self.site, body),
        }
        return self.render("wagtail_sms/admin/send/write.html", context)

    def review(self, form, *, changed: QuoteChanged | None = None):
        """Show the figures once more, with the button that sends."""
        body = form.cleaned_data["body"]
        quote = changed.current if changed else estimate(self.site, body=body)
        try:
            self.check(quote)
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            return self.write(form)
        context = {
            "body": body,
            "form_token": form.cleaned_data["form_token"] or uuid4(),
            "question": question(quote),
            "quote": priced(quote),
            "number": sender_number(self.site),
            "changed": changed,
            "repeat": same_text_sent_lately(self.site, body=body, now=timezone.now()),
        }
        return self.render("wagtail_sms/admin/send/review.html", context)

    def check(self, quote) -> None:
        """Refuse before anything is written down what the launch would refuse anyway."""
        if not quote.recipients:
            raise NobodyToText()
        if sender_for(self.site) is None:
            raise NoSenderNumber()
        if quote.shortfall:
            raise InsufficientCredits(needed=quote.credits, available=quote.available)

    def launch(self, form):
        """Send, unless the same text left through another tab since the figures were shown."""
        data, user = form.cleaned_data, self.request.user
        repeat = same_text_sent_lately(self.site, body=data["body"], now=timezone.now())
        if repeat and repeat.pk != data["repeat_of"]:
            return self.nothing_twice(repeat)
        try:
            campaign = compose(self.site, body=data["body"], form_token=data["form_token"], by=user)
            campaign = launch(campaign, confirmed_credits=data["confirmed"] or 0, repeat_of=repeat, by=user)
        except AlreadySent as sent:
            return self.nothing_twice(sent.campaign)
        except QuoteChanged as changed:
            return self.review(form, changed=changed)
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            return self.write(form)
        sending = ngettext(
            "Your message is being sent to %(count)s person.",
            "Your message is being sent to %(count)s people.",
            campaign.recipients,
        )
        messages.success(self.request, sending % {"count": f"{campaign.recipients:,}"})
        return self.lead_to("campaign", campaign.pk)

    def nothing_twice(self, campaign):
        """A second click, a second tab or a replayed form ends at the message it already sent."""
        messages.warning(self.request, _("This message was already sent. Nothing was sent a second time."))
        return self.lead_to("campaign", campaign.pk)

    def render(self, template_name: str, context: dict):
        return TemplateResponse(self.request, template_name, self.get_context_data(**context))


class EstimateView(SmsViewMixin, View):
    """What the text in the box would cost: the fragment that follows the typing. Writes nothing."""

    section = "send"
    http_method_names = ["post"]

    def post(self, request):
        body = request.POST.get("body", "")
        return render(request, "wagtail_sms/admin/send/estimate.html", what_it_costs(self.site, body))


def what_it_costs(site, body: str) -> dict:
    """The template context of the estimate fragment."""
    return {
        "writing": describe(body),
        "quote": priced(estimate(site, body=body)),
        "credits_url": reverse("wagtail_sms:credits"),
    }


urlpatterns = [
    path("sms/send/", SendView.as_view(), name="send"),
    path("sms/send/estimate/", EstimateView.as_view(), name="estimate"),
]
