"""What the provider calls: delivery reports and incoming texts; and what the payment company calls.

Nothing is read before the signature is right. A bad one is a 400 and leaves no row; a database that is down is a 503,
so that they try again.
"""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, transaction
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from wagtail_sms.conf import app_settings
from wagtail_sms.credits import purchases
from wagtail_sms.delivery import heartbeat, inbound, opt_outs, replays, reports, strange
from wagtail_sms.delivery.webhook_urls import PROBE_HEADER, answer_to
from wagtail_sms.exceptions import PaymentUnavailable
from wagtail_sms.payments import get_payment_method
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import Signed


logger = logging.getLogger("wagtail_sms")
LARGEST_BODY = 64 * 1024


class ProviderWebhook(View):
    """Checks size, path token and signature, then has the subclass act: once for each call, however often it comes."""

    http_method_names = ["get", "post", "head", "options"]

    @classmethod
    def as_view(cls, **initkwargs):
        # Once, and not at each of thousands of requests a second, as a decorated method would be.
        return csrf_exempt(login_not_required(super().as_view(**initkwargs)))

    def dispatch(self, request, *args, alias: str, token: str, **kwargs):
        provider = self._provider(alias, token)
        if PROBE_HEADER in request.headers:
            return HttpResponse(answer_to(request.headers[PROBE_HEADER]), content_type="text/plain")
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return HttpResponse("Too large", status=413, content_type="text/plain")
        call = provider.verify_signature(request)
        try:
            self.receive(provider, alias, request, call)
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

    def receive(self, provider, alias: str, request, call: Signed | None) -> None:
        """Note the call and act upon it, in one transaction."""
        with transaction.atomic():
            if replays.is_first(call, provider=alias):
                self.take(provider, alias, request)


class InboundWebhook(ProviderWebhook):
    def take(self, provider, alias: str, request) -> None:
        _take_texts(provider, alias, request)
        if provider.webhooks_are_mixed:
            _take_reports(provider, alias, request)


class ReportsWebhook(InboundWebhook):
    def receive(self, provider, alias: str, request, call: Signed | None) -> None:
        if provider.webhooks_are_mixed:
            super().receive(provider, alias, request, call)
        else:
            # One statement keeps a report and notes its call; there are thousands of them a second.
            _take_reports(provider, alias, request, call)


def _take_reports(provider, alias: str, request, call: Signed | None = None) -> None:
    found = provider.parse_reports(request)
    reports.append(found, provider=alias, call=call)
    if found:
        heartbeat.note(heartbeat.REPORTS % alias)


def _take_texts(provider, alias: str, request) -> None:
    texts = provider.parse_inbound(request)
    for text in texts:
        inbound.receive(text, provider=alias)
    for opt_out in provider.parse_opt_outs(request):
        opt_outs.take_over(opt_out)
    if strangers := provider.strange_events(request):
        strange.note_events(strangers, body=request.body, provider=alias)
    if texts:
        heartbeat.note(heartbeat.INBOUND % alias)


# Verifying may ask the payment company, which no open transaction waits for; `confirm` opens its own.
@method_decorator([csrf_exempt, login_not_required, transaction.non_atomic_requests], name="dispatch")
class PaymentWebhook(View):
    """Events of the payment method `alias`, each acted on once. What is not about us is taken and forgotten."""

    http_method_names = ["post", "options"]

    def post(self, request, alias: str):
        if alias not in app_settings.PAYMENTS:
            raise Http404
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return HttpResponse("Too large", status=413, content_type="text/plain")
        try:
            event = get_payment_method(alias).parse_event(request)
            if event is not None:
                purchases.confirm(event, provider=alias)
        except (OperationalError, PaymentUnavailable, ImproperlyConfigured):
            logger.exception("An event of the payment method %r could not be handled; it is asked to repeat it.", alias)
            return HttpResponse("Try again", status=503, content_type="text/plain")
        return HttpResponse("OK", content_type="text/plain")


urlpatterns = [
    path("payments/<str:alias>/", PaymentWebhook.as_view(), name="wagtail_sms_payments"),
    path("<str:alias>/<str:token>/reports/", ReportsWebhook.as_view(), name="wagtail_sms_reports"),
    path("<str:alias>/<str:token>/inbound/", InboundWebhook.as_view(), name="wagtail_sms_inbound"),
]
