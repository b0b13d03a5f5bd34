"""The Inbox tab: what people texted to the site, and the doubtful texts that wait for somebody to decide."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from django_filters import ChoiceFilter
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.admin.views.generic import BaseListingView, WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_sms.admin.inbox_cells import can_become_stop, columns_for, shown_text, with_people
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import FULL_NUMBERS, number_query, sender_number, shown_number
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.admin.tabs import tab
from wagtail_sms.delivery import inbox
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.exceptions import CameBack
from wagtail_sms.keywords import Keyword
from wagtail_sms.states import InboundVerdict


DECIDE = "change_subscriber"
_STOP = Q(keyword=Keyword.STOP) | Q(verdict=InboundVerdict.STOP)
_WAITING = Q(keyword=Keyword.REVIEW, verdict="")
# Each text belongs to exactly one of these.
TAKEN = {
    "waiting": (gettext_lazy("Perhaps a STOP: to be decided"), _WAITING),
    "stop": (gettext_lazy("STOP"), _STOP),
    "start": (gettext_lazy("START"), Q(keyword=Keyword.START)),
    "help": (gettext_lazy("HELP"), Q(keyword=Keyword.HELP) & ~_STOP),
    "else": (gettext_lazy("Something else"), Q(keyword__in=("", Keyword.REVIEW)) & ~_STOP & ~_WAITING),
}


class InboxFilterSet(WagtailFilterSet):
    taken = ChoiceFilter(
        label=gettext_lazy("Taken for"),
        choices=[(name, label) for name, (label, _condition) in TAKEN.items()],
        empty_label=gettext_lazy("All"),
        widget=forms.RadioSelect,
        method="filter_taken",
    )

    class Meta:
        model = InboundEvent
        fields = []

    def filter_taken(self, queryset, name, value):
        return queryset.filter(TAKEN[value][1])


class InboxMixin(SmsViewMixin):
    section = "inbox"
    stylesheets = ("sending.css", "inbox.css")

    @property
    def full_numbers(self) -> bool:
        return self.may(FULL_NUMBERS)

    @property
    def may_decide(self) -> bool:
        return self.may(DECIDE)


class InboxView(InboxMixin, BaseListingView):
    model = InboundEvent
    page_title = gettext_lazy("Inbox")
    header_icon = "mail"
    template_name = "wagtail_sms/admin/inbox/index.html"
    results_template_name = "wagtail_sms/admin/inbox/results.html"
    index_url_name = "wagtail_sms:inbox"
    index_results_url_name = "wagtail_sms:inbox_results"
    verbose_name_plural = gettext_lazy("texts")
    is_searchable = True
    filterset_class = InboxFilterSet
    default_ordering = "-received_at"
    paginate_by = 50

    @property
    def here(self) -> str:
        """Where the forms in the cells come back to: this page of the list, with its search and filters."""
        query = self.request.GET.copy()
        query.pop("_w_filter_fragment", None)
        query[FORM_FIELD] = self.site.pk
        return f"{self.index_url}?{query.urlencode()}"

    @cached_property
    def columns(self):
        return columns_for(self)

    def get_base_queryset(self):
        return InboundEvent.objects.filter(site=self.site).select_related("reviewed_by")

    def search_queryset(self, queryset):
        if not self.is_searching:
            return queryset
        found = Q(body__icontains=self.search_query)
        digits = number_query(self.search_query, full=self.full_numbers, field="sender")
        return queryset.filter(found if digits is None else found | digits)

    def get_table(self, object_list):
        return super().get_table(with_people(object_list, site=self.site))

    def get_context_data(self, **kwargs):
        # Counted before the rows are read: a text that arrives in between is listed, not announced and missing.
        _ = self.waiting_texts
        context = super().get_context_data(**kwargs)
        context["full_numbers"] = self.full_numbers
        context["waiting_url"] = f"{self.address('inbox')}&taken=waiting"
        context["shows_waiting"] = self.request.GET.get("taken") == "waiting"
        context["number"] = sender_number(self.site)
        return context


class InboxResultsView(InboxView):
    results_only = True


class DecisionMixin(InboxMixin):
    """A view of one text of the current site, for those who see the inbox and may decide; another site's is a 404."""

    permission = DECIDE

    def dispatch(self, request, *args, **kwargs):
        if not self.may(*tab("inbox").rights):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_event(self) -> InboundEvent:
        event = get_object_or_404(InboundEvent.objects.filter(site=self.site), pk=self.kwargs["pk"])
        return with_people([event], site=self.site)[0]

    def shown(self, event: InboundEvent) -> str:
        return shown_number(event.sender, full=self.full_numbers)

    def back(self) -> str:
        return get_valid_next_url_from_request(self.request) or self.address("inbox")

    def note(self, event: InboundEvent, action: str) -> None:
        """Into the site history, which outlives number and text: it names the row only."""
        title = _("Incoming text %(id)s") % {"id": event.pk}
        log(event, action, user=self.request.user, title=title)


class TreatAsStopView(DecisionMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET asks in words, with the text; POST unsubscribes the person. Nothing here undoes it."""

    http_method_names = ["get", "head", "post"]
    template_name = "wagtail_sms/admin/inbox/confirm_stop.html"
    page_title = gettext_lazy("Treat as STOP")
    header_icon = "wagtail-sms-mobile-slash"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        event = self.get_event()
        context |= {"event": event, "number": self.shown(event), "text": shown_text(event.body), "back": self.back()}
        context["came_back"], context["can_stop"] = inbox.came_back(event), can_become_stop(event)
        return context

    def post(self, request, pk):
        event = self.get_event()
        try:
            is_news = inbox.treat_as_stop(event, by=request.user)
        except CameBack as error:
            messages.error(request, error.message)
            return redirect(self.back())
        if is_news:
            self.note(event, "wagtail_sms.treat_as_stop")
            text = _("%(number)s is unsubscribed. Only they can come back, by texting START or signing up again.")
            messages.success(request, text % {"number": self.shown(event)})
        else:
            messages.info(request, _("Nothing was changed: what this text means was clear, or decided before."))
        return redirect(self.back())


class LeaveView(DecisionMixin, View):
    """A doubtful text is no STOP: it leaves the list, and the person stays what they are."""

    http_method_names = ["post"]

    def post(self, request, pk):
        event = self.get_event()
        if inbox.leave(event, by=request.user):
            self.note(event, "wagtail_sms.leave_text")
            text = _("%(number)s stays as they are. You can still treat the text as a STOP.")
            messages.success(request, text % {"number": self.shown(event)})
        return redirect(self.back())


urlpatterns = [
    path("sms/inbox/", InboxView.as_view(), name="inbox"),
    path("sms/inbox/results/", InboxResultsView.as_view(), name="inbox_results"),
    path("sms/inbox/<int:pk>/stop/", TreatAsStopView.as_view(), name="inbox_stop"),
    path("sms/inbox/<int:pk>/leave/", LeaveView.as_view(), name="inbox_leave"),
]
