"""The addresses a provider calls us at."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.crypto import salted_hmac

from wagtail_sms.conf import app_settings
from wagtail_sms.providers import get_provider


#: A request with this header asks whether it arrived where it should; it needs no signature and changes nothing.
PROBE_HEADER = "X-Wagtail-SMS-Probe"


def answer_to(question: str) -> str:
    """What only a process of this installation can answer."""
    return salted_hmac("wagtail_sms.probe", question[:64], algorithm="sha256").hexdigest()


def report_url(provider: str) -> str:
    """Where delivery reports are to be sent, or nothing when WEBHOOK_BASE_URL is not set."""
    if not app_settings.WEBHOOK_BASE_URL:
        return ""
    try:
        token = get_provider(provider).webhook_token()
    except ImproperlyConfigured:
        # Said again, and acted upon, when the request is about to be made.
        return ""
    return app_settings.WEBHOOK_BASE_URL + reverse("wagtail_sms_reports", args=[provider, token])
