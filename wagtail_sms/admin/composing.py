"""The page with the message box, for the views that come back to it: what is typed is in it whatever happened."""

from uuid import UUID, uuid4

from django.db.models import Count, Q
from django.forms import Media
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.buy import way_to_buy
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import sender_number
from wagtail_sms.admin.quotes import priced
from wagtail_sms.admin.stock import stock
from wagtail_sms.admin.suggesting import on_the_phone, suggest, was_replaced
from wagtail_sms.admin.writing import MessageForm, TemplateForm, TestForm, describe
from wagtail_sms.campaigns.drafts import unsent
from wagtail_sms.campaigns.estimate import estimate
from wagtail_sms.campaigns.models import Campaign, MessageTemplate
from wagtail_sms.campaigns.testing import last_number
from wagtail_sms.phone import display
from wagtail_sms.states import CampaignStatus


class ComposerMixin(SmsViewMixin, WagtailAdminTemplateMixin):
    """A view that ends at the message box, or began there."""

    section = "send"
    stylesheets = ("sending.css", "composer.css")
    page_title = gettext_lazy("Send")
    header_icon = "mail"

    @property
    def may_send(self) -> bool:
        return self.may("send_campaign")

    @cached_property
    def token(self) -> UUID:
        """The once-only name of this form, kept while the same message goes back and forth."""
        return self.posted("form_token") or uuid4()

    def posted(self, name: str):
        """A field of the form that was posted; None when it isn't there or isn't one."""
        form = MessageForm(self.request.POST)
        form.is_valid()
        return form.cleaned_data.get(name)

    @cached_property
    def revision(self) -> int | None:
        """The version of the draft that the form was about, or that this request made of it."""
        return self.posted("revision")

    def write(self, form: MessageForm, *, token: UUID | None = None, **more):
        """Show the box, with whatever was in it."""
        body, before = form["body"].value() or "", form["before"].value() or ""
        context = {
            "form": form,
            "form_token": token or self.token,
            "revision": self.revision or 0,
            "shelf": shelf(self.site),
            "test": TestForm(initial={"to": display(last_number(self.request.user))}),
            "naming": TemplateForm(),
            "stock": stock(self.site),
            "buy_url": way_to_buy(self),
            "may_send": self.may_send,
            "has_unsaved_changes": bool(body.strip()),
            "action_url": reverse("wagtail_sms:send"),
            **what_it_costs(self.site, body, before=before),
            **more,
        }
        return self.render("wagtail_sms/admin/send/write.html", context)

    def settle_conflict(self, form: MessageForm, theirs: Campaign):
        """Two editors, one draft: both texts, and the choice. Nothing was overwritten."""
        return self.write(form, token=theirs.form_token, conflict=theirs)

    def render(self, template_name: str, context: dict):
        context = self.get_context_data(**context)
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/composer.js")])
        return TemplateResponse(self.request, template_name, context)


def shelf(site) -> dict[str, int]:
    """How many messages lie there for later, and which of them wait for a person."""
    lying = unsent(site).aggregate(
        drafts=Count("pk", filter=Q(status=CampaignStatus.DRAFT)),
        scheduled=Count("pk", filter=Q(status=CampaignStatus.SCHEDULED)),
        held=Count("pk", filter=Q(status=CampaignStatus.DRAFT) & ~Q(held_reason="")),
    )
    return {**lying, "templates": MessageTemplate.objects.filter(site=site).count()}


def what_it_costs(site, body: str, *, before: str = "") -> dict:
    """The template context of the fragment that follows the typing. Reads only."""
    quote = estimate(site, body=body)
    return {
        "writing": describe(body),
        "quote": priced(quote),
        "suggestion": suggest(quote, body),
        "was_replaced": was_replaced(body, before=before),
        "parts": on_the_phone(body),
        "number": sender_number(site),
    }
