"""The inline form that works without JavaScript: what it shows, taken from the build that the site serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from wagtail_sms import languages
from wagtail_sms.countries import localised_name
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.pwa.render import labels, speaks


# A field no person sees; what fills it in is a program.
TRAP = "full_address"


def language_for(build: PwaBuild, wanted: Iterable[str]) -> str:
    """The first of these languages that the build's popup speaks, else its first."""
    spoken = build.features["sms"]["languages"]
    return languages.match(wanted, spoken) or spoken[0]


def signup_fields(
    build: PwaBuild, *, language: str, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    """Template context of ``signup_form.html``: the build's texts in one of its languages, what the visitor typed, and
    what was wrong.
    """
    return form_fields(build.features["sms"], language=language, build_id=build.build_id, typed=typed, errors=errors)


def form_fields(
    features: dict[str, Any],
    *,
    language: str,
    build_id: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
) -> dict[str, Any]:
    """As `signup_fields`, from the data of a popup that need not be built."""
    sms, typed = speaks(features, language), typed or {}
    return {
        "sms": sms,
        "labels": labels(language),
        "build_id": build_id,
        "countries": country_choices(sms["countries"], language=language),
        "chosen": typed.get("country") or sms.get("default_country", ""),
        "typed": typed,
        "errors": errors or {},
        "trap": TRAP,
    }


def country_choices(countries: list[list[str]], *, language: str) -> list[tuple[str, str]]:
    """``[["FR", "33"], ...]`` as ``[("FR", "France +33"), ...]``, in the order of the names.

    The isolate keeps "+33" whole in a language that is written from right to left.
    """
    named = [(code, localised_name(code, language), dial) for code, dial in countries]
    number = "\u2066+{}\u2069" if languages.direction(language) == "rtl" else "+{}"
    ordered = sorted(named, key=lambda row: row[1].casefold())
    return [(code, f"{name} {number.format(dial)}") for code, name, dial in ordered]


def sample_fields() -> dict[str, Any]:
    """The same for an editor's preview, where no build is asked and nothing can be sent."""
    language = languages.words_of(get_language() or "") or languages.FALLBACK
    sms = {"accept": _("Sign me up"), "consent": _("The wording of your consent stands here.")}
    sms |= {"lang": language, "dir": languages.direction(language)}
    return {
        "sms": sms,
        "labels": labels(language),
        "countries": country_choices([["US", "1"]], language=language),
        "chosen": "US",
        "trap": TRAP,
        "sample": True,
    }
