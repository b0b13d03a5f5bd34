"""Writes the files of a build as text. Nothing here touches the database; the same inputs give the same bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as project
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import get_language_info, gettext, override
from pwa import app_settings as django_pwa

from wagtail_sms.pwa.colours import accents
from wagtail_sms.pwa.icons import SIZES
from wagtail_sms.pwa.models import PwaSettings


SOURCES = Path(__file__).parent.parent / "static" / "wagtail_sms" / "pwa"
JAVASCRIPT = "text/javascript; charset=utf-8"
STYLES = "text/css; charset=utf-8"
HTML = "text/html; charset=utf-8"
MANIFEST = "application/manifest+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file as it will be served. ``code`` is the part the size budget counts: without the site's own texts."""

    content_type: str
    body: bytes
    code: str = ""


def render(chosen: PwaSettings, *, build_id: str, icon_key: str, features: dict[str, Any]) -> dict[str, RenderedFile]:
    """Every text file of a build, by name. The popup's two exist only with the feature ``sms``."""
    with override(chosen.lang):
        files = {
            "manifest.json": _manifest(chosen, icon_key),
            "offline.html": _offline(chosen, build_id, icon_key),
            "offline.css": _styles("offline.css", chosen),
        }
        if "sms" in features:
            files["popup.js"] = _popup(chosen, build_id, features["sms"])
            files["popup.css"] = _styles("popup.css", chosen)
        files["boot.js"] = _boot(build_id, features)
        files["worker.js"] = _worker(build_id, icon_key)
    return files


def head(chosen: PwaSettings, *, icon_key: str) -> dict[str, str]:
    """What the head of every page shows of a build."""
    return {
        "name": chosen.short_name or chosen.effective_name,
        "theme_colour": chosen.theme_colour,
        "apple_icon": icon_url("icon-apple", icon_key),
    }


def icon_name(icon: str, key: str) -> str:
    return f"{icon}-{key}.png"


def icon_url(icon: str, key: str) -> str:
    """Names the drawing, not the build: an installed app fetches an icon again only when it changed."""
    return reverse("wagtail_sms_pwa_icon", args=[icon_name(icon, key)])


def file_url(build_id: str, name: str) -> str:
    return reverse("wagtail_sms_pwa_file", args=[build_id, name])


def source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _manifest(chosen: PwaSettings, icon_key: str) -> RenderedFile:
    scope = get_script_prefix()
    members = {
        "id": scope,
        "name": chosen.effective_name,
        "short_name": chosen.short_name or chosen.effective_name[:12].strip(),
        "description": chosen.description,
        "lang": chosen.lang,
        "dir": django_pwa.PWA_APP_DIR,
        "start_url": chosen.start_url,
        "scope": scope,
        "display": chosen.display,
        "orientation": django_pwa.PWA_APP_ORIENTATION,
        "theme_color": chosen.theme_colour,
        "background_color": chosen.background_colour,
        "icons": [_icon(name, icon_key) for name in ("icon-192", "icon-512", "icon-maskable")],
        "screenshots": django_pwa.PWA_APP_SCREENSHOTS,
        "shortcuts": django_pwa.PWA_APP_SHORTCUTS,
    }
    kept = {name: value for name, value in members.items() if value not in ("", [])}
    return RenderedFile(MANIFEST, json.dumps(kept, ensure_ascii=False, indent=1).encode())


def _icon(name: str, key: str) -> dict[str, str]:
    # Two entries, because an icon that is only maskable makes the app not installable (Chromium).
    purpose = "maskable" if name == "icon-maskable" else "any"
    sizes = f"{SIZES[name]}x{SIZES[name]}"
    return {"src": icon_url(name, key), "sizes": sizes, "type": "image/png", "purpose": purpose}


