from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from sandbox.gateway.__main__ import main
from wagtail_sms.conf import app_settings
from wagtail_sms.providers import get_provider


class Command(BaseCommand):
    help = "Runs the local telephone network with the keys and addresses of these settings."
    requires_system_checks = []

    def handle(self, **options) -> None:
        inbound = reverse("wagtail_sms_inbound", args=["default", get_provider().webhook_token()])
        keys = settings.WAGTAIL_SMS["PROVIDERS"]["default"]["OPTIONS"]
        main(
            [
                f"--port={settings.GATEWAY_PORT}",
                f"--store={settings.VAR_DIR / 'gateway.sqlite3'}",
                f"--inbound-url={app_settings.WEBHOOK_BASE_URL}{inbound}",
                f"--signing-key={keys['SIGNING_KEY']}",
                f"--access-key={keys['ACCESS_KEY']}",
            ]
        )
