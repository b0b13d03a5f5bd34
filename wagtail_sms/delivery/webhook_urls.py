"""The addresses a provider calls us at."""

from django.urls import reverse

from wagtail_sms.conf import app_settings
from wagtail_sms.providers import get_provider


def report_url(provider: str) -> str:
    """Where delivery reports are to be sent, or nothing when WEBHOOK_BASE_URL is not set."""
    if not app_settings.WEBHOOK_BASE_URL:
        return ""
    token = get_provider(provider).webhook_token()
    return app_settings.WEBHOOK_BASE_URL + reverse("wagtail_sms_reports", args=[provider, token])
