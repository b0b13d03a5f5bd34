"""What must be true of a build before visitors get it. Each problem is a sentence an editor can act on."""

from __future__ import annotations

import gzip
import json
from typing import Any

from django.urls import get_script_prefix
from django.utils.translation import gettext as _

from wagtail_sms.pwa.icons import SIZES, real_size
from wagtail_sms.pwa.models import PwaSettings
from wagtail_sms.pwa.render import RenderedFile


# Bytes of code, gzipped and not minified. A site's own texts and countries don't count.
BUDGETS = {
    "boot.js": 1536,
    "speak.js": 512,
    "popup.js": 4608,
    "popup.css": 1229,
    "worker.js": 3072,
    "toast.js": 2560,
    "toast.css": 1024,
}


def settings_problems(chosen: PwaSettings, features: dict[str, Any]) -> list[str]:
    problems = []
    if not chosen.effective_name:
        problems.append(_("Give the app a name."))
    if not chosen.start_url.startswith(get_script_prefix()):
        problems.append(
            _("The start page %(page)s is outside of this site's address %(scope)s.")
            % {"page": chosen.start_url, "scope": get_script_prefix()}
        )
    if "sms" in features:
        problems += _popup_problems(features["sms"])
    return problems


def _popup_problems(sms: dict[str, Any]) -> list[str]:
    problems = []
    if not sms.get("countries"):
        problems.append(_("No country has a price for text messages yet, so the popup would have nobody to ask."))
    texts = [sms.get("texts", {}).get(language, {}) for language in sms.get("languages", ())]
    if not texts or not all(each.get("consent") and each.get("consent_version") for each in texts):
        problems.append(_("The wording of the consent is missing. Write it in the SMS settings."))
    return problems


def file_problems(files: dict[str, RenderedFile]) -> list[str]:
    return [*_manifest_problems(files["manifest.json"]), *_icon_problems(files), *_weight_problems(files)]


def _manifest_problems(manifest: RenderedFile) -> list[str]:
    try:
        json.loads(manifest.body)
    except ValueError:
        return [_("The manifest is not valid JSON.")]
    return []


def _icon_problems(files: dict[str, RenderedFile]) -> list[str]:
    problems = []
    for icon, side in SIZES.items():
        drawn = [file for name, file in files.items() if name.startswith(f"{icon}-") and name.endswith(".png")]
        # Chromium opens the icon and compares; a wrong size makes the app not installable.
        if len(drawn) != 1 or real_size(drawn[0].body) != (side, side):
            problems.append(_("The icon of %(side)s pixels could not be drawn.") % {"side": side})
    return problems


def _weight_problems(files: dict[str, RenderedFile]) -> list[str]:
    return [
        _("%(file)s weighs %(weight)s bytes; at most %(budget)s are allowed.")
        % {"file": name, "weight": weigh(file.code), "budget": BUDGETS[file.source]}
        for name, file in files.items()
        if file.source in BUDGETS and weigh(file.code) > BUDGETS[file.source]
    ]


def weigh(code: str) -> int:
    """Bytes on the wire: gzip at its strongest, with a fixed time stamp so that the figure is repeatable."""
    return len(gzip.compress(code.encode(), 9, mtime=0))
