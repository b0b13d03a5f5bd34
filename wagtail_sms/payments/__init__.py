"""The payment companies behind one class, `base.PaymentMethod`, chosen in `WAGTAIL_SMS["PAYMENTS"]`.

A method opens payment pages and tells what became of them, in events whose signature it checked.
It never touches the ORM, never decides how many credits a payment is worth, and never shows its keys.
"""

from threading import RLock
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.connection import BaseConnectionHandler
from django.utils.module_loading import import_string

from wagtail_sms.conf import app_settings
from wagtail_sms.payments.base import PaymentMethod


__all__ = ["get_payment_method", "payment_methods"]

EXAMPLE = "{'BACKEND': 'wagtail_sms.payments.stripe.StripeCheckout', 'OPTIONS': {...}}"


class PaymentHandler(BaseConnectionHandler):
    """`payment_methods["default"]`: one instance per alias and process."""

    exception_class = ImproperlyConfigured

    def __init__(self, settings: dict[str, Any] | None = None):
        super().__init__(settings)
        # Not Django's thread-local store: all threads share one client.
        self._connections = SimpleNamespace()
        self._lock = RLock()

    def configure_settings(self, settings: dict[str, Any] | None) -> dict[str, Any]:
        return app_settings.PAYMENTS if settings is None else settings

    def __getitem__(self, alias: str) -> PaymentMethod:
        with self._lock:
            return super().__getitem__(alias)

    def create_connection(self, alias: str) -> PaymentMethod:
        entry = self.settings[alias]
        if not isinstance(entry, dict) or "BACKEND" not in entry or entry.keys() - {"BACKEND", "OPTIONS"}:
            raise ImproperlyConfigured(f"WAGTAIL_SMS['PAYMENTS'][{alias!r}] must look like {EXAMPLE}.")
        return _backend(alias, entry["BACKEND"])(alias, entry.get("OPTIONS") or {})

    def reset(self) -> None:
        """Forget every instance, so that changed settings count."""
        with self._lock:
            for method in vars(self._connections).values():
                method.close()
            self._connections = SimpleNamespace()
            self._settings = None
            self.__dict__.pop("settings", None)


def _backend(alias: str, path: str) -> type[PaymentMethod]:
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"WAGTAIL_SMS['PAYMENTS'][{alias!r}]['BACKEND']: {error}") from error


payment_methods = PaymentHandler()


def get_payment_method(alias: str = "default") -> PaymentMethod:
    """The payment method configured under this alias; ImproperlyConfigured if there is none."""
    return payment_methods[alias]


def _reset_payment_methods(*, setting: str, **kwargs: Any) -> None:
    if setting in ("WAGTAIL_SMS", "DEBUG"):
        payment_methods.reset()


setting_changed.connect(_reset_payment_methods)
