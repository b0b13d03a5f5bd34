"""How the popup and the installed app will look, from what stands in a form, before anything is saved or rebuilt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View
from wagtail.admin.staticfiles import versioned_static

from wagtail_sms import languages
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.exceptions import InvalidNumber
from wagtail_sms.extension import popup_features
from wagtail_sms.pwa import render
from wagtail_sms.pwa.models import PwaSettings, validate_colour, validate_language
from wagtail_sms.pwa.signup import form_fields
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS, SmsTexts


LONGEST = 2000
SCHEMES = {"light": "not all", "dark": "all"}
DAY = 24 * 60 * 60
SUBSCRIBED = {"status": "subscribed"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One phone: what it shows, in words, and its whole document for an ``<iframe srcdoc>``."""

    caption: str
    document: str


def popup_frames(texts: SmsTexts, chosen: PwaSettings) -> list[Frame]:
    """The popup in each of its states, drawn by its own module and styles."""
    return [
        _frame(_("The popup asks"), texts, chosen),
        _frame(_("In dark mode"), texts, chosen, scheme="dark"),
        _frame(_("After a mistake"), texts, chosen, answer=_mistake(texts)),
        _frame(_("Signed up"), texts, chosen, answer=SUBSCRIBED),
    ]


def form_frames(texts: SmsTexts, chosen: PwaSettings) -> list[Frame]:
    """The form within a page, as its own template and module draw it."""
    return [
        _frame(_("The form on a page"), texts, chosen, inline=True),
        _frame(_("The form in dark mode"), texts, chosen, inline=True, scheme="dark"),
        _frame(_("The form after a mistake"), texts, chosen, inline=True, answer=_mistake(texts)),
        _frame(_("The form, signed up"), texts, chosen, inline=True, answer=SUBSCRIBED),
    ]


def _mistake(texts: SmsTexts) -> dict:
    with languages.speaking(texts.language):
        return {"errors": {"phone": str(InvalidNumber.message)}}


def _frame(
    caption: str,
    texts: SmsTexts,
    chosen: PwaSettings,
    *,
    scheme: str = "light",
    answer: dict | None = None,
    inline: bool = False,
) -> Frame:
    styles = f"{reverse('wagtail_sms:look_styles')}?{urlencode({'colour': chosen.theme_colour, 'scheme': scheme})}"
    features = popup_features(texts.settings, [texts])
    sms = render.popup_data("", features, language=texts.language, styles=styles)
    document = {
        "lang": sms["lang"],
        "dir": sms["dir"],
        "name": chosen.effective_name,
        "colour": chosen.theme_colour,
        "scheme": scheme,
        "given": {"sms": sms, "answer": answer, "phone": "06 12"},
        "form": form_fields(features, language=texts.language, build_id="") if inline else {},
        "popup_styles": styles,
        "script": f"{reverse('wagtail_sms:look_script')}?{_script_version()}",
        "styles": versioned_static("wagtail_sms/admin/look-phone.css"),
    }
    return Frame(caption, render_to_string("wagtail_sms/admin/look/phone.html", document))


def typed_texts(site, posted: QueryDict, language: str) -> SmsTexts:
    """The texts of a form in one of its languages; they need not be valid, and nothing is saved."""
    shared = {name: typed(posted, name) for name in ("brand", "privacy_url", "default_country")}
    if not is_valid(URLValidator(["http", "https"]), shared["privacy_url"]):
        shared["privacy_url"] = ""
    settings = SmsSettings(site=site, **shared)
    return SmsTexts(
        settings=settings, language=language, **{name: typed(posted, f"{language}-{name}") for name in DEFAULTS}
    )


def typed(posted: QueryDict, name: str) -> str:
    # The texts are looked up, and PostgreSQL refuses a query with a zero byte in it.
    return posted.get(name, "").replace("\0", "")[:LONGEST]


def language_of(settings: SmsSettings, wanted: str) -> str:
    """The language that a preview is asked for; one that isn't offered any more is the site's first."""
    return wanted if wanted in languages.offered() else settings.spoken[0]


def language_choices(settings: SmsSettings) -> list[tuple[str, str]]:
    """What the switch over a preview offers."""
    return [(code, languages.name(code)) for code in settings.spoken]


def typed_app(site, posted: QueryDict) -> PwaSettings:
    """The app's settings with what a form changes in them; a colour or language that is none yet stays as it was."""
    chosen = PwaSettings.for_site(site)
    for name in ("name", "short_name"):
        if name in posted:
            setattr(chosen, name, posted[name].replace("\0", "").strip()[:45])
    for name, check in (
        ("theme_colour", validate_colour),
        ("background_colour", validate_colour),
        ("lang", validate_language),
    ):
        if is_valid(check, posted.get(name, "")):
            setattr(chosen, name, posted[name])
    return chosen


def is_valid(check: Any, value: str) -> bool:
    try:
        check(value)
    except ValidationError:
        return False
    return True


class PopupLookView(SmsViewMixin, TemplateView):
    """The phones above the popup's texts: what is posted need not be valid, and nothing is saved."""

    section = "settings"
    http_method_names = ["post"]
    template_name = "wagtail_sms/admin/look/popup_frames.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        language = language_of(SmsSettings.for_site(self.site), request.POST.get("look_language", ""))
        texts, chosen = typed_texts(self.site, request.POST, language), typed_app(self.site, QueryDict())
        return self.render_to_response(
            {"frames": popup_frames(texts, chosen), "form_frames": form_frames(texts, chosen)}
        )


class LookFileView(SmsViewMixin, View):
    """What the phones load. Their addresses change with what is in them."""

    permission = ("change_smssettings", "change_pwasettings", "rebuild_pwa")
    requires_installed = False
    http_method_names = ["get", "head"]

    def answer(self, body: str | bytes, content_type: str) -> HttpResponse:
        response = HttpResponse(body, content_type=content_type)
        response["X-Content-Type-Options"] = "nosniff"
        patch_cache_control(response, private=True, max_age=DAY)
        return response


class LookScriptView(LookFileView):
    """The popup's module as visitors get it, around which stands what the preview gives it and does with it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.answer(_script(), render.JAVASCRIPT)


class LookStylesView(LookFileView):
    """The popup's styles in a colour and for one scheme, whatever the editor's own screen is set to."""

    def get(self, request: HttpRequest) -> HttpResponse:
        colour, scheme = request.GET.get("colour", ""), request.GET.get("scheme", "")
        if scheme not in SCHEMES or not is_valid(validate_colour, colour):
            raise Http404
        code = render.styles("popup.css", colour).body.decode()
        code = code.replace("(prefers-color-scheme: dark)", SCHEMES[scheme])
        # Each change of a text draws the sheet anew; it need not rise each time.
        code = code.replace("(prefers-reduced-motion: no-preference)", "not all")
        return self.answer(code, render.STYLES)


def _script() -> str:
    given = 'JSON.parse(document.getElementById("wagtail-sms-given").textContent)'
    after = (render.SOURCES.parent / "admin" / "look-phone.js").read_text(encoding="utf-8")
    return f"const GIVEN = {given};\nconst SMS = GIVEN.sms;\n{render.source('popup.js')}\n{after}"


def _script_version() -> str:
    return hashlib.sha256(_script().encode()).hexdigest()[:12]


urlpatterns = [
    path("sms/settings/look/", PopupLookView.as_view(), name="popup_look"),
    path("sms/settings/look/popup.js", LookScriptView.as_view(), name="look_script"),
    path("sms/settings/look/popup.css", LookStylesView.as_view(), name="look_styles"),
]
