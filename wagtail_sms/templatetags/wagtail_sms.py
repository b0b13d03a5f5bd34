"""What templates may ask for: the head of the PWA (through django-pwa's own tag) and the inline form."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language
from wagtail.models import Site

from wagtail_sms.extension import accepts_opt_ins
from wagtail_sms.pwa.builder import current_build
from wagtail_sms.pwa.signup import language_for, sample_fields, signup_fields


register = template.Library()
SAMPLE_STYLES = "wagtail_sms/pwa/popup.css"


@register.inclusion_tag("wagtail_sms/pwa/head.html", takes_context=True)
def wagtail_sms_pwa_head(context: Context) -> dict:
    """The head of a page of the PWA: nothing without a build, nothing in an editor's preview.

    django-pwa's tag drops the template's variables, but its context keeps the request as an attribute.
    """
    request = getattr(context, "request", None) or context.get("request")
    if request is None or getattr(request, "is_preview", False):
        return {"build": None}
    site = Site.find_for_request(request)
    return {"build": site and current_build(site), "scope": get_script_prefix()}


@register.inclusion_tag("wagtail_sms/public/signup.html", takes_context=True)
def sms_signup_form(context: Context, heading: str = "", text: str = "") -> dict:
    """A plain form that asks for text messages.

    Nothing where the site doesn't take sign-ups; in an editor's preview a sample that can't be sent.
    """
    request = getattr(context, "request", None) or context.get("request")
    return signup(request, heading=heading, text=text)


def signup(request: HttpRequest | None, *, heading: str, text: str) -> dict:
    """Template context of the inline form. Without a request the site is unknown, so there is no form."""
    shown = {"heading": heading, "text": text, "styles": reverse("wagtail_sms_pwa_styles")}
    if request is None:
        return {}
    if getattr(request, "is_preview", False):
        return {**shown, **sample_fields(), "uid": "wagtail-sms-sample", "styles": static(SAMPLE_STYLES)}
    site = Site.find_for_request(request)
    if site is None or not accepts_opt_ins(site):
        return {}
    # Several forms may stand on one page, and ids must not repeat.
    request.wagtail_sms_forms = getattr(request, "wagtail_sms_forms", 0) + 1
    build = current_build(site)
    fields = signup_fields(build, language=language_for(build, [get_language() or ""]))
    return {**shown, **fields, "uid": f"wagtail-sms-{request.wagtail_sms_forms}"}
