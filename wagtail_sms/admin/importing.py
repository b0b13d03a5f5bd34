"""Importing people who agreed elsewhere: choose a file, say which column is what, look at a dry run, confirm."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.import_columns import ColumnsForm
from wagtail_sms.admin.import_report import figures, problem_rows, problems_file
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.numbers import FULL_NUMBERS
from wagtail_sms.conf import app_settings
from wagtail_sms.countries import NAMES
from wagtail_sms.exceptions import ImportRefused
from wagtail_sms.states import ImportStatus
from wagtail_sms.subscribers import imports
from wagtail_sms.subscribers.import_file import plain
from wagtail_sms.subscribers.models import SubscriberImport


POLL_EVERY = 2000  # milliseconds


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,text/csv"})
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country of numbers without a +"),
        help_text=gettext_lazy("A number with + or 00 in front says its country itself."),
        required=False,
    )
    consent = forms.CharField(
        label=gettext_lazy("Where and when these people agreed"),
        help_text=gettext_lazy(
            "One sentence, kept with each person as the proof of their consent: “Ticked the box on the entry form of "
            "the summer raffle in our shop, June 2026”."
        ),
        min_length=15,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("Each of them agreed to get text messages from this site, and I can prove it."),
        error_messages={"required": gettext_lazy("Only people who agreed may be imported.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = sorted(((code, str(name)) for code, name in NAMES.items()), key=lambda choice: choice[1])
        self.fields["country"].choices = [("", _("None: all have a + or 00 in front")), *named]

    def clean_file(self):
        """Refused by its size before anything of it is read."""
        file, limit = self.cleaned_data["file"], app_settings.IMPORT_MAX_BYTES
        if file.size > limit:
            text = _("The file is larger than %(limit)s MB. Split it and import the parts one after the other.")
            raise forms.ValidationError(text % {"limit": f"{limit / 1_000_000:g}"})
        return file

    def clean_consent(self):
        sentence = plain(self.cleaned_data["consent"], longest=300)
        if len(sentence) < 15:
            raise forms.ValidationError(_("Write a sentence that says where and when."))
        return sentence


class ImportMixin(SmsViewMixin, WagtailAdminTemplateMixin, View):
    """A step of an import. Only who chose the file goes on with it, on the site it was chosen for; others get a 404.

    It takes the right to see full numbers too: a dry run tells whether somebody whose number one has is a subscriber.
    """

    section = "subscribers"
    permission = "import_subscriber"
    stylesheets = ("sending.css",)
    page_title = gettext_lazy("Import subscribers")
    header_icon = "upload"

    def dispatch(self, request, *args, **kwargs):
        if not self.may(FULL_NUMBERS):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def found(self) -> SubscriberImport:
        mine = SubscriberImport.objects.filter(site=self.site, by=self.request.user)
        return get_object_or_404(mine.defer("content"), pk=self.kwargs["pk"])

    def get_breadcrumbs_items(self):
        items = super().get_breadcrumbs_items()
        return [*items[:-1], {"url": self.address("subscribers"), "label": _("Subscribers")}, items[-1]]

    def show(self, **context):
        return self.render_to_response(self.get_context_data(**context))

    def to_page(self, name: str):
        return HttpResponseRedirect(self.address(name, self.found.pk))


class UploadView(ImportMixin):
    template_name = "wagtail_sms/admin/import/upload.html"

    def get(self, request):
        return self.show(form=UploadForm())

    def post(self, request):
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.show(form=form)
        file, data = form.cleaned_data["file"], form.cleaned_data
        try:
            self.found = imports.upload(
                self.site,
                content=file.read(),
                file_name=plain(file.name, longest=100),
                country=data["country"],
                consent=data["consent"],
                by=request.user,
            )
        except ImportRefused as error:
            form.add_error("file", str(error.message))
            return self.show(form=form)
        return self.to_page("subscribers_import_columns")

    def get_context_data(self, **kwargs):
        megabytes, rows = app_settings.IMPORT_MAX_BYTES / 1_000_000, app_settings.IMPORT_MAX_ROWS
        return super().get_context_data(megabytes=f"{megabytes:g}", most_rows=rows, **kwargs)


class ColumnsView(ImportMixin):
    template_name = "wagtail_sms/admin/import/columns.html"

    def dispatch(self, request, *args, **kwargs):
        if self.found.status not in imports.OPEN:
            return self.to_page("subscribers_import_page")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, pk):
        return self.show(form=ColumnsForm(sample=self.sample))

    def post(self, request, pk):
        form = ColumnsForm(request.POST, sample=self.sample)
        if not form.is_valid():
            return self.show(form=form)
        imports.check(self.found, columns=form.columns)
        return self.to_page("subscribers_import_page")

    @cached_property
    def sample(self) -> list[list[str]]:
        return imports.sample(self.found)

    def get_context_data(self, **kwargs):
        return super().get_context_data(found=self.found, sample=self.sample, **kwargs)


class ImportView(ImportMixin):
    """The dry run, the progress and the report of one import; POST confirms what the dry run showed."""

    template_name = "wagtail_sms/admin/import/page.html"

    def get(self, request, pk):
        if self.found.status == ImportStatus.UPLOADED:
            return self.to_page("subscribers_import_columns")
        return self.show()

    def post(self, request, pk):
        imports.confirm(self.found)
        return self.to_page("subscribers_import_page")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(found=self.found, **kwargs)
        context["running"] = self.found.status in imports.RUNNING
        context["poll_every"] = POLL_EVERY if context["running"] else 0
        context["figures"] = figures(self.found)
        context["new"] = self.found.figures.get("new", 0)
        context["problems"], context["more_problems"] = problem_rows(self.found)
        context["share"] = 100 * self.found.rows_done // self.found.rows if self.found.rows else None
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/progress.js")])
        return context


class ImportStateView(ImportView):
    """The live parts of the page only."""

    http_method_names = ["get"]
    template_name = "wagtail_sms/admin/import/state.html"


class ProblemsView(ImportMixin):
    """The rows that can't be imported, as a file."""

    http_method_names = ["get"]

    def get(self, request, pk):
        response = HttpResponse(problems_file(self.found), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="rows-not-imported.csv"'
        return response


urlpatterns = [
    path("sms/subscribers/import/", UploadView.as_view(), name="subscribers_import"),
    path("sms/subscribers/import/<int:pk>/columns/", ColumnsView.as_view(), name="subscribers_import_columns"),
    path("sms/subscribers/import/<int:pk>/", ImportView.as_view(), name="subscribers_import_page"),
    path("sms/subscribers/import/<int:pk>/state/", ImportStateView.as_view(), name="subscribers_import_state"),
    path("sms/subscribers/import/<int:pk>/problems/", ProblemsView.as_view(), name="subscribers_import_problems"),
]
