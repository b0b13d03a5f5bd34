"""Drafts, scheduled messages and templates of a site: lists to go on from."""

from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn, UserColumn
from wagtail.admin.views.generic import BaseListingView, WagtailAdminTemplateMixin

from wagtail_sms.admin.columns import WIDE, Look, StateColumn, campaign_look
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.scheduling import in_words
from wagtail_sms.campaigns.drafts import discard, unsent
from wagtail_sms.campaigns.models import Campaign, MessageTemplate
from wagtail_sms.exceptions import IllegalTransition
from wagtail_sms.states import CampaignStatus


class DeleteColumn(Column):
    """A trash can that leads to a page which asks first, for a row with a `delete_url`."""

    cell_template_name = "wagtail_sms/admin/send/delete_cell.html"

    def __init__(self):
        super().__init__("delete_url", label=gettext_lazy("Delete"))


class ShelfListView(SmsViewMixin, BaseListingView):
    section = "send"
    stylesheets = ("sending.css", "composer.css")
    template_name = "wagtail_sms/admin/send/shelf.html"
    results_template_name = "wagtail_sms/admin/send/shelf_results.html"
    is_searchable = True
    paginate_by = 50

    def get_breadcrumbs_items(self):
        *before, own = super().get_breadcrumbs_items()
        return [*before, {"url": reverse("wagtail_sms:send"), "label": _("Send")}, own]


class DraftsView(ShelfListView):
    """What was not sent: drafts, and what is scheduled, the latest first."""

    model = Campaign
    page_title = gettext_lazy("Drafts")
    header_icon = "draft"
    index_url_name = "wagtail_sms:drafts"
    index_results_url_name = "wagtail_sms:drafts_results"
    verbose_name_plural = gettext_lazy("drafts")
    search_fields = ["body"]
    default_ordering = "-edited_at"
    columns = [
        TitleColumn("body", label=gettext_lazy("Message"), accessor=str, get_url=lambda draft: draft.address),
        StateColumn("status", label=gettext_lazy("Status"), accessor=lambda draft: draft.look, sort_key="status"),
        DateColumn("edited_at", label=gettext_lazy("Changed"), sort_key="edited_at", classname="wagtail-sms-once"),
        UserColumn("edited_by", label=gettext_lazy("By"), classname=f"{WIDE} wagtail-sms-once"),
        DeleteColumn(),
    ]

    def get_base_queryset(self):
        return unsent(self.site).select_related("edited_by__wagtail_userprofile")

    def get_table(self, object_list):
        drafts = list(object_list)
        for draft in drafts:
            draft.look, draft.address = look(draft), self.address_of(draft)
            is_draft = draft.status == CampaignStatus.DRAFT
            draft.delete_url = self.address("draft_delete", draft.pk) if is_draft else ""
        return super().get_table(drafts)

    def address_of(self, draft: Campaign) -> str:
        if draft.status == CampaignStatus.SCHEDULED:
            return self.address("scheduled", draft.pk)
        return f"{self.address('send')}&draft={draft.form_token}"


class DraftsResultsView(DraftsView):
    results_only = True


class TemplatesView(ShelfListView):
    model = MessageTemplate
    page_title = gettext_lazy("Templates")
    header_icon = "doc-full"
    index_url_name = "wagtail_sms:templates"
    index_results_url_name = "wagtail_sms:templates_results"
    verbose_name_plural = gettext_lazy("templates")
    search_fields = ["name", "body"]
    default_ordering = "name"
    columns = [
        TitleColumn("name", label=gettext_lazy("Name"), sort_key="name", get_url=lambda kept: kept.address),
        Column("body", label=gettext_lazy("Message"), accessor=lambda kept: kept.excerpt),
        DateColumn("saved_at", label=gettext_lazy("Saved"), sort_key="saved_at", classname=f"{WIDE} wagtail-sms-once"),
        UserColumn("saved_by", label=gettext_lazy("By"), classname=f"{WIDE} wagtail-sms-once"),
        DeleteColumn(),
    ]

    def get_base_queryset(self):
        return MessageTemplate.objects.filter(site=self.site).select_related("saved_by__wagtail_userprofile")

    def get_table(self, object_list):
        kept = list(object_list)
        for template in kept:
            template.address = f"{self.address('send')}&template={template.pk}"
            template.delete_url = self.address("template_delete", template.pk)
            template.excerpt = str(Campaign(body=template.body))
        return super().get_table(kept)


class TemplatesResultsView(TemplatesView):
    results_only = True


class DeleteView(SmsViewMixin, WagtailAdminTemplateMixin, TemplateView):
    """GET asks, POST deletes. `back` is the list it leads to."""

    section = "send"
    stylesheets = ("sending.css", "composer.css")
    template_name = "wagtail_sms/admin/send/confirm_delete.html"
    header_icon = "bin"
    back = ""
    done = ""

    def get_context_data(self, **kwargs):
        return super().get_context_data(thing=self.get_object(), back=self.address(self.back), **kwargs)

    def post(self, request, pk):
        try:
            self.remove(self.get_object())
        except IllegalTransition:
            messages.error(request, _("It is no draft any more, so it was not deleted."))
        else:
            messages.success(request, self.done)
        return self.lead_to(self.back)


class DeleteDraftView(DeleteView):
    page_title = gettext_lazy("Delete this draft?")
    back = "drafts"
    done = gettext_lazy("The draft is deleted.")
    remove = staticmethod(discard)

    def get_object(self) -> Campaign:
        return get_object_or_404(unsent(self.site), status=CampaignStatus.DRAFT, pk=self.kwargs["pk"])


class DeleteTemplateView(DeleteView):
    page_title = gettext_lazy("Delete this template?")
    back = "templates"
    done = gettext_lazy("The template is deleted.")
    remove = staticmethod(MessageTemplate.delete)

    def get_object(self) -> MessageTemplate:
        return get_object_or_404(MessageTemplate, site=self.site, pk=self.kwargs["pk"])


def look(draft: Campaign) -> Look:
    """How a message stands that was not sent: when it will be, or why it was not."""
    if draft.status == CampaignStatus.SCHEDULED:
        return Look("calendar", in_words(draft.send_at), "wait")
    if draft.held_reason:
        return Look("warning", _("Not sent: %(reason)s") % {"reason": draft.held_reason}, "warn")
    return campaign_look(draft)


urlpatterns = [
    path("sms/send/drafts/", DraftsView.as_view(), name="drafts"),
    path("sms/send/drafts/results/", DraftsResultsView.as_view(), name="drafts_results"),
    path("sms/send/drafts/<int:pk>/delete/", DeleteDraftView.as_view(), name="draft_delete"),
    path("sms/send/templates/", TemplatesView.as_view(), name="templates"),
    path("sms/send/templates/results/", TemplatesResultsView.as_view(), name="templates_results"),
    path("sms/send/templates/<int:pk>/delete/", DeleteTemplateView.as_view(), name="template_delete"),
]
