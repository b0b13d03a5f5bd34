"""The number a site texts from, as its editors see it: they can ask for another country and choose nothing."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_sms import extension, number_requests
from wagtail_sms.admin.extensions import sender_of
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.tabs import TAB_RIGHTS
from wagtail_sms.countries import NAMES, country_name
from wagtail_sms.exceptions import WagtailSMSError
from wagtail_sms.phone import display
from wagtail_sms.pricing.cards import current_card, providers_by_country
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.senders.replies import one_way_countries
from wagtail_sms.states import CountryRequestStatus, ExtensionPlan, SenderStatus
from wagtail_sms.subscribers.models import Subscriber


class RequestForm(forms.Form):
    country = forms.ChoiceField(label=gettext_lazy("Country of the number"))
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The operator reads it. Numbers of some countries cost more, or need papers."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()


def country_choices() -> list[tuple[str, str]]:
    """Every country by name, and an empty choice first."""
    named = sorted(((code, str(name)) for code, name in NAMES.items()), key=lambda pair: pair[1])
    return [("", _("Choose a country")), *named]


class NumberView(SmsViewMixin, WagtailAdminTemplateMixin, FormView):
    """GET shows the number and what answers it hears; POST asks the operator for another country."""

    section = "number"
    permission = TAB_RIGHTS
    form_class = RequestForm
    page_title = gettext_lazy("Sender number")
    header_icon = "mobile-alt"
    template_name = "wagtail_sms/admin/number/index.html"
    stylesheets = ("sending.css", "money.css")

    @property
    def may_ask(self) -> bool:
        return self.may("change_smssettings")

    def post(self, request, *args, **kwargs):
        if not self.may_ask:
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    def form_valid(self, form):
        try:
            asked, is_new = number_requests.request_country(self.site, **form.cleaned_data, by=self.request.user)
        except WagtailSMSError as error:
            form.add_error(None, str(error.message))
            return self.form_invalid(form)
        if is_new:
            log(extension.extension_for(self.site), "wagtail_sms.country_request", user=self.request.user)
            messages.success(self.request, _("The operator was told. You see the answer here."))
        else:
            words = _("A request for %(country)s is open already. It has to be answered first.")
            messages.warning(self.request, words % {"country": country_name(asked.country)})
        return self.lead_to("number")

    def get_context_data(self, **kwargs):
        sender, installed = sender_of(self.site), extension.extension_for(self.site)
        requests = CountryRequest.objects.filter(site=self.site).order_by("-requested_at")
        return super().get_context_data(
            sender=sender,
            sender_number=display(sender.number) if sender else "",
            country=country_name(sender.country) if sender else "",
            coming=coming_number(self.site),
            listening=[described(one) for one in listening_numbers(self.site)],
            one_way=one_way_people(self.site),
            in_trial=installed.plan == ExtensionPlan.TRIAL,
            trial_until=installed.trial_until,
            may_ask=self.may_ask,
            request_open=next((named(one) for one in requests if one.status == CountryRequestStatus.OPEN), None),
            request_answered=next((named(one) for one in requests if one.status != CountryRequestStatus.OPEN), None),
            **kwargs,
        )


def coming_number(site) -> SenderNumber | None:
    """What will take the place of the number in use, with the country's name."""
    if not SenderNumber.objects.filter(site=site, status=SenderStatus.ACTIVE).exists():
        return None
    coming = SenderNumber.objects.filter(site=site, status=SenderStatus.REQUESTED).first()
    return named(coming) if coming else None


def listening_numbers(site):
    return SenderNumber.objects.filter(site=site, status=SenderStatus.LISTENING).exclude(activated_at=None)


def one_way_people(site) -> list[tuple[str, int]]:
    """(country, subscribers) of the served countries from which replies don't arrive, where most people are first."""
    found = one_way_countries(site, providers_by_country(current_card()))
    people = Subscriber.objects.of(site).reachable().filter(country__in=found).order_by().values_list("country")
    counts = dict(people.annotate(people=Count("pk")))
    named_ones = [(country_name(country), counts.get(country, 0)) for country in found]
    return sorted(named_ones, key=lambda pair: (-pair[1], pair[0]))


def described(sender: SenderNumber) -> SenderNumber:
    """The number with `shown` as people read it."""
    sender.shown = display(sender.number)
    return named(sender)


def named(row):
    """A request or a number with `country_name`."""
    row.country_name = country_name(row.country)
    return row


urlpatterns = [path("sms/number/", NumberView.as_view(), name="number")]
