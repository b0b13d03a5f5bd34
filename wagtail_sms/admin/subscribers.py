"""The Subscribers tab: who receives the site's messages, switching somebody off and on, deleting somebody."""

from django.db import transaction
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.admin.views.generic import BaseListingView, WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import log

from wagtail_sms.admin.cells import TARGETS, columns_for
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import FULL_NUMBERS, search, shown_number
from wagtail_sms.admin.people import SubscriberFilterSet, in_order, with_figures
from wagtail_sms.admin.sites import FORM_FIELD
from wagtail_sms.admin.tabs import tab
from wagtail_sms.countries import country_name
from wagtail_sms.delivery import inbox
from wagtail_sms.exceptions import WagtailSMSError
from wagtail_sms.pwa.builder import serves_sms
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.consent import erase, resume, suspend
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


class SubscribersView(SmsViewMixin, BaseListingView):
    section = "subscribers"
    stylesheets = ("sending.css",)
    model = Subscriber
    page_title = gettext_lazy("Subscribers")
    header_icon = "group"
    template_name = "wagtail_sms/admin/subscribers/index.html"
    results_template_name = "wagtail_sms/admin/subscribers/results.html"
    index_url_name = "wagtail_sms:subscribers"
    index_results_url_name = "wagtail_sms:subscribers_results"
    verbose_name_plural = gettext_lazy("subscribers")
    is_searchable = True
    filterset_class = SubscriberFilterSet
    default_ordering = "-created_at"
    paginate_by = 50

    @property
    def full_numbers(self) -> bool:
        return self.may(FULL_NUMBERS)

    @property
    def here(self) -> str:
        """Where the forms in the cells come back to: this page of the list, with its search and filters."""
        query = self.request.GET.copy()
        query.pop("_w_filter_fragment", None)
        query[FORM_FIELD] = self.site.pk
        return f"{self.index_url}?{query.urlencode()}"

    @cached_property
    def header_more_buttons(self):
        """Import and export, for those who may; the export takes the search and the filters along."""
        buttons = []
        if self.may("import_subscriber") and self.full_numbers:
            url = self.address("subscribers_import")
            buttons.append(Button(_("Import subscribers"), url=url, icon_name="upload", priority=80))
        if self.may("export_subscriber"):
            labels = {"xlsx": _("Download XLSX"), "csv": _("Download CSV")}
            for place, (kind, label) in enumerate(labels.items()):
                url = self.export_address(kind)
                buttons.append(Button(label, url=url, icon_name="download", priority=90 + place))
        return buttons

    def export_address(self, kind: str) -> str:
        query = self.request.GET.copy()
        for name in ("p", "ordering", "_w_filter_fragment"):
            query.pop(name, None)
        query["format"], query[FORM_FIELD] = kind, self.site.pk
        return f"{reverse('wagtail_sms:subscribers_export')}?{query.urlencode()}"

    @cached_property
    def columns(self):
        return columns_for(self)

    def get_base_queryset(self):
        return Subscriber.objects.of(self.site)

    def get_filterset_kwargs(self):
        return {**super().get_filterset_kwargs(), "queryset": self.get_base_queryset()}

    def order_queryset(self, queryset):
        return in_order(queryset, self.ordering)

    def search_queryset(self, queryset):
        if not self.is_searching:
            return queryset
        return search(queryset, self.search_query, full=self.full_numbers)

    def get_table(self, object_list):
        return super().get_table(with_figures(object_list))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["counts"] = counts(self.site)
        context["full_numbers"] = self.full_numbers
        context["may_switch_all"] = self.may("change_subscriber") and (self.is_searching or self.is_filtering)
        context["whom"] = self.here.partition("?")[2]
        if not context["counts"]["all"]:
            context["popup_is_live"] = serves_sms(self.site)
            context["may_set"] = self.may(*tab("settings").rights)
            context["may_rebuild"] = self.may("rebuild_pwa", "change_pwasettings")
            context["popup_after"] = SmsSettings.for_site(self.site).popup_after_actions
        return context


class SubscribersResultsView(SubscribersView):
    results_only = True


class SubscriberMixin(SmsViewMixin):
    """A view of one subscriber of the current site; another site's is a 404."""

    section = "subscribers"

    def get_subscriber(self) -> Subscriber:
        return get_object_or_404(Subscriber.objects.of(self.site), pk=self.kwargs["pk"])

    def shown(self, subscriber: Subscriber) -> str:
        return shown_number(subscriber.number, full=self.may(FULL_NUMBERS))

    def back(self) -> str:
        return get_valid_next_url_from_request(self.request) or self.address("subscribers")


class ToggleView(SubscriberMixin, View):
    """Green becomes red and red becomes green; who texted STOP stays, and the editor is told why."""

    permission = "change_subscriber"
    http_method_names = ["post"]

    def post(self, request, pk):
        subscriber = self.get_subscriber()
        target = request.POST.get("target") or TARGETS.get(subscriber.status)
        verb = resume if target == SubscriberStatus.ACTIVE else suspend
        changes = subscriber.status != target
        try:
            verb(subscriber, by=request.user)
        except WagtailSMSError as error:
            messages.error(request, error.message)
            return redirect(self.back())
        if changes:
            log(subscriber, f"wagtail_sms.{verb.__name__}", user=request.user, title=log_title(subscriber))
        messages.success(request, self.done(subscriber))
        return redirect(self.back())

    def done(self, subscriber: Subscriber) -> str:
        text = _("%(number)s is suspended and receives no messages until you switch them on again.")
        if subscriber.status == SubscriberStatus.ACTIVE:
            text = _("%(number)s receives messages again.")
        return text % {"number": self.shown(subscriber)}


class DeleteView(SubscriberMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET asks in words; POST erases the number and keeps only the proof of consent and that it may not be texted."""

    permission = "delete_subscriber"
    http_method_names = ["get", "head", "post"]
    template_name = "wagtail_sms/admin/subscribers/confirm_delete.html"
    stylesheets = ("sending.css",)
    page_title = gettext_lazy("Delete subscriber")
    header_icon = "bin"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        subscriber = self.get_subscriber()
        context["subscriber"] = subscriber
        context["number"] = self.shown(subscriber)
        context["country"] = country_name(subscriber.country)
        context["back"] = self.back()
        return context

    def post(self, request, pk):
        subscriber = self.get_subscriber()
        log(subscriber, "wagtail_sms.delete", user=request.user, title=log_title(subscriber))
        number = self.shown(subscriber)
        with transaction.atomic():
            inbox.forget(self.site, number=subscriber.number)
            erase(subscriber, by=request.user)
        messages.success(request, _("%(number)s is deleted and will not be texted again.") % {"number": number})
        return redirect(self.back())


def log_title(subscriber: Subscriber) -> str:
    """The log outlives the number, so it names the row only."""
    return _("Subscriber %(id)s") % {"id": subscriber.pk}


def counts(site) -> dict[str, int]:
    """People by status, and all of them: one grouped query."""
    grouped = Subscriber.objects.of(site).order_by().values_list("status").annotate(people=Count("pk"))
    found = dict(grouped)
    return {**{status: found.get(status, 0) for status in SubscriberStatus.values}, "all": sum(found.values())}


urlpatterns = [
    path("sms/subscribers/", SubscribersView.as_view(), name="subscribers"),
    path("sms/subscribers/results/", SubscribersResultsView.as_view(), name="subscribers_results"),
    path("sms/subscribers/<int:pk>/toggle/", ToggleView.as_view(), name="subscriber_toggle"),
    path("sms/subscribers/<int:pk>/delete/", DeleteView.as_view(), name="subscriber_delete"),
]
