"""Taking delivery reports: ours against finding the row and saving it, both signed and under the same server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from benchmarks.baselines import rows
from benchmarks.figures import Figure, faster
from benchmarks.load import run_load
from benchmarks.models import Text
from benchmarks.names import ROOT
from benchmarks.sending import WrongFigure, clear, draft
from benchmarks.settings import SIGNING_KEY
from benchmarks.world import World
from sandbox.gateway.signing import HEADER, signature
from wagtail_sms.delivery.models import ReportEvent
from wagtail_sms.providers import get_provider


DATABASES = ("postgresql",)
PROCESSES, REPORTS, ROUNDS, AT_LEAST = 4, 500, 8, 1.8


def run(world: World) -> Iterator[Figure]:
    """A new report for another person each time, ABAB. The rows of the baseline are few, so their index is small."""
    campaign = draft(world.largest)
    many = rows.make_texts(campaign, rows.reachable(world.largest, REPORTS))
    texts = list(Text.objects.filter(campaign=campaign).order_by("pk"))
    for text in texts:
        text.provider_id = f"{text.pk:032x}"
    Text.objects.bulk_update(texts, ["provider_id"], batch_size=500)
    ours, theirs = [], []
    with running_server() as port:
        for _ in range(ROUNDS + 1):
            theirs.append(many / _deliver(port, "/get-and-save/", texts))
            ours.append(many / _deliver(port, _webhook(), texts))
            _check(many)
    clear()
    rows.clear()
    note = f"get and save; {PROCESSES} processes of a small WSGI server"
    yield faster("webhooks.intake", median(ours[1:]), median(theirs[1:]), "reports/s", at_least=AT_LEAST, note=note)


def _webhook() -> str:
    return reverse("wagtail_sms_reports", args=["default", get_provider().webhook_token()])


def _deliver(port: int, path: str, texts: list[Text]) -> float:
    requests = [_request(path, text) for text in texts]
    taken, statuses = run_load(port, requests, connections=PROCESSES)
    if statuses != {200: len(texts)}:
        raise WrongFigure(f"{path} answered {dict(statuses)}.")
    return taken


def _request(path: str, text: Text) -> bytes:
    """A report as the provider sends it: everything in the query, signed."""
    query = {
        "id": text.provider_id,
        "reference": f"{text.pk // 50:032x}",
        "recipient": text.number.lstrip("+"),
        "status": "delivered",
        "statusDatetime": "2026-11-15T12:00:00+00:00",
        "statusReason": "successfully delivered",
        "mccmnc": "20801",
        "ported": "0",
        "messageLength": "57",
        "messagePartCount": "1",
        "datacoding": "plain",
    }
    target = f"{path}?{urlencode(query)}"
    signed = signature(SIGNING_KEY, settings.WAGTAIL_SMS["WEBHOOK_BASE_URL"] + target)
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{HEADER}: {signed}\r\n\r\n".encode()


def _check(many: int) -> None:
    kept, saved = ReportEvent.objects.count(), Text.objects.filter(status="delivered").count()
    if (kept, saved) != (many, many):
        raise WrongFigure(f"{kept} reports were kept and {saved} saved, of {many}.")
    Text.objects.update(status="sent")
    clear()


@contextmanager
def running_server() -> Iterator[int]:
    """The port of the WSGI server, which has the database of this process."""
    command = [sys.executable, "-m", "benchmarks.web", str(PROCESSES)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
