"""Importing a price list: choose a file, look at the difference, put it in force. Nothing is half imported."""

from decimal import Decimal

from django import forms
from django.core import signing
from django.core.signing import BadSignature
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.prices_changes import compared
from wagtail_sms.admin.prices_decisions import DecisionView, ReasonForm
from wagtail_sms.admin.prices_operator import OperatorPricesMixin
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import PriceFileRefused, PriceListRefused
from wagtail_sms.pricing import lists
from wagtail_sms.pricing.cards import current_card, publish
from wagtail_sms.pricing.price_file import read_file
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import PriceRow


SALT = "wagtail_sms.price_upload"
PROBLEMS_SHOWN = 20


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"})
    )
    provider = forms.ChoiceField(label=gettext_lazy("Whose prices these are"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        aliases = list(app_settings.PROVIDERS)
        self.fields["provider"].choices = [(alias, alias) for alias in aliases]
        if len(aliases) == 1:
            self.fields["provider"].widget = forms.HiddenInput()
            self.initial["provider"] = aliases[0]


class UploadView(OperatorPricesMixin, WagtailAdminTemplateMixin, View):
    """The first step. The rows travel to the second one signed in its form, so nothing is stored before."""

    page_title = gettext_lazy("Import a price list")
    header_icon = "upload"
    template_name = "wagtail_sms/admin/prices/upload.html"

    def get(self, request):
        return self.show(UploadForm())

    def post(self, request):
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(form)
        card, upload = current_card(), form.cleaned_data["file"]
        try:
            rows = read_file(upload.read(), currency=card.currency if card else "")
        except PriceFileRefused as error:
            return self.show(form, problems=error.problems)
        sealed = seal(rows, provider=form.cleaned_data["provider"], source=upload.name)
        return PreviewView.as_view()(request, sealed=sealed)

    def show(self, form: UploadForm, *, problems: list[str] = ()):
        return self.render_to_response(
            self.get_context_data(
                form=form,
                problems=problems[:PROBLEMS_SHOWN],
                more_problems=max(0, len(problems) - PROBLEMS_SHOWN),
            )
        )


class ApplyForm(ReasonForm):
    rows = forms.CharField(widget=forms.HiddenInput)


class PreviewView(DecisionView):
    """The second step: what the file changes, and what is suspicious about it."""

    form_class = ApplyForm
    page_title = gettext_lazy("Import a price list")
    header_icon = "upload"

    def get(self, request, **kwargs):
        return HttpResponseRedirect(reverse("wagtail_sms:price_upload"))

    def post(self, request, **kwargs):
        self.sealed = kwargs.get("sealed") or request.POST.get("rows", "")
        if self.upload is None:
            messages.error(request, _("This form can't be used any more. Choose the file again."))
            return HttpResponseRedirect(reverse("wagtail_sms:price_upload"))
        if "sealed" in kwargs:
            return self.first_look()
        return super().post(request)

    def first_look(self):
        """The difference before anybody gave a reason."""
        form = ApplyForm(initial={"rows": self.sealed})
        form.cleaned_data = {"rows": self.sealed}
        if self.verdict.draft is None:
            return self.show(form)
        return self.show(form, comparison=compared(current_card(), self.verdict.draft), seen=form.fingerprint())

    @cached_property
    def upload(self) -> dict | None:
        return unseal(self.sealed)

    @cached_property
    def verdict(self) -> lists.Verdict:
        return lists.judge(self.upload["rows"], provider=self.upload["provider"])

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            upload=self.upload, problems=self.verdict.sentences, is_final=self.verdict.is_final, **kwargs
        )

    def draft(self, data: dict):
        if self.verdict.draft is None:
            raise PriceListRefused(self.verdict.sentences)
        return self.verdict.draft

    def decide(self, data: dict) -> None:
        publish(
            self.upload["rows"],
            provider=self.upload["provider"],
            source=self.upload["source"],
            reason=data["reason"],
            by=self.request.user,
        )

    def done(self, data: dict) -> str:
        sentence = _("The prices of %(source)s are in force.")
        if get_provider(self.upload["provider"]).supports_price_list:
            sentence = _(
                "The prices of %(source)s are in force, and stay so until you use a list of the provider's API."
            )
        return sentence % {"source": self.upload["source"]}


def seal(rows: list[PriceRow], *, provider: str, source: str) -> str:
    """The rows as a signed text."""
    packed = [[row.country, row.mccmnc, str(row.amount), row.currency] for row in rows]
    return signing.dumps({"rows": packed, "provider": provider, "source": source}, salt=SALT, compress=True)


def unseal(text: str) -> dict | None:
    """What was sealed, for as long as its provider is configured; None for anything else."""
    try:
        found = signing.loads(text, salt=SALT)
    except BadSignature:
        return None
    if found["provider"] not in app_settings.PROVIDERS:
        return None
    rows = [PriceRow(country, mccmnc, Decimal(amount), code) for country, mccmnc, amount, code in found["rows"]]
    return {**found, "rows": rows}


urlpatterns = [
    path("sms/prices/import/", UploadView.as_view(), name="price_upload"),
    path("sms/prices/import/apply/", PreviewView.as_view(), name="price_upload_apply"),
]
