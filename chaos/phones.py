"""People who text back: a signed call of the inbound webhook, repeated until the site has taken it."""

import http.client
import json
import time
import uuid
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from chaos.gateway import SIGNING_KEY
from sandbox.gateway.signing import HEADER, signature


PATIENCE = 10


class Answer(NamedTuple):
    """When a call was answered, with which status (0: not at all), after how many seconds, and why if not at all."""

    at: float
    status: int
    seconds: float
    error: str = ""


def inbound_url() -> str:
    from django.conf import settings
    from django.urls import reverse

    from wagtail_sms.providers import get_provider

    path = reverse("wagtail_sms_inbound", args=["default", get_provider("default").webhook_token()])
    return settings.WEB_URL + path


def text_back(url: str, *, person: str, number: str, body: str = "STOP") -> list[Answer]:
    """The answer to every call until one is 2xx; all carry the same message."""
    fields = {"id": uuid.uuid4().hex, "recipient": number, "originator": person, "body": body}
    fields["createdDatetime"] = datetime.now(UTC).isoformat(timespec="seconds")
    content, answers, end = json.dumps(fields).encode(), [], time.monotonic() + 180
    while time.monotonic() < end:
        answers.append(call(url, content))
        if 200 <= answers[-1].status < 300:
            return answers
        time.sleep(0.5)
    return answers


def call(url: str, content: bytes) -> Answer:
    parts = urlsplit(url)
    headers = {HEADER: signature(SIGNING_KEY, url, content), "Content-Type": "application/json", "Connection": "close"}
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    began, status, error = time.monotonic(), 0, ""
    try:
        line.request("POST", parts.path, content, headers)
        status = line.getresponse().status
    except (OSError, http.client.HTTPException) as failure:
        error = repr(failure)
    line.close()
    return Answer(time.time(), status, time.monotonic() - began, error)