def _offline(chosen: PwaSettings, build_id: str, icon_key: str) -> RenderedFile:
    context = {
        "name": chosen.effective_name,
        "title": chosen.offline_title,
        "text": chosen.offline_text,
        "lang": chosen.lang,
        "dir": direction(chosen.lang),
        "theme_colour": chosen.theme_colour,
        "start_url": chosen.start_url,
        "icon": icon_url("icon-192", icon_key),
        "styles": file_url(build_id, "offline.css"),
    }
    return RenderedFile(HTML, render_to_string("wagtail_sms/pwa/offline.html", context).encode())


def _styles(name: str, chosen: PwaSettings) -> RenderedFile:
    properties = "".join(f"--wagtail-sms-{key}:{value};" for key, value in accents(chosen.theme_colour).items())
    code = source(name)
    return RenderedFile(STYLES, f":root{{{properties}}}\n{code}".encode(), code)


def _boot(build_id: str, features: dict[str, Any]) -> RenderedFile:
    sms = features.get("sms", {})
    popup = file_url(build_id, "popup.js") if sms else ""
    return _script("boot.js", "BUILD", {"popup": popup, "after": sms.get("after_actions", 10)})


def _popup(chosen: PwaSettings, build_id: str, sms: dict[str, Any]) -> RenderedFile:
    shown = {
        **sms,
        "build": build_id,
        "lang": chosen.lang,
        "endpoint": reverse("wagtail_sms_subscribe"),
        "styles": file_url(build_id, "popup.css"),
        "labels": labels(),
    }
    return _script("popup.js", "SMS", shown)


def labels() -> dict[str, str]:
    """The form's own words, in the active language; the site's texts come from its settings."""
    return {
        "country": gettext("Country"),
        "choose": gettext("Choose your country"),
        "phone": gettext("Mobile number"),
        "privacy": gettext("Privacy policy"),
        "close": gettext("Close"),
        "sending": gettext("One moment…"),
        "done": gettext("You are signed up"),
        "offline": gettext("We could not reach the site. Check your connection and try again."),
        "failed": gettext("Something went wrong on our side. Please try again in a moment."),
    }


def _worker(build_id: str, icon_key: str) -> RenderedFile:
    # The popup's files are not stored ahead: most visitors never need them, and those who do are online.
    precache = [[file_url(build_id, name)] * 2 for name in ("offline.html", "offline.css")]
    # The address in the pages has no build in it; what is stored under it comes from this build.
    precache.append([reverse("wagtail_sms_pwa_boot"), file_url(build_id, "boot.js")])
    precache.append([icon_url("icon-192", icon_key)] * 2)
    build = {
        "id": build_id,
        "offline": file_url(build_id, "offline.html"),
        "precache": precache,
        "bypass": _private_prefixes(),
        "statics": project.STATIC_URL if (project.STATIC_URL or "").startswith("/") else "",
    }
    return _script("worker.js", "BUILD", build)


def _private_prefixes() -> list[str]:
    """Path prefixes the worker leaves alone: editors' screens, documents, and everything of this app's form."""
    candidates = [
        ("wagtailadmin_home", []),
        ("admin:index", []),
        ("wagtaildocs_serve", [1, "document.pdf"]),
        ("wagtail_sms_subscribe", []),
    ]
    prefixes = {"/admin/", "/django-admin/", "/documents/"}
    for name, args in candidates:
        try:
            prefixes.add(reverse(name, args=args).removesuffix("1/document.pdf"))
        except NoReverseMatch:
            continue
    # A host may mount one of them at the root; that must not switch the worker off.
    return sorted(prefixes - {get_script_prefix()})


def _script(name: str, constant: str, value: dict[str, Any]) -> RenderedFile:
    code = source(name)
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return RenderedFile(JAVASCRIPT, f"const {constant} = {line};\n{code}".encode(), code)


def direction(lang: str) -> str:
    try:
        return "rtl" if get_language_info(lang.lower())["bidi"] else "ltr"
    except KeyError:
        return "ltr"
