"""Says in an editor's words how one build of a PWA differs from another."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.countries import country_name
from wagtail_sms.languages import name as language_name
from wagtail_sms.pwa.models import PwaSettings
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts


# What the settings call the popup's parts, where a build calls them otherwise.
SMS_FIELDS = {
    "title": "popup_title",
    "text": "popup_text",
    "accept": "accept_label",
    "dismiss": "dismiss_label",
    "consent": "consent_text",
    "thanks": "thanks_text",
    "after_actions": "popup_after_actions",
}
LONGEST = 40
NAMED = 5


def sentences(changes: list[dict[str, Any]]) -> list[str]:
    """One sentence for each change; see `changes.differences` for what comes in."""
    # A new wording of the consent brings its number along, and the popup its texts.
    came = {change["part"] for change in changes if not change.get("name")}
    said = [
        change
        for change in changes
        if change.get("name") != "consent_version" and not ("sms" in came and _language(change))
    ]
    return [_sentence(change) for change in said or changes]


def _language(change: dict[str, Any]) -> str:
    """Of the popup's texts in one language: which. "" for everything else."""
    part, _colon, language = change["part"].partition(":")
    return language


def _sentence(change: dict[str, Any]) -> str:
    whole = {
        "first": _("The first build"),
        "same": _("Rebuilt without a change"),
        "code": _("The templates or the program changed"),
    }
    if change["part"] in whole:
        return whole[change["part"]]
    if change["part"] == "package":
        return _("The app: version %(before)s → %(after)s") % change
    if not change["name"] and _language(change):
        said = _("The popup speaks %(language)s") if change["after"] else _("The popup no longer speaks %(language)s")
        return said % {"language": language_name(_language(change))}
    if not change["name"]:
        return _("The SMS popup was added") if change["after"] else _("The SMS popup was taken away")
    if change["name"] == "countries":
        return _countries(change)
    if change["name"] == "languages":
        return _order(change)
    return _field(change)


def _field(change: dict[str, Any]) -> str:
    before, after = (_shown(change, value) for value in (change["before"], change["after"]))
    words = {"what": _label(change), "before": before, "after": after}
    if language := _language(change):
        words["what"] = _("%(what)s (%(language)s)") % {"what": words["what"], "language": language_name(language)}
    if before is None or after is None or before == after:
        return _("%(what)s: changed") % words
    return _("%(what)s: %(before)s → %(after)s") % words


def _label(change: dict[str, Any]) -> str:
    model, name = PwaSettings, change["name"]
    if change["part"] == "sms":
        model, name = SmsSettings, SMS_FIELDS.get(name, name)
    elif _language(change):
        model, name = SmsTexts, SMS_FIELDS.get(name, name)
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))
    except FieldDoesNotExist:
        return {"screenshots": _("Screenshots")}.get(name, capfirst(name.replace("_", " ")))


def _shown(change: dict[str, Any], value: Any) -> str | None:
    """A value as it fits into a line, or None when it does not."""
    if value in (None, ""):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if change["name"] in ("icon", "screenshots") or isinstance(value, list | dict):
        return None
    if change["name"] == "display":
        return str(dict(PwaSettings._meta.get_field("display").choices).get(value, value))
    if isinstance(value, int):
        return str(value)
    return _("“%s”") % value if len(value) <= LONGEST else None


def _order(change: dict[str, Any]) -> str:
    """The languages as such are named one by one; here it is which comes first."""
    before, after = change["before"] or [""], change["after"] or [""]
    if before[0] == after[0]:
        return _("The languages of the popup changed")
    return _("All other visitors are spoken to in %(language)s") % {"language": language_name(after[0])}


def _countries(change: dict[str, Any]) -> str:
    before, after = ({code for code, _dial in change[side] or []} for side in ("before", "after"))
    parts = []
    if added := sorted(str(country_name(code)) for code in after - before):
        parts.append(_listed(ngettext("%s added", "%s added", len(added)), added))
    if gone := sorted(str(country_name(code)) for code in before - after):
        parts.append(_listed(ngettext("%s taken away", "%s taken away", len(gone)), gone))
    return _("Countries: %s") % (", ".join(parts) or _("changed"))


def _listed(sentence: str, names: list[str]) -> str:
    if len(names) > NAMED:
        more = ngettext("and %s other", "and %s others", len(names) - NAMED) % (len(names) - NAMED)
        return sentence % f"{', '.join(names[:NAMED])} {more}"
    return sentence % ", ".join(names)
