"""Writes the files of a build as text. Nothing here touches the database; the same inputs give the same bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings as project
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import gettext, override
from pwa import app_settings as django_pwa

from wagtail_sms import languages
from wagtail_sms.pwa.colours import accents
from wagtail_sms.pwa.icons import SIZES
from wagtail_sms.pwa.models import PwaSettings


SOURCES = Path(__file__).parent.parent / "static" / "wagtail_sms" / "pwa"
JAVASCRIPT = "text/javascript; charset=utf-8"
STYLES = "text/css; charset=utf-8"
HTML = "text/html; charset=utf-8"
MANIFEST = "application/manifest+json; charset=utf-8"
# When the popup shows itself, and what stands for a rule that the feature's data lacks.
POPUP_RULES = {"after_actions": 10, "after_seconds": 3, "from_visit": 1, "audience": "mobile", "never_on": []}


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file as it will be served. ``code`` is what the budget of ``source`` counts: without the site's texts."""

    content_type: str
    body: bytes
    code: str = ""
    source: str = ""


def render(
    chosen: PwaSettings, *, build_id: str, icon_key: str, features: dict[str, Any], extras: dict[str, Any]
) -> dict[str, RenderedFile]:
    """Every text file of a build, by name. The popup's exist only with the feature ``sms``; with a language in its
    name a file speaks that one.

    ``extras`` are the manifest's screenshots, their ``src`` a name of a file, and its shortcuts.
    """
    with override(chosen.lang):
        files = {
            "manifest.json": _manifest(chosen, icon_key, extras),
            "offline.html": _offline(chosen, build_id, icon_key),
            "offline.css": styles("offline.css", chosen.theme_colour),
        }
    if "sms" in features:
        files["popup.css"] = styles("popup.css", chosen.theme_colour)
        for language in features["sms"]["languages"]:
            files[in_language("popup.js", language)] = _popup(build_id, features["sms"], language)
    for language in _languages(chosen, features):
        files[in_language("toast.js", language)] = _toast(build_id, features, language)
    files["toast.css"] = styles("toast.css", chosen.theme_colour)
    files["speak.js"] = _speak(build_id, features, _languages(chosen, features))
    files["boot.js"] = _boot(build_id, features)
    files["worker.js"] = _worker(build_id, icon_key, features)
    return files


def _languages(chosen: PwaSettings, features: dict[str, Any]) -> list[str]:
    """Those that visitors are spoken to in; without the popup the app's own."""
    return features["sms"]["languages"] if "sms" in features else [chosen.lang]


def in_language(name: str, language: str) -> str:
    """``popup.js`` as ``popup.fr.js``."""
    stem, _dot, ending = name.rpartition(".")
    return f"{stem}.{language}.{ending}"


def speaks(sms: dict[str, Any], language: str) -> dict[str, Any]:
    """The popup's data in one of its languages: what all share, and the texts of this one."""
    shared = {name: value for name, value in sms.items() if name not in ("languages", "texts")}
    return {**shared, **sms["texts"][language], "lang": language, "dir": languages.direction(language)}


def head(chosen: PwaSettings, *, icon_key: str) -> dict[str, str]:
    """What the head of every page shows of a build."""
    return {
        "name": chosen.short_name or chosen.effective_name,
        "theme_colour": chosen.theme_colour,
        "theme_colour_dark": chosen.theme_colour_dark,
        "apple_icon": icon_url("icon-apple", icon_key),
    }


def icon_name(icon: str, key: str) -> str:
    return f"{icon}-{key}.png"


def icon_url(icon: str, key: str) -> str:
    """Names the drawing, not the build: an installed app fetches an icon again only when it changed."""
    return picture_url(icon_name(icon, key))


def picture_url(name: str) -> str:
    return reverse("wagtail_sms_pwa_icon", args=[name])


def file_url(build_id: str, name: str) -> str:
    return reverse("wagtail_sms_pwa_file", args=[build_id, name])


def source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _manifest(chosen: PwaSettings, icon_key: str, extras: dict[str, Any]) -> RenderedFile:
    scope = get_script_prefix()
    screenshots = [{**entry, "src": picture_url(entry["src"])} for entry in extras["screenshots"]]
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
        "screenshots": screenshots or django_pwa.PWA_APP_SCREENSHOTS,
        "shortcuts": extras["shortcuts"] or django_pwa.PWA_APP_SHORTCUTS,
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
        "dir": languages.direction(chosen.lang),
        "theme_colour": chosen.theme_colour,
        "theme_colour_dark": chosen.theme_colour_dark,
        "start_url": chosen.start_url,
        "icon": icon_url("icon-192", icon_key),
        "styles": file_url(build_id, "offline.css"),
    }
    return RenderedFile(HTML, render_to_string("wagtail_sms/pwa/offline.html", context).encode())


