"""Switching off or on everybody whom the list's search and filters show, after a page that says how many that is."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count
from django.http import QueryDict
from django.shortcuts import redirect
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import FULL_NUMBERS, search
from wagtail_sms.admin.people import SubscriberFilterSet
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.crowd import MOST_AT_ONCE, resume_all, suspend_all
from wagtail_sms.subscribers.models import Subscriber


class CrowdView(SmsViewMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET asks, with the figures; POST does it. Whom it is about stands in the query, as in the list's address."""

    section = "subscribers"
    permission = "change_subscriber"
    http_method_names = ["get", "head", "post"]
    template_name = "wagtail_sms/admin/subscribers/crowd.html"
    stylesheets = ("sending.css",)
    header_icon = "group"
    origin = ""
    verb = None
    action = ""

    @cached_property
    def people(self):
        """Those whom the query shows and whom the verb would change; nobody when a filter can't be read."""
        everybody = Subscriber.objects.of(self.site)
        filters = SubscriberFilterSet(self.query, everybody, request=self.request)
        if not filters.is_valid():
            return everybody.none()
        found = filters.qs
        if typed := self.query.get("q", "").strip():
            found = search(found, typed, full=self.may(FULL_NUMBERS))
        return found.filter(status=self.origin)

    @cached_property
    def query(self) -> QueryDict:
        query = self.request.GET.copy()
        for name in ("p", "ordering", "_w_filter_fragment", FORM_FIELD):
            query.pop(name, None)
        return query

    @property
    def back(self) -> str:
        return f"{self.address('subscribers')}&{self.query.urlencode()}"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        by_country = dict(self.people.order_by().values_list("country").annotate(people=Count("pk")))
        rates, count = credits_by_country(current_card()), sum(by_country.values())
        context |= {
            "people": count,
            "at_once": MOST_AT_ONCE if count > MOST_AT_ONCE else 0,
            "credits": sum(people * rates.get(country, 0) for country, people in by_country.items()),
            "back": self.back,
            "suspends": self.origin == SubscriberStatus.ACTIVE,
        }
        return context

    def post(self, request):
        changed = self.verb(self.people, by=request.user)
        if changed:
            log(self.site, self.action, user=request.user, data={"people": changed})
            messages.success(request, self.done(changed))
        else:
            messages.warning(request, _("There was nobody left to change."))
        return redirect(self.back)


class SuspendAllView(CrowdView):
    page_title = gettext_lazy("Suspend people")
    origin = SubscriberStatus.ACTIVE
    verb = staticmethod(suspend_all)
    action = "wagtail_sms.suspend_all"

    def done(self, count: int) -> str:
        said = ngettext("%(people)s person is suspended.", "%(people)s people are suspended.", count)
        return said % {"people": intcomma(count)}


class ResumeAllView(CrowdView):
    page_title = gettext_lazy("Send people messages again")
    origin = SubscriberStatus.SUSPENDED
    verb = staticmethod(resume_all)
    action = "wagtail_sms.resume_all"

    def done(self, count: int) -> str:
        said = ngettext(
            "%(people)s person receives messages again.", "%(people)s people receive messages again.", count
        )
        return said % {"people": intcomma(count)}


urlpatterns = [
    path("sms/subscribers/suspend/", SuspendAllView.as_view(), name="subscribers_suspend"),
    path("sms/subscribers/resume/", ResumeAllView.as_view(), name="subscribers_resume"),
]
