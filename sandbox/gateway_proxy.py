"""`/gateway/`: the telephone network's pages on the site's own address, so that one port is enough to look at."""

from http.client import HTTPConnection, HTTPException

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt


PASSED_ON = ("Content-Type", "Accept", "Range", "If-None-Match", "Origin", "Referer", "Sec-Fetch-Site")
# Of one connection only, or set by Django itself.
NOT_PASSED_BACK = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@csrf_exempt
def gateway(request: HttpRequest) -> HttpResponse:
    """The gateway's answer to the same request, or a page that says how to start it."""
    line = HTTPConnection("127.0.0.1", settings.GATEWAY_PORT, timeout=30)
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    try:
        line.request(request.method, request.get_full_path(), body=request.body or None, headers=headers)
        answer = line.getresponse()
        response = HttpResponse(answer.read(), status=answer.status)
    except (OSError, HTTPException):
        return render(request, "venue/gateway_down.html", {"port": settings.GATEWAY_PORT}, status=502)
    finally:
        line.close()
    for name, value in answer.getheaders():
        if name.lower() not in NOT_PASSED_BACK:
            response[name] = value
    return response
