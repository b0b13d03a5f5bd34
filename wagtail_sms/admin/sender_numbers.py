"""Settings > SMS numbers: the sites' numbers and what their editors ask for, for operators, who change a country."""

from django import forms
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import BaseListingView, WagtailAdminTemplateMixin
from wagtail.log_actions import log
from wagtail.models import Site

from wagtail_sms import extension, number_requests
from wagtail_sms.admin.access import may
from wagtail_sms.admin.columns import WIDE, CountryColumn, Look, StateColumn
from wagtail_sms.admin.inbox_cells import shown_text
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.number import country_choices, described, named
from wagtail_sms.admin.wallets import OperatorMixin
from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import inbox, strange
from wagtail_sms.exceptions import WagtailSMSError
from wagtail_sms.phone import display, mask
from wagtail_sms.senders.changing import cancel_change, change_number
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.senders.provisioning import WAITING
from wagtail_sms.states import CountryRequestStatus, ExtensionPlan, SenderStatus


_S = SenderStatus
LOOKS = {
    _S.REQUESTED: Look("time", _S.REQUESTED.label, "wait"),
    _S.ACTIVE: Look("circle-check", _S.ACTIVE.label, "good"),
    _S.LISTENING: Look("mail", _S.LISTENING.label, "quiet"),
    _S.FAILED: Look("warning", _S.FAILED.label, "warn"),
    _S.RELEASED: Look("circle-xmark", _S.RELEASED.label, "quiet"),
}


class NumbersMixin(OperatorMixin):
    permission = "change_sender"
    header_icon = "mobile-alt"


STRAYS_SHOWN = 5


class NumbersView(NumbersMixin, BaseListingView):
    model = SenderNumber
    page_title = gettext_lazy("SMS numbers")
    template_name = "wagtail_sms/admin/numbers/index.html"
    results_template_name = "wagtail_sms/admin/numbers/results.html"
    index_url_name = "wagtail_sms:all_numbers"
    index_results_url_name = "wagtail_sms:all_numbers_results"
    verbose_name_plural = gettext_lazy("sender numbers")
    is_searchable = True
    search_fields = ["site__site_name", "site__hostname", "number"]
    default_ordering = "site__site_name"
    paginate_by = 50
    columns = [
        TitleColumn("name", label=gettext_lazy("Site"), get_url=lambda sender: site_address(sender.site)),
        Column("shown", label=gettext_lazy("Number"), classname="wagtail-sms-once"),
        CountryColumn("country", label=gettext_lazy("Country"), classname=WIDE),
        StateColumn("look", label=gettext_lazy("State")),
        DateColumn("activated_at", label=gettext_lazy("Since"), classname=WIDE),
        Column("problem", label=gettext_lazy("Problem"), classname=WIDE),
    ]

    def get_base_queryset(self):
        return SenderNumber.objects.exclude(status=_S.RELEASED).select_related("site")

    def order_queryset(self, queryset):
        return queryset.order_by("site__site_name", "site__hostname", "provider", "-pk")

    def get_table(self, object_list):
        return super().get_table([in_row(sender) for sender in object_list])

    def get_context_data(self, **kwargs):
        waiting = [named(one) for one in number_requests.open_requests()]
        for one in waiting:
            one.name, one.address = site_label(one.site), site_address(one.site)
        strays = list(inbox.strays()[:STRAYS_SHOWN])
        may_read = may(self.request.user, None, "view_inboundevent")
        for text in strays:
            text.who, text.to = mask(text.sender), display(text.recipient)
            text.words = shown_text(text.body) if may_read else ""
        found = {"requests": waiting, "strange_words": strange.lately(), "strays": strays}
        return super().get_context_data(**found, **kwargs)

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": "", "label": self.get_page_title()},
        ]


class NumbersResultsView(NumbersView):
    results_only = True


class ChangeForm(forms.Form):
    country = forms.ChoiceField(label=gettext_lazy("Country of the new number"))
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()
        aliases = list(app_settings.PROVIDERS)
        self.fields["provider"].choices = [(alias, alias) for alias in aliases]
        if len(aliases) < 2:
            del self.fields["provider"]


class DeclineForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Why not"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The site's editors read it."),
    )


