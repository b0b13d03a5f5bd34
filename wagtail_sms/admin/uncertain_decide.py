"""Settings > Uncertain SMS, one decision: what it does is shown before, and it is asked why."""

from django import forms
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.models import Site

from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.uncertain import UncertainMixin, campaign_name, campaign_url, verdict_or_404
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.decisions import LONGEST_REASON, decide, decide_notices
from wagtail_sms.delivery.doubt import Both, Doubt, in_doubt, uncertain_batches, uncertain_notices
from wagtail_sms.delivery.models import Batch, Decision
from wagtail_sms.exceptions import DecisionRefused, DoubtChanged
from wagtail_sms.states import NoticePurpose, Verdict


REQUESTS_SHOWN = 20


class DecideForm(forms.Form):
    """Why, and the figures that the person sees: nothing else is decided."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy(
            "For instance what the provider's support said. The site's editors see it, and it stays in the history."
        ),
    )
    people = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    credits = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class DecideView(UncertainMixin, WagtailAdminTemplateMixin, View):
    """GET shows what the decision does, POST decides. What was decided meanwhile is not decided again."""

    template_name = "wagtail_sms/admin/uncertain/decide.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.verdict = verdict_or_404(kwargs["verdict"])
        self.find(**kwargs)

    def get(self, request, **kwargs):
        return self.show()

    def post(self, request, **kwargs):
        form = DecideForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        seen = form.cleaned_data["people"], form.cleaned_data["credits"]
        try:
            decision = self.decide(verdict=self.verdict, reason=form.cleaned_data["reason"], by=request.user, seen=seen)
        except DoubtChanged as error:
            messages.warning(request, str(error.message))
            return self.show(initial={"reason": form.cleaned_data["reason"]})
        except DecisionRefused as error:
            form.add_error("reason", str(error.message))
            return self.show(form)
        if decision:
            messages.success(request, told(decision))
        else:
            messages.warning(request, _("Nothing waits for a decision here any more. Nothing was changed."))
        return redirect(self.way_back)

    def show(self, form: DecideForm | None = None, *, initial: dict | None = None):
        doubt = self.doubt()
        if doubt and (form is None or not form.is_bound):
            people, credits = doubt.figures
            form = DecideForm(initial={**(initial or {}), "people": people, "credits": credits})
        context = {
            "doubt": doubt,
            "form": form,
            "verdict": self.verdict,
            "is_sent": self.verdict == Verdict.SENT,
            "site_name": site_label(self.site),
            "name": self.name,
            "way_back": self.way_back,
            "requests": self.requests(doubt) if doubt else [],
            "not_shown": max(0, len(doubt.rows) - REQUESTS_SHOWN) if doubt else 0,
        }
        return self.render_to_response(self.get_context_data(**context))

    def get_page_title(self):
        return self.verdict.label

    # The holes

    def find(self, **kwargs) -> None:
        """Set `site`, `name` and `way_back`."""
        raise NotImplementedError

    def doubt(self) -> Doubt | None:
        """What waits for the decision now."""
        raise NotImplementedError

    def decide(self, **decision) -> Decision | None:
        raise NotImplementedError

    def requests(self, doubt: Doubt) -> list[dict]:
        """The requests whose answer was lost, to be found in the provider's account; the first of them."""
        return [{"row": row, "people": 1, "credits": row.credits} for row in doubt.rows[:REQUESTS_SHOWN]]


class DecideCampaignView(DecideView):
    """All that is uncertain of one message."""

    batch: Batch | None = None

    def find(self, pk: int, **kwargs) -> None:
        launched = Campaign.objects.filter(launched_at__isnull=False).select_related("site", "reservation")
        self.campaign = get_object_or_404(launched, pk=pk)
        self.site, self.name = self.campaign.site, campaign_name(self.campaign)
        self.way_back = campaign_url(self.request.user, self.campaign) or reverse("wagtail_sms:uncertain")

    def doubt(self) -> Doubt | None:
        which = {"pk": self.batch.pk} if self.batch else {}
        return Both.of(uncertain_batches(campaign=self.campaign, **which), now=timezone.now()).to_decide

    def decide(self, **decision) -> Decision | None:
        return decide(self.campaign, batch=self.batch, **decision)

    def requests(self, doubt: Doubt) -> list[dict]:
        shown = doubt.rows[:REQUESTS_SHOWN]
        figures = in_doubt([row.pk for row in shown])
        several = len(doubt.rows) > 1
        return [
            {
                "row": row,
                "people": figures[row.pk][0],
                "credits": figures[row.pk][1],
                "url": reverse("wagtail_sms:decide_batch", args=[row.pk, self.verdict]) if several else "",
            }
            for row in shown
            if row.pk in figures
        ]


class DecideBatchView(DecideCampaignView):
    """One request of a message."""

    def find(self, pk: int, **kwargs) -> None:
        self.batch = get_object_or_404(Batch, pk=pk)
        super().find(self.batch.campaign_id)


class DecideNoticesView(DecideView):
    """The texts of one site to single people for one purpose."""

    def find(self, site: int, purpose: str, **kwargs) -> None:
        if purpose not in NoticePurpose:
            raise Http404
        self.site, self.purpose = get_object_or_404(Site, pk=site), NoticePurpose(purpose)
        self.name, self.way_back = self.purpose.label, reverse("wagtail_sms:uncertain")

    def doubt(self) -> Doubt | None:
        return Both.of(uncertain_notices(site=self.site, purpose=self.purpose), now=timezone.now()).to_decide

    def decide(self, **decision) -> Decision | None:
        return decide_notices(self.site, purpose=self.purpose, **decision)


def told(decision: Decision) -> str:
    """What was done, for the message on top of the next page."""
    sent = ngettext("%(people)s text counts as sent.", "%(people)s texts count as sent.", decision.people)
    spent = ngettext("%(credits)s credit was spent.", "%(credits)s credits were spent.", decision.credits)
    if decision.verdict == Verdict.NOT_SENT:
        sent = ngettext("%(people)s text counts as not sent.", "%(people)s texts count as not sent.", decision.people)
        spent = ngettext("%(credits)s credit came back.", "%(credits)s credits came back.", decision.credits)
    return f"{sent} {spent}" % {"people": f"{decision.people:,}", "credits": f"{decision.credits:,}"}


urlpatterns = [
    path("sms/uncertain/messages/<int:pk>/<str:verdict>/", DecideCampaignView.as_view(), name="decide_campaign"),
    path("sms/uncertain/requests/<int:pk>/<str:verdict>/", DecideBatchView.as_view(), name="decide_batch"),
    path(
        "sms/uncertain/texts/<int:site>/<str:purpose>/<str:verdict>/",
        DecideNoticesView.as_view(),
        name="decide_notices",
    ),
]
