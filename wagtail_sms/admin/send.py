"""The Send tab: write, see the cost, confirm, send. One address, three steps; only the last one sends."""

from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from wagtail.admin import messages

from wagtail_sms.admin.composing import ComposerMixin, what_it_costs
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import sender_number
from wagtail_sms.admin.quotes import differences, priced, question
from wagtail_sms.admin.repeats import begun_with, of_this_form, token_for, written_with
from wagtail_sms.admin.scheduling import ScheduleForm, ScheduleMixin, zone_of
from wagtail_sms.admin.shortfall import ways_on
from wagtail_sms.admin.writing import MessageForm
from wagtail_sms.campaigns.estimate import check_ending, estimate, estimate_within_credits
from wagtail_sms.campaigns.launch import compose, launch, same_text_sent_lately
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.quotes import Quote, seal, unseal
from wagtail_sms.exceptions import (
    AlreadySent,
    DraftChanged,
    InsufficientCredits,
    NobodyToText,
    NoSenderNumber,
    QuoteChanged,
    WagtailSMSError,
)
from wagtail_sms.gsm_safe import gsm_safe
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import CampaignStatus


# Buttons that ask for nothing but the box again.
BACK_TO_THE_BOX = {"action-estimate", "action-back", "action-replace", "action-undo"}


class SendView(ScheduleMixin, ComposerMixin, View):
    """GET shows the box. POST goes on to the confirmation, back to the box, or sends, by the button pressed."""

    def get(self, request):
        if "draft" in request.GET:
            return self.go_on_with(written_with(self.site, token=request.GET["draft"]))
        beginning, problem = begun_with(self.site, request.GET)
        if problem:
            messages.warning(request, problem)
        return self.write(MessageForm(initial={"body": beginning}))

    def go_on_with(self, draft: Campaign | None):
        if draft is None:
            messages.warning(self.request, _("This draft is not there any more."))
            return self.write(MessageForm())
        if draft.status != CampaignStatus.DRAFT:
            return self.nothing_twice(draft)
        self.revision = draft.revision
        return self.write(MessageForm(initial={"body": draft.body}), token=draft.form_token, draft=draft)

    def post(self, request):
        if not BACK_TO_THE_BOX.isdisjoint(request.POST):
            return self.write(MessageForm(initial=self.in_the_box()))
        if not self.may_send:
            raise PermissionDenied
        form = MessageForm(request.POST)
        if not form.is_valid():
            return self.write(form)
        data = form.cleaned_data
        # In this order: a click that sends in between takes the token away, and is then found.
        token = token_for(self.site, token=data["form_token"])
        sent = of_this_form(self.site, token=data["form_token"])
        if sent and sent.body == data["body"]:
            return self.nothing_twice(sent)
        data["form_token"] = token
        if "action-send" in request.POST and data["form_token"]:
            return self.launch(form)
        if "action-schedule" in request.POST:
            return self.schedule(form)
        return self.review(form)

    def in_the_box(self) -> dict[str, str]:
        """The text, made plain or back again if that is what was asked for by a button."""
        body, before = self.request.POST.get("body", ""), self.request.POST.get("before", "")
        if "action-replace" in self.request.POST:
            return {"body": gsm_safe(body).text, "before": body}
        if "action-undo" in self.request.POST:
            return {"body": before}
        return {"body": body, "before": before}

    def review(self, form, *, changed: QuoteChanged | None = None, when: ScheduleForm | None = None):
        """Show the figures once more, with the button that sends."""
        body = form.cleaned_data["body"]
        quote = changed.current if changed else estimate(self.site, body=body)
        if quote.shortfall and "action-reach" in self.request.POST:
            quote = estimate_within_credits(self.site, body=body, quote=quote)
        try:
            self.check(quote)
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            return self.write(form)
        if quote.shortfall:
            return self.too_dear(form, quote, changed=changed)
        context = {
            **self.asked(form, quote, changed=changed),
            "question": question(quote),
            "when": when or ScheduleForm(),
            "is_later": when is not None or "action-later" in self.request.POST,
            "zone": zone_of(timezone.now()),
            "sealed": seal(quote, site=self.site),
            "repeat": same_text_sent_lately(self.site, body=body, now=timezone.now()),
        }
        return self.render("wagtail_sms/admin/send/review.html", context)

    def too_dear(self, form, quote: Quote, *, changed: QuoteChanged | None):
        """Say what is missing and show the ways on. The message is kept as a draft, to come back to after buying."""
        try:
            draft = self.keep(form)
        except DraftChanged as theirs:
            return self.settle_conflict(form, theirs.campaign)
        context = {**self.asked(form, quote, changed=changed), **ways_on(self, quote, draft)}
        return self.render("wagtail_sms/admin/send/too_dear.html", context)

    def keep(self, form) -> Campaign:
        """The message as a draft, before anything else is done with it."""
        data = form.cleaned_data
        data["form_token"] = data["form_token"] or uuid4()
        kept = {"body": data["body"], "form_token": data["form_token"]}
        draft = compose(self.site, **kept, revision=self.revision, by=self.request.user)
        self.revision = draft.revision
        return draft

    def asked(self, form, quote: Quote, *, changed: QuoteChanged | None) -> dict:
        """What the two pages that come after writing have in common."""
        return {
            "body": form.cleaned_data["body"],
            "form_token": form.cleaned_data["form_token"] or uuid4(),
            "revision": self.revision or 0,
            "quote": priced(quote),
            "number": sender_number(self.site),
            "changed": changed,
            "differences": differences(changed) if changed else (),
        }

    def check(self, quote: Quote) -> None:
        """Refuse before anything is written down what the launch would refuse anyway."""
        if not quote.recipients:
            raise NobodyToText()
        if sender_for(self.site) is None:
            raise NoSenderNumber()
        check_ending(quote)

    def launch(self, form):
        """Send, unless the same text left through another tab since the figures were shown."""
        data, user = form.cleaned_data, self.request.user
        quote = unseal(data["quote"], site=self.site)
        if quote is None:
            return self.review(form)
        repeat = same_text_sent_lately(self.site, body=data["body"], now=timezone.now())
        if repeat and repeat.pk != data["repeat_of"]:
            return self.nothing_twice(repeat)
        try:
            campaign = launch(self.keep(form), quote=quote, repeat_of=repeat, by=user)
        except AlreadySent as sent:
            return self.nothing_twice(sent.campaign)
        except DraftChanged as theirs:
            return self.settle_conflict(form, theirs.campaign)
        except QuoteChanged as changed:
            return self.review(form, changed=changed)
        except InsufficientCredits:
            return self.review(form)
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
        if campaign.status == CampaignStatus.SCHEDULED:
            return self.lead_to("scheduled", campaign.pk)
        messages.warning(self.request, _("This message was already sent. Nothing was sent a second time."))
        return self.lead_to("campaign", campaign.pk)


class EstimateView(SmsViewMixin, View):
    """What the text in the box would cost: the fragment that follows the typing. Writes nothing."""

    section = "send"
    http_method_names = ["post"]

    def post(self, request):
        body, before = request.POST.get("body", ""), request.POST.get("before", "")
        return render(request, "wagtail_sms/admin/send/estimate.html", what_it_costs(self.site, body, before=before))


urlpatterns = [
    path("sms/send/", SendView.as_view(), name="send"),
    path("sms/send/estimate/", EstimateView.as_view(), name="estimate"),
]
