"""The webhook that is written first: find the row, set the status, save it. With our own check of the signature."""

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks.models import Text
from wagtail_sms.providers import get_provider


@csrf_exempt
def report(request) -> HttpResponse:
    provider = get_provider()
    provider.verify_signature(request)
    for found in provider.parse_reports(request):
        text = Text.objects.get(provider_id=found.provider_id, number=found.recipient)
        text.status = found.status
        text.save()
    return HttpResponse("OK", content_type="text/plain")