class SiteNumbersView(NumbersMixin, WagtailAdminTemplateMixin, View):
    """One site: its numbers, what was asked for, and the buttons that change, decline and end the trial."""

    template_name = "wagtail_sms/admin/numbers/site.html"

    def dispatch(self, request, *args, **kwargs):
        self.site = get_object_or_404(Site, pk=kwargs["pk"])
        self.extension = extension.extension_for(self.site)
        wishes = CountryRequest.objects.filter(site=self.site, status=CountryRequestStatus.OPEN)
        self.wish = next((named(one) for one in wishes.select_related("requested_by")), None)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, pk):
        return self.show()

    def post(self, request, pk):
        acts = {
            "action-decline": self.decline,
            "action-end-trial": self.end_trial,
            "action-keep": self.keep,
        }
        act = next((act for name, act in acts.items() if name in request.POST), self.change)
        try:
            return act() or redirect(site_address(self.site))
        except WagtailSMSError as error:
            messages.error(request, str(error.message))
            return redirect(site_address(self.site))

    def change(self):
        form = ChangeForm(self.request.POST)
        if not form.is_valid():
            return self.show(change=form)
        country, provider = form.cleaned_data["country"], form.cleaned_data.get("provider") or "default"
        if self.wish is not None and provider == "default":
            number_requests.grant(self.wish, country=country, by=self.request.user)
        else:
            change_number(self.site, country=country, provider=provider)
        self.log("wagtail_sms.change_sender")
        words = _("A new number is being bought. The old one still receives replies for %(days)s days.")
        messages.success(self.request, words % {"days": app_settings.OLD_NUMBER_LISTENS_DAYS})

    def decline(self):
        form = DeclineForm(self.request.POST)
        if self.wish is None:
            messages.warning(self.request, _("Somebody answered this request already."))
            return None
        if not form.is_valid():
            return self.show(decline=form)
        number_requests.decline(self.wish, answer=form.cleaned_data["answer"], by=self.request.user)
        self.log("wagtail_sms.country_declined")
        messages.success(self.request, _("The request is declined. The site's editors see why."))

    def keep(self):
        for sender in SenderNumber.objects.filter(site=self.site, status__in=WAITING):
            cancel_change(self.site, provider=sender.provider)
        messages.success(self.request, _("No other number is looked for. The site keeps the one it has."))

    def end_trial(self):
        extension.leave_trial(self.site)
        self.log("wagtail_sms.end_trial")
        messages.success(self.request, _("The trial is over. The site gets a number of its own."))

    def log(self, action: str) -> None:
        log(self.extension or self.site, action, user=self.request.user)

    def show(self, *, change=None, decline=None):
        numbers = SenderNumber.objects.filter(site=self.site).order_by("-pk")
        states = {sender.status for sender in numbers}
        change = change or ChangeForm(initial={"country": self.wish.country if self.wish else ""})
        context = self.get_context_data(
            numbers=[in_row(sender) for sender in numbers],
            wish=self.wish,
            is_changing=_S.ACTIVE in states and bool(states & set(WAITING)),
            change=change,
            decline=decline or DeclineForm(),
            extension=self.extension,
            in_trial=self.extension is not None and self.extension.plan == ExtensionPlan.TRIAL,
            days=app_settings.OLD_NUMBER_LISTENS_DAYS,
            address=site_address(self.site),
        )
        return self.render_to_response(context)

    def get_page_title(self):
        return site_label(self.site)

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("wagtail_sms:all_numbers"), "label": NumbersView.page_title},
            {"url": "", "label": site_label(self.site)},
        ]


def in_row(sender: SenderNumber) -> SenderNumber:
    """The number with `name`, `shown` and `look`, as the tables have them."""
    described(sender)
    sender.name = site_label(sender.site) if sender.site else _("Shared by all sites in trial")
    sender.shown = display(sender.number) if sender.number else "–"
    sender.look = LOOKS[sender.status]
    return sender


def site_address(site) -> str | None:
    return reverse("wagtail_sms:site_numbers", args=[site.pk]) if site else None


urlpatterns = [
    path("sms/numbers/", NumbersView.as_view(), name="all_numbers"),
    path("sms/numbers/results/", NumbersResultsView.as_view(), name="all_numbers_results"),
    path("sms/numbers/<int:pk>/", SiteNumbersView.as_view(), name="site_numbers"),
]
