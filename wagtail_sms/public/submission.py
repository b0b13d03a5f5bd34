"""Reads what a visitor's form or script sent, and tells our own pages from everybody else's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.translation import gettext as _

from wagtail_sms import languages
from wagtail_sms.conf import app_settings
from wagtail_sms.pwa.signup import TRAP


LARGEST = 64 * 1024
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class Unreadable(Exception):
    """The body can't be used; ``status`` is the HTTP answer it deserves, the message a sentence for people."""

    def __init__(self, status: int, message: str):
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Submission:
    """What the visitor typed and agreed to. ``trapped``: a field no person sees was filled in."""

    phone: str
    country: str
    consent: bool
    consent_version: int | None
    # Of the wording that was shown.
    language: str
    build_id: str
    key: str
    page_url: str
    trapped: bool
    # Seconds that the phone kept it for want of a connection.
    waited: int = 0

    @property
    def typed(self) -> dict[str, Any]:
        """What a form shown again keeps. Not the consent: that is given for a number, anew."""
        return {"phone": self.phone, "country": self.country}


def is_from_own_page(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this very host sent it.

    Pages are cached for everybody and carry no token, so this stands in for CSRF protection (Fetch Metadata; RFC 6454).
    A client that says neither is no browser, and can't be made to act for somebody else.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    # A page with "Referrer-Policy: no-referrer" sends Origin: null; then Sec-Fetch-Site is what counts.
    if origin is None or (origin == "null" and site is not None):
        return True
    try:
        return urlsplit(origin).netloc == request.get_host()
    except ValueError:
        return False


def is_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def read(request: HttpRequest) -> Submission:
    """The submission in a JSON or form body of at most 64 KB. Raises Unreadable."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST:
        raise Unreadable(413, _("That is more than this form takes."))
    if is_json(request):
        sent = _json(request)
    elif request.content_type in FORM_TYPES:
        sent = request.POST.dict()
    else:
        raise Unreadable(415, _("Send the form as it is on the page."))
    return _submission(sent, referrer=storable(request.headers.get("Referer", "")))


def wishes(request: HttpRequest) -> list[str]:
    """The languages for a page of our own: what the host's LocaleMiddleware found, then the browser's."""
    return [getattr(request, "LANGUAGE_CODE", ""), *languages.accepted(request.headers.get("Accept-Language", ""))]


def visitor_address(request: HttpRequest) -> str:
    """The visitor's IP address, or nothing when the host's proxy hides it: a limit per proxy would hit everybody."""
    address = _forwarded_for(request, proxies=app_settings.TRUSTED_PROXIES)
    try:
        return address if ip_address(address).is_global else ""
    except ValueError:
        return ""


def _forwarded_for(request: HttpRequest, *, proxies: int) -> str:
    """The address the outermost trusted proxy wrote; entries left of it are whatever the visitor claims."""
    if not proxies:
        return request.META.get("REMOTE_ADDR", "")
    chain = request.headers.get("X-Forwarded-For", "").split(",")
    return chain[-proxies].strip() if len(chain) >= proxies else ""


def storable(text: str) -> str:
    """Without the characters that no database takes: half of a surrogate pair, which JSON may hold, and zero bytes."""
    return text.encode(errors="ignore").decode().replace("\0", "")


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Unreadable(400, _("Send the form as it is on the page.")) from None
    if not isinstance(sent, dict):
        raise Unreadable(400, _("Send the form as it is on the page."))
    return sent


def _submission(sent: dict[str, Any], *, referrer: str) -> Submission:
    version = _text(sent, "consent_version", 10)
    key = _text(sent, "key", 64)
    return Submission(
        phone=_text(sent, "phone", 200),
        country=_text(sent, "country", 2).upper(),
        consent=_text(sent, "consent", 5).lower() in ("yes", "true", "on"),
        consent_version=int(version) if version.isascii() and version.isdigit() else None,
        language=_text(sent, "consent_language", 12),
        build_id=_text(sent, "build", 24),
        key=key if re.fullmatch(r"[\w-]{16,64}", key, re.ASCII) else "",
        page_url=_without_query(_text(sent, "page", 500) or referrer[:500]),
        trapped=bool(_text(sent, TRAP, 200)),
        waited=_seconds(_text(sent, "waited", 10)),
    )


def _text(sent: dict[str, Any], name: str, longest: int) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str | int):
        return ""
    return storable(str(value)).strip()[:longest]


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _without_query(url: str) -> str:
    """Addresses may carry secrets behind the question mark; the proof of consent needs the page only."""
    return url.partition("?")[0].partition("#")[0]
