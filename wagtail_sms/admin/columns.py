"""Columns and looks that the listings share. A state is always an icon and a word."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from wagtail.admin.ui.tables import Column

from wagtail_sms.countries import country_name
from wagtail_sms.states import CampaignStatus


WIDE = "wagtail-sms-wide"  # cells that a narrow screen leaves out


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: an icon's name, a word, and a tone (good, bad, wait, quiet)."""

    icon: str
    label: str
    tone: str


_CAMPAIGN_LOOKS = {
    CampaignStatus.DRAFT: ("draft", "quiet"),
    CampaignStatus.SCHEDULED: ("calendar", "quiet"),
    CampaignStatus.QUEUED: ("time", "wait"),
    CampaignStatus.SENDING: ("rotate", "wait"),
    CampaignStatus.PAUSED: ("warning", "warn"),
    CampaignStatus.DONE: ("circle-check", "good"),
    CampaignStatus.CANCELLED: ("circle-xmark", "quiet"),
}


def campaign_look(campaign) -> Look:
    icon, tone = _CAMPAIGN_LOOKS[campaign.status]
    return Look(icon, str(campaign.get_status_display()), tone)


class StateColumn(Column):
    """An icon and a word. The accessor gives a `Look`."""

    cell_template_name = "wagtail_sms/admin/history/state_cell.html"


class NumberColumn(Column):
    """A whole number with separators, set against the end of the cell so that figures line up."""

    cell_template_name = "wagtail_sms/admin/history/number_cell.html"

    def __init__(self, name, *, classname="", **kwargs):
        super().__init__(name, classname=f"wagtail-sms-number {classname}".strip(), **kwargs)

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        value = context["raw_value"]
        context["value"] = "" if value is None else intcomma(value)
        return context


class CountryColumn(Column):
    """A country by its name."""

    def get_value(self, instance):
        return country_name(super().get_value(instance))
