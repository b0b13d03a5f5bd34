"""When and to whom the popup shows itself, as an editor chooses it."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


MOST_PATHS = 50


class PopupAudience(models.TextChoices):
    MOBILE = "mobile", gettext_lazy("Visitors on a phone")
    INSTALLED = "installed", gettext_lazy("Only those with the app")


class PopupVisit(models.IntegerChoices):
    FIRST = 1, gettext_lazy("The first visit")
    SECOND = 2, gettext_lazy("The second visit")
    THIRD = 3, gettext_lazy("The third visit")


def paths(text: str) -> list[str]:
    """One address per line as the paths a browser compares: encoded, without host and query, with a slash at the end.

    ``https://example.org/shop?x=1`` becomes ``/shop/``, which stands for itself and everything below.
    Raises ValidationError that names the first line that can't be one.
    """
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if len(lines) > MOST_PATHS:
        raise ValidationError(_("Name at most %(most)s addresses.") % {"most": MOST_PATHS})
    found = [_path(line) for line in lines]
    return list(dict.fromkeys(found))


def _path(line: str) -> str:
    try:
        path = urlsplit(line).path
    except ValueError:
        path = ""
    if not path.startswith("/") or " " in path:
        raise ValidationError(_("“%(line)s” is no address of a page. Write for example /tickets/.") % {"line": line})
    encoded = quote(unquote(path), safe="/~!$&'()*+,;=:@").rstrip("/") + "/"
    if encoded == "/":
        raise ValidationError(_("“%(line)s” would be every page, so nobody would see the popup.") % {"line": line})
    return encoded
