"""One subscriber: what they agreed to, what they were sent and texted back, and why they can't be texted."""

from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.cells import HINTS, LOOKS, SOURCES, TARGETS
from wagtail_sms.admin.numbers import FULL_NUMBERS
from wagtail_sms.admin.person_history import agreements, obstacles, replies, texts
from wagtail_sms.admin.subscribers import SubscriberMixin
from wagtail_sms.admin.tabs import tab
from wagtail_sms.countries import country_name
from wagtail_sms.pricing.cards import credits_by_country, current_card


class PersonView(SubscriberMixin, WagtailAdminTemplateMixin, TemplateView):
    """Messages are listed for whoever may see the History, replies for whoever may see the Inbox."""

    template_name = "wagtail_sms/admin/subscribers/person.html"
    stylesheets = ("sending.css", "person.css")
    header_icon = "user"

    @cached_property
    def subscriber(self):
        return self.get_subscriber()

    def get_page_title(self):
        return self.shown(self.subscriber)

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, {"url": reverse("wagtail_sms:subscribers"), "label": _("Subscribers")}, own]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        person = self.subscriber
        credits_each = credits_by_country(current_card()).get(person.country)
        context |= {
            "person": person,
            "number": self.shown(person),
            "country": country_name(person.country),
            "credits_each": credits_each,
            "look": LOOKS[person.status],
            "hint": HINTS[person.status],
            "target": TARGETS.get(person.status, ""),
            "source": SOURCES.get(person.source, person.source),
            "obstacles": obstacles(person, is_served=credits_each is not None),
            "agreements": agreements(person, full=self.may(FULL_NUMBERS)),
            "may_change": self.may("change_subscriber"),
            "may_delete": self.may("delete_subscriber"),
            "here": self.address("subscriber", person.pk),
        }
        if self.may(*tab("history").rights):
            context["texts"] = texts(person)
        if self.may(*tab("inbox").rights):
            context["replies"] = replies(person)
        return context


urlpatterns = [
    path("sms/subscribers/<int:pk>/", PersonView.as_view(), name="subscriber"),
]