def styles(name: str, colour: str) -> RenderedFile:
    """A stylesheet with the accents of the site's colour in front."""
    properties = "".join(f"--wagtail-sms-{key}:{value};" for key, value in accents(colour).items())
    code = source(name)
    # Without weight, so that a host's own colours win wherever its styles stand.
    return RenderedFile(STYLES, f":where(:root){{{properties}}}\n{code}".encode(), code, name)


def _boot(build_id: str, features: dict[str, Any]) -> RenderedFile:
    sms = features.get("sms", {})
    speak = file_url(build_id, "speak.js")
    rules = {name: sms.get(name, default) for name, default in POPUP_RULES.items()}
    return _script("boot.js", "BUILD", {"toast": speak, "popup": speak if sms else "", **rules})


def _speak(build_id: str, features: dict[str, Any], spoken: list[str]) -> RenderedFile:
    """Which files are in which language, by every tag that means one of them."""
    names = ["toast", "popup"] if "sms" in features else ["toast"]
    files = {
        language: {name: file_url(build_id, in_language(f"{name}.js", language)) for name in names}
        for language in spoken
    }
    tags = {tag: files[language] for tag, language in languages.aliases(spoken).items()}
    return _script("speak.js", "FILES", {**tags, "*": files[spoken[0]]})


def _toast(build_id: str, features: dict[str, Any], language: str) -> RenderedFile:
    with languages.speaking(language):
        texts = {
            "update": gettext("A new version is ready."),
            "reload": gettext("Reload"),
            "close": gettext("Close"),
            # Also without the form: a phone may still keep a sign-up from an earlier build.
            "done": gettext("You are signed up"),
            "thanks": features["sms"]["texts"][language]["thanks"] if "sms" in features else "",
            "failed": gettext("You are not signed up"),
            "refused": gettext("What you sent could not be taken."),
            "expired": gettext("Your sign-up could not be sent for a day and was deleted. Please sign up again."),
        }
    spoken = languages.words_of(language) or languages.FALLBACK
    shown = {"lang": spoken, "dir": languages.direction(spoken), "styles": file_url(build_id, "toast.css")}
    return _script("toast.js", "TOAST", {**shown, "texts": texts})


def _popup(build_id: str, sms: dict[str, Any], language: str) -> RenderedFile:
    data = popup_data(build_id, sms, language=language, styles=file_url(build_id, "popup.css"))
    return _script("popup.js", "SMS", data)


def popup_data(build_id: str, sms: dict[str, Any], *, language: str, styles: str) -> dict[str, Any]:
    """What the popup's module knows, in one language. When to show it is the boot script's part."""
    return {
        **{name: value for name, value in speaks(sms, language).items() if name not in POPUP_RULES},
        "build": build_id,
        "endpoint": reverse("wagtail_sms_subscribe"),
        "styles": styles,
        "labels": labels(language),
    }


def labels(language: str) -> dict[str, str]:
    """The form's own words; the site's texts come from its settings."""
    with languages.speaking(language):
        return {
            "country": gettext("Country"),
            "choose": gettext("Choose your country"),
            "phone": gettext("Mobile number"),
            "privacy": gettext("Privacy policy"),
            "close": gettext("Close"),
            "never": gettext("Don’t ask again"),
            "sending": gettext("One moment…"),
            "done": gettext("You are signed up"),
            "offline": gettext("We could not reach the site. Check your connection and try again."),
            "failed": gettext("Something went wrong on our side. Please try again in a moment."),
            "trap": gettext("Leave this empty"),
            "kept": gettext("Saved, but not sent yet"),
            "waits": gettext(
                "We can't reach the site right now, so you are not signed up yet. Your number stays on this phone and "
                "is sent when you are online again or next open the site, within a day."
            ),
        }


def _worker(build_id: str, icon_key: str, features: dict[str, Any]) -> RenderedFile:
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
        "endpoint": reverse("wagtail_sms_subscribe"),
    }
    if "sms" in features:
        build["keeps"] = True
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
    return RenderedFile(JAVASCRIPT, f"const {constant} = {line};\n{code}".encode(), code, name)
