"""What the provider calls: delivery reports and incoming texts.

Nothing is read before the signature is right. A bad one is a 400 and leaves no row; a database that is down is a 503,
so that the provider tries again.
"""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, transaction
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import inbound, reports
from wagtail_sms.providers import get_provider


logger = logging.getLogger("wagtail_sms")
LARGEST_BODY = 64 * 1024


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class ProviderWebhook(View):
    """Checks size, path token and signature, then calls `receive(provider, alias, request)` of the subclass."""

    http_method_names = ["get", "post", "head", "options"]

    def dispatch(self, request, *args, alias: str, token: str, **kwargs):
        provider = self._provider(alias, token)
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return HttpResponse("Too large", status=413, content_type="text/plain")
        provider.verify_signature(request)
        try:
            with transaction.atomic():
                self.receive(provider, alias, request)
        except OperationalError:
            logger.exception("A webhook could not be stored; the provider is asked to repeat it.")
            return HttpResponse("Try again", status=503, content_type="text/plain")
        return HttpResponse("OK", content_type="text/plain")

    def _provider(self, alias: str, token: str):
        if alias not in app_settings.PROVIDERS:
            raise Http404
        provider = get_provider(alias)
        if not constant_time_compare(token, provider.webhook_token()):
            raise Http404
        return provider


class ReportsWebhook(ProviderWebhook):
    def receive(self, provider, alias: str, request) -> None:
        reports.append(provider.parse_reports(request), provider=alias)


class InboundWebhook(ProviderWebhook):
    def receive(self, provider, alias: str, request) -> None:
        for text in provider.parse_inbound(request):
            inbound.receive(text, provider=alias)


urlpatterns = [
    path("<str:alias>/<str:token>/reports/", ReportsWebhook.as_view(), name="wagtail_sms_reports"),
    path("<str:alias>/<str:token>/inbound/", InboundWebhook.as_view(), name="wagtail_sms_inbound"),
]
