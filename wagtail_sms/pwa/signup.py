"""The inline form that works without JavaScript: what it shows, taken from the build that the site serves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from wagtail_sms.countries import country_name
from wagtail_sms.pwa.models import PwaBuild


# A field no person sees; what fills it in is a program.
TRAP = "full_address"


def signup_fields(
    build: PwaBuild, *, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    """Template context of ``signup_form.html``: the build's texts, what the visitor typed, and what was wrong."""
    sms, typed = build.features["sms"], typed or {}
    return {
        "sms": sms,
        "build_id": build.build_id,
        "countries": country_choices(sms["countries"]),
        "chosen": typed.get("country") or sms.get("default_country", ""),
        "typed": typed,
        "errors": errors or {},
        "trap": TRAP,
    }


def country_choices(countries: list[list[str]]) -> list[tuple[str, str]]:
    """``[["FR", "33"], ...]`` as ``[("FR", "France +33"), ...]``, in the order of the names."""
    named = [(code, str(country_name(code)), dial) for code, dial in countries]
    return [(code, f"{name} +{dial}") for code, name, dial in sorted(named, key=lambda row: row[1].casefold())]


def sample_fields() -> dict[str, Any]:
    """The same for an editor's preview, where no build is asked and nothing can be sent."""
    sms = {"accept": _("Sign me up"), "consent": _("The wording of your consent stands here.")}
    return {"sms": sms, "countries": country_choices([["US", "1"]]), "chosen": "US", "trap": TRAP, "sample": True}
