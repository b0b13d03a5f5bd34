"""The demo as a person runs it: from an empty folder, again on what that left, and with a process that dies."""

import json
import os
import re
import shutil
import signal

import pytest

from tests.ports import two_free_ports
from tests.sandbox.conftest import READY, RunningDemo, manage, own_environment


pytestmark = [pytest.mark.e2e, pytest.mark.processes]

FIRST, SECOND = "localhost", "127.0.0.1"
HALLE = ("/", "/programme/", "/programme/kadenz/", "/plan-your-visit/", "/the-hall/", "/privacy/")
ATELIER = ("/", "/first-two-colours/", "/studio/", "/privacy/")
COUNT = """
import json
from django.apps import apps
from wagtail_sms.credits import ledger
from wagtail_sms.models import Delivery, Subscriber
from wagtail_sms.states import DeliveryStatus
rows = {model._meta.label: model.objects.count() for model in apps.get_models() if model._meta.app_label in
        ("venue", "wagtailcore", "wagtailimages", "auth", "wagtail_sms")}
for changing in ("ReportEvent", "FoldedReport", "Lane"):
    rows.pop("wagtail_sms." + changing)
rows["states"] = sorted(Subscriber.objects.values_list("status", flat=True))
print(json.dumps({"rows": rows, "audit": [str(found) for found in ledger.audit()],
    "delivered": Delivery.objects.filter(status=DeliveryStatus.DELIVERED).count(),
    "undelivered": Delivery.objects.filter(status=DeliveryStatus.UNDELIVERED).count()}))
"""


def counted(demo) -> dict:
    return json.loads(demo.manage("shell", "--verbosity", "0", "--command", COUNT).strip().splitlines()[-1])


@pytest.mark.parametrize(("host", "paths"), [(FIRST, HALLE), (SECOND, ATELIER)])
def test_every_page_answers_on_its_own_host(demo, host, paths):
    assert {path: demo.get(host, path)[0] for path in paths} == dict.fromkeys(paths, 200)


def test_pages_have_no_inline_script_or_style_and_no_third_party(demo):
    for host, paths in ((FIRST, HALLE), (SECOND, ATELIER)):
        for path in paths:
            page = demo.get(host, path)[1]
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=", page), path
            loaded = re.findall(r'<(?:script|img|source|link)[^>]*?(?:src|srcset|href)="(https?:[^"]+)"', page)
            assert loaded == [], path


def test_the_first_site_is_in_full_use(demo):
    page = demo.get(FIRST, "/")[1]
    assert "/pwa/boot.js" in page
    assert 'action="/sms/subscribe/"' in page
    assert json.loads(demo.get(FIRST, "/manifest.json")[1])["name"] == "Halle Nord"


def test_the_second_site_has_no_trace_of_pwa_or_popup(demo):
    page = demo.get(SECOND, "/")[1]
    assert "/pwa/boot.js" not in page
    assert "manifest" not in page
    assert "wagtail-sms-form" not in page
    assert "Publish &gt; PWA" in page


def test_the_gateway_answers_through_the_site(demo):
    status, page = demo.get(FIRST, "/gateway/")
    assert status == 200
    assert "Local telephone network" in page


def test_the_campaign_went_over_the_gateway_and_its_reports_came_back(demo):
    found = counted(demo)
    assert found["delivered"] + found["undelivered"] == 120
    assert found["undelivered"] == 6
    assert found["rows"]["wagtail_sms.Subscriber"] == 1000


def test_the_ledger_adds_up(demo):
    assert counted(demo)["audit"] == []


def test_loading_again_changes_nothing(demo):
    before = counted(demo)["rows"]
    demo.manage("load_sandbox_data")
    assert counted(demo)["rows"] == before


def test_a_second_run_ends_where_the_first_did_and_knows_its_new_port(demo):
    ports = "from wagtail.models import Site; print(*Site.objects.values_list('port', flat=True))"
    assert demo.manage("shell", "--verbosity", "0", "--command", ports).split() == [str(demo.port)] * 2
    assert counted(demo)["rows"]["wagtail_sms.Campaign"] == 1


def test_when_one_process_dies_the_demo_says_which_and_leaves_none_behind(loaded_folder, tmp_path):
    shutil.copytree(loaded_folder, tmp_path / "var")
    demo = RunningDemo(tmp_path / "var")
    demo.wait_until_it_says(READY)
    beat = [pid for pid, command in demo.processes().items() if " beat " in command]
    assert len(beat) == 1
    os.kill(beat[0], signal.SIGKILL)
    assert demo.process.wait(90) == 1
    assert "beat stopped by itself" in demo.said()
    assert demo.processes() == {}


def test_without_the_gateway_its_address_says_how_to_start_it(loaded_folder):
    environment = {**own_environment(), "SANDBOX_VAR": str(loaded_folder), "PORT": str(two_free_ports())}
    request = (
        "from django.test import Client; answer = Client(headers={'host': 'localhost'}).get('/gateway/'); "
        "print(answer.status_code, b'make demo' in answer.content)"
    )
    shown = manage(environment, "shell", "--verbosity", "0", "--command", request)
    assert shown.split() == ["502", "True"]
