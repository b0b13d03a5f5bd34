"""What a site gets before anybody chose: django-pwa's settings, made safe for a manifest."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.translation import gettext


DISPLAYS = ("standalone", "minimal-ui", "fullscreen", "browser")


def app_name() -> str:
    """The host's ``PWA_APP_NAME``, or nothing: django-pwa's own fallback "MyApp" is nobody's name."""
    return getattr(settings, "PWA_APP_NAME", "")[:45]


def theme_colour() -> str:
    from pwa import app_settings

    return six_digits(app_settings.PWA_APP_THEME_COLOR, fallback="#000000")


def background_colour() -> str:
    from pwa import app_settings

    return six_digits(app_settings.PWA_APP_BACKGROUND_COLOR, fallback="#ffffff")


def display() -> str:
    from pwa import app_settings

    chosen = app_settings.PWA_APP_DISPLAY
    return chosen if chosen in DISPLAYS else "standalone"


def start_url() -> str:
    from pwa import app_settings

    return str(app_settings.PWA_APP_START_URL)


def lang() -> str:
    """The host's ``PWA_APP_LANG`` when it set one, else the language of the project."""
    return getattr(settings, "PWA_APP_LANG", "") or settings.LANGUAGE_CODE


def offline_title() -> str:
    return gettext("You are offline")


def offline_text() -> str:
    return gettext("This page needs a connection. Check your network and try again.")


def six_digits(colour: str, *, fallback: str) -> str:
    """``#abc`` as ``#aabbcc``; names and functions such as ``rebeccapurple`` become the fallback."""
    if re.fullmatch(r"#[0-9a-fA-F]{3}", colour):
        return "#" + "".join(digit * 2 for digit in colour[1:])
    return colour if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else fallback
