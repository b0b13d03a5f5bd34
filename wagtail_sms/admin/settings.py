"""The Settings tab: the texts of the popup, of the consent and of the messages, each with its default."""

from django.forms import Media
from django.http import Http404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.views import generic

from wagtail_sms import languages
from wagtail_sms.admin.extensions import sender_of
from wagtail_sms.admin.look import typed_texts
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.previews import preview
from wagtail_sms.admin.settings_form import PREVIEWED
from wagtail_sms.admin.settings_panels import PANEL
from wagtail_sms.admin.sites import for_site
from wagtail_sms.extension import features_for
from wagtail_sms.phone import display
from wagtail_sms.pwa import builder
from wagtail_sms.subscribers.settings import SmsSettings


class SettingsView(SmsViewMixin, generic.EditView):
    section = "settings"
    model = SmsSettings
    template_name = "wagtail_sms/admin/settings/edit.html"
    page_title = gettext_lazy("Settings")
    header_icon = "cog"
    success_message = gettext_lazy("The settings are saved.")
    error_message = gettext_lazy("The settings could not be saved due to errors.")
    stylesheets = ("settings.css",)

    def get_object(self, queryset=None):
        return SmsSettings.for_site(self.site)

    def get_panel(self):
        return PANEL

    def get_page_subtitle(self):
        return ""

    def get_edit_url(self):
        return reverse("wagtail_sms:settings")

    def get_success_url(self):
        return self.address("settings")

    @cached_property
    def needs_rebuild(self) -> bool:
        """Whether the popup that visitors see lacks something saved here."""
        return builder.is_out_of_date(self.site, features=features_for(self.site))

    def get_success_message(self):
        if not self.needs_rebuild:
            return _("The settings are saved.")
        return _("The settings are saved. The popup changes for visitors when the PWA is rebuilt.")

    def get_success_buttons(self):
        if self.needs_rebuild and self.may("rebuild_pwa", "change_pwasettings"):
            return [messages.button(for_site(reverse("wagtail_sms:pwa"), self.site), _("Go to Publish > PWA"))]
        return None

    def get_context_data(self, **kwargs):
        sender = sender_of(self.site)
        context = super().get_context_data(
            sender=sender,
            sender_number=display(sender.number) if sender else "",
            pwa_url=for_site(reverse("wagtail_sms:pwa"), self.site),
            needs_rebuild=self.needs_rebuild,
            may_rebuild=self.may("rebuild_pwa", "change_pwasettings"),
            **kwargs,
        )
        context["media"] += Media(js=[versioned_static("wagtail_sms/admin/look-language.js")])
        return context


class PreviewView(SmsViewMixin, TemplateView):
    """The fragment below a text field: what is posted need not be valid, and nothing is saved."""

    section = "settings"
    http_method_names = ["post"]
    template_name = "wagtail_sms/admin/settings/preview.html"

    def post(self, request, language, name):
        if name not in PREVIEWED or language not in languages.offered():
            raise Http404
        return self.render_to_response({"preview": preview(typed_texts(self.site, request.POST, language), name)})


class SmsSettingsURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to the Settings tab."""

    model = SmsSettings

    def construct_edit_url(self, instance):
        return for_site(reverse("wagtail_sms:settings"), instance.site)


urlpatterns = [
    path("sms/settings/", SettingsView.as_view(), name="settings"),
    path("sms/settings/preview/<slug:language>/<slug:name>/", PreviewView.as_view(), name="settings_preview"),
]
