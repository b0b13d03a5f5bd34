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
from django.utils.translation import override
from django.views.generic import TemplateView, View
from wagtail.admin.staticfiles import versioned_static

from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.extension import popup_features
from wagtail_sms.pwa import render
from wagtail_sms.pwa.models import PwaSettings, validate_colour, validate_language
from wagtail_sms.subscribers.texts import DEFAULTS, PLACEHOLDERS, SmsSettings


LONGEST = 2000
SCHEMES = {"light": "not all", "dark": "all"}
DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Frame:
    """One phone: what it shows, in words, and its whole document for an ``<iframe srcdoc>``."""

    caption: str
    document: str


def frames(texts: SmsSettings, chosen: PwaSettings) -> list[Frame]:
    """The popup in each of its states, drawn by its own module and styles."""
    mistake = {"errors": {"phone": _("This is not a valid phone number.")}}
    return [
        _frame(_("The popup asks"), texts, chosen),
        _frame(_("In dark mode"), texts, chosen, scheme="dark"),
        _frame(_("After a mistake"), texts, chosen, answer=mistake),
        _frame(_("Signed up"), texts, chosen, answer={"status": "subscribed"}),
    ]


def _frame(
    caption: str, texts: SmsSettings, chosen: PwaSettings, *, scheme: str = "light", answer: dict | None = None
) -> Frame:
    styles = f"{reverse('wagtail_sms:look_styles')}?{urlencode({'colour': chosen.theme_colour, 'scheme': scheme})}"
    with override(chosen.lang):
        sms = render.popup_data(chosen, "", popup_features(texts), styles=styles)
    document = {
        "lang": chosen.lang,
        "dir": sms["dir"],
        "name": chosen.effective_name,
        "colour": chosen.theme_colour,
        "scheme": scheme,
        "given": {"sms": sms, "answer": answer, "phone": "06 12"},
        "script": f"{reverse('wagtail_sms:look_script')}?{_script_version()}",
        "styles": versioned_static("wagtail_sms/admin/look-phone.css"),
    }
    return Frame(caption, render_to_string("wagtail_sms/admin/look/phone.html", document))


def typed_texts(site, posted: QueryDict) -> SmsSettings:
    """The texts of a form that need not be valid; nothing is saved."""
    names = (*DEFAULTS, *PLACEHOLDERS, "default_country")
    # The texts are looked up, and PostgreSQL refuses a query with a zero byte in it.
    typed = {name: posted.get(name, "").replace("\0", "")[:LONGEST] for name in names}
    if not is_valid(URLValidator(["http", "https"]), typed["privacy_url"]):
        typed["privacy_url"] = ""
    return SmsSettings(site=site, **typed)


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
        texts, chosen = typed_texts(self.site, request.POST), typed_app(self.site, QueryDict())
        return self.render_to_response({"frames": frames(texts, chosen)})


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
