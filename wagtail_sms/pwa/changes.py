"""What a build was made from, and how two of them differ, as plain data; the admin has the words for it."""

from __future__ import annotations

from typing import Any

from wagtail_sms.pwa.models import PwaSettings


FIELDS = (
    "name",
    "short_name",
    "description",
    "theme_colour",
    "theme_colour_dark",
    "background_colour",
    "display",
    "start_url",
    "lang",
    "offline_title",
    "offline_text",
)


def snapshot(chosen: PwaSettings, *, key: str, extras: dict[str, Any], features: dict[str, Any], version: str) -> dict:
    """The inputs of a build, by part: ``pwa``, ``sms`` (None without the popup), its texts ``sms:fr``, ``package``."""
    pwa = {name: getattr(chosen, name) for name in FIELDS}
    pwa |= {"name": chosen.effective_name, "icon": key, **extras}
    return {"pwa": pwa, "sms": None, **_popup(features.get("sms")), "package": {"version": version}}


def _popup(sms: dict[str, Any] | None) -> dict[str, Any]:
    if not sms:
        return {}
    shared = {name: value for name, value in sms.items() if name != "texts"}
    return {"sms": shared, **{f"sms:{language}": sms["texts"][language] for language in sms["languages"]}}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """``[{"part", "name", "before", "after"}]``; a part that came or went is one difference without a name.

    In the order of ``after``: what comes out of PostgreSQL has none of its own.
    """
    found = []
    for part in {**after, **before}:
        old, new = before.get(part), after.get(part)
        if bool(old) != bool(new):
            found.append({"part": part, "name": "", "before": bool(old), "after": bool(new)})
        elif old and new:
            found += [
                {"part": part, "name": name, "before": old.get(name), "after": new.get(name)}
                for name in {**new, **old}
                if old.get(name) != new.get(name)
            ]
    return found
