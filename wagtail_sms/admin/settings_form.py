"""The forms of the Settings tab: what is shared, and the texts of each language, saved together or not at all."""

from django import forms
from django.db import transaction
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.widgets import AdminAutoHeightTextInput

from wagtail_sms import languages
from wagtail_sms.countries import NAMES
from wagtail_sms.pricing.cards import served_countries
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS, TEXTED, SmsTexts, texts_of


# Fields whose filled text is shown below them as it is typed.
PREVIEWED = ("popup_text", "consent_text", *TEXTED)


class TextInput(AdminAutoHeightTextInput):
    """A text area that shows the default while it is empty, and its filled text below while one types."""

    def __init__(self, language: str, name: str):
        super().__init__(
            attrs={
                "rows": 2,
                "data-controller": "w-swap w-autosize",
                # The brand and the other placeholders change this text too, so every change of the form counts.
                "data-action": "input->w-swap#submitLazy change@document->w-swap#submitLazy",
                "data-w-swap-src-value": reverse("wagtail_sms:settings_preview", args=[language, name]),
                "data-w-swap-target-value": f"#wagtail-sms-preview-{language}-{name}",
            }
        )


class SmsTextsForm(WagtailAdminModelForm):
    """The texts of one language. Its fields are named ``fr-welcome_text``."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        language = self.instance.language
        for name in DEFAULTS:
            if name in PREVIEWED:
                self.fields[name].widget = TextInput(language, name)
            attrs = {"lang": language, "dir": languages.direction(language), "placeholder": self.instance.default(name)}
            self.fields[name].widget.attrs |= attrs


class SmsSettingsForm(WagtailAdminModelForm):
    """Countries come from the rate card, languages from the host; the texts' forms are in ``texts``, by language.

    Which of them a form posted says ``text_language``: a language that was added meanwhile is not emptied.
    """

    default_country = forms.ChoiceField(required=False)
    first_language = forms.ChoiceField(required=False)
    languages = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        country = self.fields["default_country"]
        country.label = capfirst(SmsSettings._meta.get_field("default_country").verbose_name)
        country.choices = [("", _("Guessed from the visitor's language")), *self.countries()]
        self.fields["brand"].widget.attrs["placeholder"] = self.instance.site.site_name or self.instance.site.hostname
        self.offer_languages()
        self.texts = {language: self.texts_form(language) for language in self.written_languages()}

    def countries(self) -> list[tuple[str, str]]:
        codes = {*served_countries(), self.instance.default_country} - {""}
        return sorted(((code, str(NAMES.get(code, code))) for code in codes), key=lambda pair: pair[1])

    def offer_languages(self) -> None:
        choices, spoken = list(languages.offered().items()), self.instance.spoken
        first, others = self.fields["first_language"], self.fields["languages"]
        first.label, first.choices, first.initial = _("Language for everybody else"), choices, spoken[0]
        first.help_text = _("For visitors whose page and browser speak none of the languages below.")
        others.label, others.choices = _("Languages of the popup"), choices
        others.help_text = _("A visitor gets the language of the page, else that of the browser.")
        self.initial["languages"] = spoken

    def written_languages(self) -> list[str]:
        """Those whose texts stand in the form, in the order of the site."""
        if not self.is_bound:
            return self.instance.spoken
        offered = languages.offered()
        return [code for code in dict.fromkeys(self.data.getlist("text_language")) if code in offered]

    def texts_form(self, language: str) -> forms.ModelForm:
        instance = texts_of(self.instance, language)
        # The texts are checked filled with the brand that is typed beside them.
        instance.settings = self.instance
        return TEXTS_FORM(self.data if self.is_bound else None, prefix=language, instance=instance)

    def clean(self):
        cleaned = super().clean()
        chosen, first = cleaned.get("languages"), cleaned.get("first_language")
        if chosen is not None:
            cleaned["languages"] = self.in_order(first, chosen)
        return cleaned

    def in_order(self, first: str, chosen: list[str]) -> list[str]:
        """The first one ahead, ticked or not. A form without the choice, where there is none, changes nothing."""
        if not first and not chosen:
            return self.instance.languages
        return list(dict.fromkeys([code for code in (first, *chosen) if code]))

    def is_valid(self):
        return all([super().is_valid(), *(form.is_valid() for form in self.texts.values())])

    def has_changed(self):
        return super().has_changed() or any(form.has_changed() for form in self.texts.values())

    @transaction.atomic
    def save(self, commit=True):
        saved = super().save(commit=commit)
        for form in self.texts.values():
            form.instance.settings = saved
            form.save(commit=commit)
        return saved


TEXTS_FORM = forms.modelform_factory(SmsTexts, form=SmsTextsForm, fields=list(DEFAULTS))
