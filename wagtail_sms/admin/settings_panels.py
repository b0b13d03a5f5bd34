"""What stands where on the Settings tab."""

from django.utils.translation import gettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel, ObjectList, Panel

from wagtail_sms import languages
from wagtail_sms.admin.look import language_choices
from wagtail_sms.admin.previews import preview
from wagtail_sms.admin.settings_form import PREVIEWED, SmsSettingsForm
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import TEXTED, SmsTexts


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


TEXTS = ObjectList(
    [
        MultiFieldPanel(
            [
                *map(text_panel, ("popup_title", "popup_text")),
                FieldRowPanel([FieldPanel("accept_label"), FieldPanel("dismiss_label")]),
                FieldPanel("thanks_text"),
            ],
            heading=gettext_lazy("Popup"),
        ),
        MultiFieldPanel([FieldPanel("frequency"), text_panel("consent_text")], heading=gettext_lazy("Consent")),
        MultiFieldPanel(list(map(text_panel, TEXTED)), heading=gettext_lazy("Messages")),
    ]
).bind_to_model(SmsTexts)


class LookPanel(HelpPanel):
    """The phones, and the switch to see them in another language."""

    class BoundPanel(HelpPanel.BoundPanel):
        def get_context_data(self, parent_context=None):
            context = super().get_context_data(parent_context)
            context["look_languages"] = language_choices(self.instance)
            return context


class TextsPanel(Panel):
    """The texts in each language, a tab each; a site that speaks one language has no tabs."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "wagtail_sms/admin/settings/texts_panel.html"

        def get_context_data(self, parent_context=None):
            context = super().get_context_data(parent_context)
            context["tabs"] = [
                {
                    "language": language,
                    "name": languages.name(language),
                    "panel": TEXTS.get_bound_panel(
                        instance=form.instance, request=self.request, form=form, prefix=f"{self.prefix}-{language}"
                    ),
                }
                for language, form in self.form.texts.items()
            ]
            return context


class LanguagesPanel(MultiFieldPanel):
    """Only where there is a choice."""

    class BoundPanel(MultiFieldPanel.BoundPanel):
        def is_shown(self):
            return super().is_shown() and len(languages.offered()) > 1


PANEL = ObjectList(
    [
        MultiFieldPanel(
            [FieldPanel("brand"), FieldPanel("privacy_url")],
            heading=gettext_lazy("Who writes"),
            help_text=gettext_lazy(
                "Your texts may use {brand}, {frequency} and {privacy_url}: they are filled with what stands here."
            ),
        ),
        LanguagesPanel([FieldPanel("first_language"), FieldPanel("languages")], heading=gettext_lazy("Languages")),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("popup_after_actions"), FieldPanel("popup_after_seconds")]),
                FieldRowPanel([FieldPanel("popup_audience"), FieldPanel("popup_from_visit")]),
                FieldPanel("popup_never_on"),
                FieldPanel("default_country"),
            ],
            heading=gettext_lazy("When the popup shows itself"),
            help_text=gettext_lazy(
                "It never interrupts typing or another dialog. After “Not now” it waits 7 days, then 30, then 90, "
                "and then stays away; after “Don’t ask again” and after signing up it never comes back. "
                "Half an hour without a page ends a visit."
            ),
        ),
        MultiFieldPanel([FieldPanel("confirmation")], heading=gettext_lazy("Signing up")),
        LookPanel(template="wagtail_sms/admin/look/popup.html"),
        TextsPanel(),
    ],
    base_form_class=SmsSettingsForm,
).bind_to_model(SmsSettings)
