"""What the composer does besides sending: keep a draft, keep a template, send a test to one's own phone."""

from uuid import uuid4

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from wagtail.admin import messages

from wagtail_sms.admin.composing import ComposerMixin
from wagtail_sms.admin.repeats import token_for
from wagtail_sms.admin.writing import DraftForm, MessageForm, TemplateForm, TestForm
from wagtail_sms.campaigns.drafts import save_draft
from wagtail_sms.campaigns.templates import save_template
from wagtail_sms.campaigns.testing import send_test
from wagtail_sms.exceptions import DraftChanged, MessageRefused, NameTaken, WagtailSMSError
from wagtail_sms.phone import display


class SaveDraftView(ComposerMixin, View):
    """Keeps the text. After a conflict a button says whether it takes the place of the other editor's."""

    http_method_names = ["post"]

    def post(self, request):
        form = DraftForm(request.POST)
        if not form.is_valid():
            return self.write(form)
        token, revision = token_for(self.site, token=self.token), self.revision
        if "action-new" in request.POST:
            token, revision = uuid4(), 0
        if "action-overwrite" in request.POST:
            revision = self.seen_of_theirs(form)
        try:
            facts = {"form_token": token or uuid4(), "revision": revision, "by": request.user}
            draft = save_draft(self.site, body=form.cleaned_data["body"], **facts)
        except DraftChanged as theirs:
            return self.settle_conflict(form, theirs.campaign)
        if token is None:
            messages.warning(
                request, _("The message was scheduled or sent meanwhile. Your text is kept as another draft.")
            )
        else:
            messages.success(request, _("The draft is saved."))
        response = self.lead_to("send")
        response["Location"] += f"&draft={draft.form_token}"
        return response

    @staticmethod
    def seen_of_theirs(form) -> int:
        """The version of the other editor that was shown beside one's own."""
        typed = form.data["action-overwrite"]
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


class SaveTemplateView(ComposerMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        form, naming = DraftForm(request.POST), TemplateForm(request.POST)
        if form.is_valid() and naming.is_valid():
            facts = {"name": naming.cleaned_data["template_name"], "body": form.cleaned_data["body"]}
            try:
                template = save_template(self.site, **facts, by=request.user)
            except NameTaken as taken:
                naming.add_error("template_name", str(taken.message))
            else:
                messages.success(request, _("The template “%(name)s” is saved.") % {"name": template.name})
                naming = TemplateForm()
        return self.write(form, naming=naming)


class TestView(ComposerMixin, View):
    """One text to the phone that was typed in, at its price. The message stays in the box."""

    http_method_names = ["post"]

    def post(self, request):
        if not self.may_send:
            raise PermissionDenied
        form, test = MessageForm(request.POST), TestForm(request.POST)
        if form.is_valid() and test.is_valid():
            test = self.send(form, test)
        return self.write(form, test=test)

    def send(self, form, test: TestForm) -> TestForm:
        to = test.cleaned_data["to"]
        token = test.cleaned_data["test_token"] or uuid4()
        try:
            notice = send_test(self.site, body=form.cleaned_data["body"], to=to, token=token, by=self.request.user)
        except MessageRefused as refused:
            form.add_error("body", str(refused.message))
            return test
        except WagtailSMSError as error:
            test.add_error("to", str(error.message))
            return test
        if notice is None:
            messages.warning(self.request, _("This test was sent already. Nothing was sent a second time."))
        else:
            said = ngettext(
                "A test is on its way to %(number)s. It cost %(credits)s credit.",
                "A test is on its way to %(number)s. It cost %(credits)s credits.",
                notice.credits,
            )
            messages.success(self.request, said % {"number": display(to.number), "credits": intcomma(notice.credits)})
        return TestForm(initial={"to": display(to.number)})


urlpatterns = [
    path("sms/send/draft/", SaveDraftView.as_view(), name="save_draft"),
    path("sms/send/template/", SaveTemplateView.as_view(), name="save_template"),
    path("sms/send/test/", TestView.as_view(), name="test"),
]
