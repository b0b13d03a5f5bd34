"""System checks: what is missing in a host's settings, and how to add it."""

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.conf import app_settings
from wagtail_sms.credits.packs import packs
from wagtail_sms.payments import get_payment_method
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.provisioning import shared_number


@register("wagtail_sms")
def check_settings(app_configs, **kwargs) -> list:
    """WAGTAIL_SMS must name a provider, know its own public address and hold no unknown key."""
    try:
        if "default" not in app_settings.PROVIDERS:
            return [
                Error(
                    "WAGTAIL_SMS['PROVIDERS'] has no 'default' provider.",
                    hint="Add {'default': {'BACKEND': 'wagtail_sms.providers.messagebird.MessageBirdProvider', ...}}.",
                    id="wagtail_sms.E001",
                )
            ]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="wagtail_sms.E002")]
    if not app_settings.WEBHOOK_BASE_URL:
        return [
            Warning(
                "WAGTAIL_SMS['WEBHOOK_BASE_URL'] is empty: delivery reports and STOP texts can't be verified.",
                hint="Set it to the public address of this installation, for instance https://www.example.org.",
                id="wagtail_sms.W001",
            )
        ]
    return []


@register("wagtail_sms")
def check_providers(app_configs, **kwargs) -> list:
    """What each configured provider has to say about its own options; a misspelt one is an error here too."""
    found = []
    for alias in app_settings.PROVIDERS:
        try:
            found += get_provider(alias).check()
        except ImproperlyConfigured as error:
            found.append(Error(str(error), id="wagtail_sms.E004"))
    return found


@register("wagtail_sms")
def check_senders(app_configs, **kwargs) -> list:
    """Sites need a number at every provider that may come to serve a country, and sites in trial a shared one."""
    found = []
    for alias in app_settings.PROVIDERS:
        try:
            shared, sells = shared_number(alias), get_provider(alias).supports_numbers
        except ImproperlyConfigured:
            continue  # see check_providers
        if not shared and not sells:
            found.append(
                Warning(
                    f"The provider {alias!r} sells no numbers and states none: no site can text through it.",
                    hint=f"Set the option SENDER in WAGTAIL_SMS['PROVIDERS'][{alias!r}]['OPTIONS'].",
                    id="wagtail_sms.W005",
                )
            )
        elif not shared and app_settings.TRIAL_DAYS:
            found.append(
                Warning(
                    f"Sites in trial have no number at the provider {alias!r} and can't text the countries it serves.",
                    hint=f"Set WAGTAIL_SMS['SHARED_NUMBER'] = {{{alias!r}: '+1...', ...}}, or TRIAL_DAYS to 0.",
                    id="wagtail_sms.W006",
                )
            )
    return found


@register("wagtail_sms")
def check_payments(app_configs, **kwargs) -> list:
    """What each payment method has to say about its own options, and whether what is for sale makes sense."""
    found = []
    for alias in app_settings.PAYMENTS:
        try:
            found += get_payment_method(alias).check()
        except ImproperlyConfigured as error:
            found.append(Error(str(error), id="wagtail_sms.E005"))
    try:
        packs()
    except ImproperlyConfigured as error:
        found.append(Error(str(error), id="wagtail_sms.E006"))
    return found


@register("wagtail_sms")
def check_django_pwa(app_configs, **kwargs) -> list:
    """django-pwa must be installed, after this app, so that our head template wins over its inline script."""
    if not apps.is_installed("pwa"):
        return [
            Error(
                "django-pwa is not installed.",
                hint="Add 'pwa' to INSTALLED_APPS after 'wagtail_sms'.",
                id="wagtail_sms.E003",
            )
        ]
    labels = [config.label for config in apps.get_app_configs()]
    if labels.index("pwa") < labels.index("wagtail_sms"):
        return [
            Warning(
                "'pwa' stands before 'wagtail_sms' in INSTALLED_APPS: its template would replace ours.",
                hint="Move 'wagtail_sms' before 'pwa'.",
                id="wagtail_sms.W002",
            )
        ]
    return []


@register("wagtail_sms")
def check_celery(app_configs, **kwargs) -> list:
    """Without a Celery app of the host, wake-ups go to a broker nobody chose and no worker knows the tasks."""
    missing = celery_problem()
    if not missing:
        return []
    return [
        Warning(
            missing,
            hint="See docs/how-to/install.md: a celery.py, its import in the project's __init__.py, a broker.",
            id="wagtail_sms.W004",
        )
    ]


def celery_problem() -> str:
    """What keeps the tasks from running in this project, in a sentence; nothing if all is there."""
    if current_app.main in (None, "default"):
        return "This project has no Celery app, so text messages would wait for ever."
    if not current_app.conf.broker_url:
        return "This project's Celery app has no broker_url, so text messages would wait for ever."
    return ""


@register("wagtail_sms")
def check_sqlite_transactions(app_configs, **kwargs) -> list:
    """On SQLite, deferred transactions of several processes end in 'database is locked'."""
    database = settings.DATABASES.get("default", {})
    if "sqlite3" not in database.get("ENGINE", ""):
        return []
    if database.get("OPTIONS", {}).get("transaction_mode") == "IMMEDIATE":
        return []
    return [
        Warning(
            "SQLite without transaction_mode IMMEDIATE: a web process and a worker will lock each other out.",
            hint="Set OPTIONS = {'transaction_mode': 'IMMEDIATE', 'timeout': 20} in DATABASES['default'].",
            id="wagtail_sms.W003",
        )
    ]
