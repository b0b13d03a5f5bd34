"""The SMS companies' APIs behind one class, `base.SMSProvider`, chosen in `WAGTAIL_SMS["PROVIDERS"]`.

A provider says honestly what became of every recipient, and "uncertain" when nobody can know.
It never touches the database, never repeats a request whose answer was lost, and never shows its keys.
"""

from threading import RLock
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.connection import BaseConnectionHandler
from django.utils.module_loading import import_string

from wagtail_sms.conf import app_settings
from wagtail_sms.providers.base import SMSProvider


__all__ = ["get_provider", "providers"]

EXAMPLE = "{'BACKEND': 'wagtail_sms.providers.messagebird.MessageBirdProvider', 'OPTIONS': {...}}"


class ProviderHandler(BaseConnectionHandler):
    """`providers["default"]`: one instance per alias and process."""

    def __init__(self, settings: dict[str, Any] | None = None):
        super().__init__(settings)
        # Not Django's thread-local store: the sending threads share one pool of connections.
        self._connections = SimpleNamespace()
        self._lock = RLock()

    def configure_settings(self, settings: dict[str, Any] | None) -> dict[str, Any]:
        return app_settings.PROVIDERS if settings is None else settings

    def __getitem__(self, alias: str) -> SMSProvider:
        with self._lock:
            return super().__getitem__(alias)

    def create_connection(self, alias: str) -> SMSProvider:
        entry = self.settings[alias]
        if not isinstance(entry, dict) or "BACKEND" not in entry or entry.keys() - {"BACKEND", "OPTIONS"}:
            raise ImproperlyConfigured(f"WAGTAIL_SMS['PROVIDERS'][{alias!r}] must look like {EXAMPLE}.")
        return _backend(alias, entry["BACKEND"])(alias, entry.get("OPTIONS") or {})

    def reset(self) -> None:
        """Forget every instance, so that changed settings count."""
        with self._lock:
            self.close_all()
            self._connections = SimpleNamespace()
            self._settings = None
            self.__dict__.pop("settings", None)

    def close_all(self) -> None:
        for provider in vars(self._connections).values():
            provider.close()

    exception_class = ImproperlyConfigured


def _backend(alias: str, path: str) -> type[SMSProvider]:
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"WAGTAIL_SMS['PROVIDERS'][{alias!r}]['BACKEND']: {error}") from error


providers = ProviderHandler()


def get_provider(alias: str = "default") -> SMSProvider:
    """The provider configured under this alias; ImproperlyConfigured if there is none."""
    return providers[alias]


def _reset_providers(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WAGTAIL_SMS", "SECRET_KEY"):
        providers.reset()


setting_changed.connect(_reset_providers)
