"""The languages that visitors are spoken to in: which there are, which one a person gets, and our own words in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language_info, override, pgettext
from wagtail.coreutils import get_content_languages


FALLBACK = "en"
OWN = ("ar", "de", "en", "es", "fr")


def offered() -> dict[str, str]:
    """``{code: name of the language}``: those of the host that we, or a catalogue of the host's, have words for.

    A host that named no languages has Django's hundred; of these ours.
    """
    return {code: name(code) for code in still_offered(_of_host())} or {FALLBACK: name(FALLBACK)}


def still_offered(codes: Iterable[str]) -> list[str]:
    """Those of these languages that the host still has; catalogues of others are not loaded for this."""
    host = _of_host()
    return [code for code in codes if code in host and words_of(code)]


def default() -> str:
    """What a site speaks until somebody chooses: the language of the project, if it is offered."""
    own = match([settings.LANGUAGE_CODE], _of_host())
    return own if own and words_of(own) else next(iter(offered()))


def match(wanted: Iterable[str], spoken: Iterable[str]) -> str:
    """The first of the wanted languages that is spoken, in another region if need be; "" if none is.

    The popup's boot module chooses alike.
    """
    known = aliases(spoken)
    for tag in wanted:
        lowered = (tag or "").lower().replace("_", "-")
        found = known.get(lowered) or known.get(lowered.partition("-")[0])
        if found:
            return found
    return ""


def aliases(spoken: Iterable[str]) -> dict[str, str]:
    """Every tag that means one of the spoken languages: ``{"fr-ca": "fr-ca", "fr": "fr-ca"}``."""
    codes = list(spoken)
    known = {code.lower(): code for code in codes}
    for code in codes:
        known.setdefault(code.lower().partition("-")[0], code)
    return known


def accepted(header: str) -> list[str]:
    """The tags of an ``Accept-Language`` header, the most wanted first."""
    weighed = []
    for part in header[:500].split(","):
        tag, _semicolon, quality = part.strip().partition(";q=")
        try:
            weighed.append((-float(quality or 1), tag))
        except ValueError:
            continue
    return [tag for _weight, tag in sorted(weighed, key=lambda pair: pair[0])]


@lru_cache(maxsize=200)
def words_of(code: str) -> str:
    """The language of the words that we have for this one: itself, else without its region, else ""."""
    for candidate in (code.lower(), code.lower().partition("-")[0]):
        with override(candidate):
            # Django fills what a catalogue lacks from the project's language; this one says whose words they are.
            found = pgettext("the language that these words are in", "en")
        if found == candidate or (found == candidate.partition("-")[0] and candidate.startswith("en")):
            return candidate
    return ""


def speaking(code: str) -> override:
    """Our own words in this language, all of them; in English where we have none."""
    return override(words_of(code) or FALLBACK)


def direction(code: str) -> str:
    """``rtl`` or ``ltr``."""
    try:
        return "rtl" if get_language_info(code.lower())["bidi"] else "ltr"
    except KeyError:
        return "ltr"


def name(code: str) -> str:
    """What the language is called in itself."""
    try:
        return get_language_info(code.lower())["name_local"].capitalize()
    except KeyError:
        return dict(settings.LANGUAGES).get(code, code)


def _of_host() -> list[str]:
    if getattr(settings, "WAGTAIL_I18N_ENABLED", False) or hasattr(settings, "WAGTAIL_CONTENT_LANGUAGES"):
        return list(get_content_languages())
    return [code for code, _name in settings.LANGUAGES] if settings.is_overridden("LANGUAGES") else list(OWN)
