"""The Settings tab: the texts of the popup, of the consent and of the messages, each with its default."""

from django import forms
from django.http import Http404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel, ObjectList
from wagtail.admin.views import generic
from wagtail.admin.widgets import AdminAutoHeightTextInput

from wagtail_sms.admin.extensions import sender_of
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.previews import preview
from wagtail_sms.admin.sites import for_site
from wagtail_sms.countries import NAMES
from wagtail_sms.extension import features_for
from wagtail_sms.phone import display
from wagtail_sms.pricing.cards import served_countries
from wagtail_sms.pwa import builder
from wagtail_sms.subscribers.texts import DEFAULTS, PLACEHOLDERS, TEXTED, SmsSettings


# Fields whose filled text is shown below them as it is typed.
PREVIEWED = ("popup_text", "consent_text", *TEXTED)
LONGEST_PREVIEW = 2000


class TextInput(AdminAutoHeightTextInput):
    """A text area that shows the default while it is empty, and its filled text below while one types."""

    def __init__(self, name: str):
        src = reverse("wagtail_sms:settings_preview", args=[name])
        super().__init__(
            attrs={
                "rows": 2,
                "placeholder": DEFAULTS[name],
                "data-controller": "w-swap w-autosize",
                # The brand and the other placeholders change this text too, so every change of the form counts.
                "data-action": "input->w-swap#submitLazy change@document->w-swap#submitLazy",
                "data-w-swap-src-value": src,
                "data-w-swap-target-value": f"#wagtail-sms-preview-{name}",
            }
        )


class SmsSettingsForm(WagtailAdminModelForm):
    """Countries come from the rate card, defaults from the texts."""

    default_country = forms.ChoiceField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        country = self.fields["default_country"]
        country.label = capfirst(SmsSettings._meta.get_field("default_country").verbose_name)
        country.choices = [("", _("Guessed from the visitor's language")), *self.countries()]
        for name in DEFAULTS:
            if name in PREVIEWED:
                self.fields[name].widget = TextInput(name)
            else:
                self.fields[name].widget.attrs["placeholder"] = DEFAULTS[name]
        self.fields["brand"].widget.attrs["placeholder"] = self.instance.site.site_name or self.instance.site.hostname

    def countries(self) -> list[tuple[str, str]]:
        codes = {*served_countries(), self.instance.default_country} - {""}
        return sorted(((code, str(NAMES.get(code, code))) for code in codes), key=lambda pair: pair[1])


class PreviewPanel(FieldPanel):
    """A field with its filled text, its segments and what is wrong with it below."""

    class BoundPanel(FieldPanel.BoundPanel):
        template_name = "wagtail_sms/admin/settings/text_panel.html"

        def get_context_data(self, parent_context=None):
            context = super().get_context_data(parent_context)
            context["preview"] = preview(self.form.instance, self.field_name)
            return context


def text_panel(name: str) -> FieldPanel:
    return PreviewPanel(name) if name in PREVIEWED else FieldPanel(name)


PANEL = ObjectList(
    [
        MultiFieldPanel(
            [
                FieldPanel("brand"),
                FieldRowPanel([FieldPanel("frequency"), FieldPanel("privacy_url")]),
            ],
            heading=gettext_lazy("Who writes, and how often"),
            help_text=gettext_lazy(
                "Your texts may use {brand}, {frequency} and {privacy_url}: they are filled with what stands here."
            ),
        ),
        MultiFieldPanel(
            [
                HelpPanel(template="wagtail_sms/admin/look/popup.html"),
                *map(text_panel, ("popup_title", "popup_text")),
                FieldRowPanel([FieldPanel("accept_label"), FieldPanel("dismiss_label")]),
                FieldPanel("thanks_text"),
                FieldPanel("default_country"),
            ],
            heading=gettext_lazy("Popup"),
        ),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("popup_after_actions"), FieldPanel("popup_after_seconds")]),
                FieldRowPanel([FieldPanel("popup_audience"), FieldPanel("popup_from_visit")]),
                FieldPanel("popup_never_on"),
            ],
            heading=gettext_lazy("When the popup shows itself"),
            help_text=gettext_lazy(
                "It never interrupts typing or another dialog. After “Not now” it waits 7 days, then 30, then 90, "
                "and then stays away; after “Don’t ask again” and after signing up it never comes back. "
                "Half an hour without a page ends a visit."
            ),
        ),
        MultiFieldPanel([text_panel("consent_text")], heading=gettext_lazy("Consent")),
        MultiFieldPanel(list(map(text_panel, TEXTED)), heading=gettext_lazy("Messages")),
    ],
    base_form_class=SmsSettingsForm,
).bind_to_model(SmsSettings)


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
        return super().get_context_data(
            sender=sender,
            sender_number=display(sender.number) if sender else "",
            pwa_url=for_site(reverse("wagtail_sms:pwa"), self.site),
            needs_rebuild=self.needs_rebuild,
            may_rebuild=self.may("rebuild_pwa", "change_pwasettings"),
            **kwargs,
        )


class PreviewView(SmsViewMixin, TemplateView):
    """The fragment below a text field: what is posted need not be valid, and nothing is saved."""

    section = "settings"
    http_method_names = ["post"]
    template_name = "wagtail_sms/admin/settings/preview.html"

    def post(self, request, name):
        if name not in PREVIEWED:
            raise Http404
        typed = {field: self.typed(field) for field in (*DEFAULTS, *PLACEHOLDERS)}
        return self.render_to_response({"preview": preview(SmsSettings(site=self.site, **typed), name)})

    def typed(self, field: str) -> str:
        # The text is looked up among the known wordings, and PostgreSQL refuses a query with a zero byte in it.
        return self.request.POST.get(field, "").replace("\0", "")[:LONGEST_PREVIEW]


class SmsSettingsURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to the Settings tab."""

    model = SmsSettings

    def construct_edit_url(self, instance):
        return for_site(reverse("wagtail_sms:settings"), instance.site)


urlpatterns = [
    path("sms/settings/", SettingsView.as_view(), name="settings"),
    path("sms/settings/preview/<slug:name>/", PreviewView.as_view(), name="settings_preview"),
]
