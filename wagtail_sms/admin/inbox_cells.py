"""The columns of the inbox: who texted, what, and what it was taken for, with the buttons to decide."""

import re

from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn

from wagtail_sms.admin.columns import Look
from wagtail_sms.admin.numbers import shown_number
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.delivery.inbox import PLAIN
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.keywords import Keyword
from wagtail_sms.states import InboundVerdict, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


STOPPED_ICON = "wagtail-sms-mobile-slash"
_KEYWORDS = {
    Keyword.STOP: Look(STOPPED_ICON, _("STOP"), "bad"),
    Keyword.START: Look("mobile-alt", _("START"), "good"),
    Keyword.HELP: Look("help", _("HELP"), "quiet"),
    Keyword.REVIEW: Look("warning", _("Perhaps a STOP"), "warn"),
    "": Look("comment", _("Something else"), "quiet"),
}
_VERDICTS = {
    InboundVerdict.STOP: Look(STOPPED_ICON, InboundVerdict.STOP.label, "bad"),
    InboundVerdict.LEFT: Look("check", InboundVerdict.LEFT.label, "quiet"),
    InboundVerdict.SETTLED: Look("check", InboundVerdict.SETTLED.label, "quiet"),
}
SHOWN = 320  # characters of a text; the rest unfolds
# What turns the direction of the text around it, and what has no shape at all.
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def look_of(event: InboundEvent) -> Look:
    return _VERDICTS.get(event.verdict) or _KEYWORDS.get(event.keyword, _KEYWORDS[""])


def shown_text(body: str) -> str:
    """The text without characters that could disguise it or what stands beside it."""
    return INVISIBLE.sub("", body).strip()


def with_people(events, *, site) -> list[InboundEvent]:
    """Add who each text is from, `person`, if it is a subscriber by now; one query for all."""
    events = list(events)
    people = Subscriber.objects.of(site).filter(number__in={event.sender for event in events})
    by_number = {person.number: person for person in people}
    for event in events:
        event.person = by_number.get(event.sender)
    return events


def is_waiting(event: InboundEvent) -> bool:
    return event.keyword == Keyword.REVIEW and not event.verdict


def can_become_stop(event: InboundEvent) -> bool:
    """Whether reading the text as a STOP would change something."""
    if event.keyword in PLAIN or event.verdict in (InboundVerdict.STOP, InboundVerdict.SETTLED):
        return False
    person = event.person
    return is_waiting(event) or person is None or person.status != SubscriberStatus.STOPPED


class SenderColumn(Column):
    """The number and what the person is to the site."""

    cell_template_name = "wagtail_sms/admin/inbox/sender_cell.html"

    def __init__(self, name, *, full_numbers, **kwargs):
        super().__init__(name, **kwargs)
        self.full_numbers = full_numbers

    def get_value(self, instance):
        return shown_number(instance.sender, full=self.full_numbers)


class TextColumn(Column):
    """What was texted, folded when it is long."""

    cell_template_name = "wagtail_sms/admin/inbox/text_cell.html"

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        text = shown_text(instance.body)
        context["start"], context["rest"] = text[:SHOWN], text[SHOWN:]
        return context


class TakenColumn(Column):
    """What the text was taken for, and what can be made of it by those who may. `here` is where to come back to."""

    cell_template_name = "wagtail_sms/admin/inbox/taken_cell.html"

    def __init__(self, name, *, view, **kwargs):
        super().__init__(name, **kwargs)
        self.view = view

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        may = self.view.may_decide
        context |= {"look": look_of(instance), "is_waiting": is_waiting(instance), "here": self.view.here}
        context["can_stop"], context["can_leave"] = may and can_become_stop(instance), may and is_waiting(instance)
        context["number"] = shown_number(instance.sender, full=self.view.full_numbers)
        context["sms_site"], context["sms_site_field"] = self.view.site, FORM_FIELD
        context["csrf_token"] = get_token(context["request"])
        return context


def columns_for(view) -> list[Column]:
    """The columns as the user of this view may see them."""
    return [
        SenderColumn("sender", label=_("From"), full_numbers=view.full_numbers, classname="wagtail-sms-phone"),
        TextColumn("body", label=_("Text"), classname="wagtail-sms-inbox__text"),
        TakenColumn("keyword", label=_("Taken for"), view=view),
        DateColumn("received_at", label=_("Received"), sort_key="received_at", classname="wagtail-sms-once"),
    ]
