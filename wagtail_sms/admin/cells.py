"""The columns of the subscriber list whose cells hold buttons."""

from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn

from wagtail_sms.admin.columns import WIDE, CountryColumn, Look, NumberColumn
from wagtail_sms.admin.numbers import shown_number
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.countries import country_name
from wagtail_sms.states import SubscriberStatus


_S = SubscriberStatus
LOOKS = {
    _S.ACTIVE: Look("mobile-alt", _S.ACTIVE.label, "good"),
    _S.SUSPENDED: Look("mobile-alt", _S.SUSPENDED.label, "bad"),
    _S.STOPPED: Look("wagtail-sms-mobile-slash", _S.STOPPED.label, "bad"),
    _S.PENDING: Look("time", _S.PENDING.label, "quiet"),
    _S.UNREACHABLE: Look("warning", _S.UNREACHABLE.label, "warn"),
}
# The status a click asks for; the form says it, so that a second click changes nothing back.
TARGETS = {_S.ACTIVE: _S.SUSPENDED, _S.SUSPENDED: _S.ACTIVE, _S.UNREACHABLE: _S.ACTIVE}
HINTS = {
    _S.ACTIVE: _("Suspend: send them no messages"),
    _S.SUSPENDED: _("Send them messages again"),
    _S.STOPPED: _("They unsubscribed with a STOP text. Only they can come back, by texting START or signing up again."),
    _S.PENDING: _("They have not confirmed their number yet."),
    _S.UNREACHABLE: _("The network says that this number is no phone. Try again: send them messages"),
}
SOURCES = {"popup": _("Popup"), "form": _("Form"), "import": _("Import")}


class CellForm(Column):
    """A cell with a form or a link for one subscriber. `here` is the address to come back to."""

    def __init__(self, name, *, site, here, allowed, full_numbers, **kwargs):
        super().__init__(name, **kwargs)
        self.site, self.here, self.allowed, self.full_numbers = site, here, allowed, full_numbers

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        context["number"] = shown_number(instance.number, full=self.full_numbers)
        context["allowed"], context["here"] = self.allowed, self.here
        context["sms_site"], context["sms_site_field"] = self.site, FORM_FIELD
        return context


class StatusColumn(CellForm):
    """Green, red, or red with a slash: a button for those who may switch it, and only where it can be switched."""

    cell_template_name = "wagtail_sms/admin/subscribers/status_cell.html"

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        context["look"] = LOOKS[instance.status]
        context["hint"] = HINTS[instance.status]
        context["target"] = TARGETS.get(instance.status, "")
        context["is_button"] = self.allowed and instance.status in TARGETS
        context["url"] = reverse("wagtail_sms:subscriber_toggle", args=[instance.pk])
        context["csrf_token"] = get_token(context["request"])
        return context


class DeleteColumn(CellForm):
    """The trash can, which leads to the confirmation."""

    cell_template_name = "wagtail_sms/admin/subscribers/delete_cell.html"


class PhoneColumn(Column):
    """The number, which leads to the person, with the country below it where a narrow screen has no column for it."""

    cell_template_name = "wagtail_sms/admin/subscribers/phone_cell.html"

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        context["country"] = country_name(instance.country)
        context["sms_site_field"] = FORM_FIELD
        return context


class CreditsColumn(NumberColumn):
    """Credits per segment, or a word for a country nothing can be sent to."""

    cell_template_name = "wagtail_sms/admin/subscribers/credits_cell.html"


def columns_for(view) -> list[Column]:
    """The columns as the user of this view may see them. Masked numbers are not sorted: their order would tell."""
    full = view.full_numbers
    shared = {"site": view.site, "here": view.here, "full_numbers": full}
    may_change, may_delete = view.may("change_subscriber"), view.may("delete_subscriber")
    shown = [
        PhoneColumn(
            "number",
            label=_("Number"),
            accessor=lambda person: shown_number(person.number, full=full),
            sort_key="number" if full else None,
            classname="wagtail-sms-phone",
        ),
        CountryColumn("country", label=_("Country"), sort_key="country_name", classname=WIDE),
        CreditsColumn("credits_each", label=_("Credits per segment"), sort_key="credits_each"),
        StatusColumn("status", label=_("Status"), sort_key="status", allowed=may_change, **shared),
        Column(
            "source",
            label=_("Signed up through"),
            accessor=lambda person: SOURCES.get(person.source, person.source),
            classname=WIDE,
        ),
        DateColumn("created_at", label=_("Signed up"), sort_key="created_at", classname=WIDE),
    ]
    if may_delete:
        shown.append(DeleteColumn("actions", label=_("Delete"), allowed=True, **shared))
    return shown
