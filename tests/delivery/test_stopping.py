import mmap
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.delivery.sending import launched
from tests.factories import make_subscribers
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.delivery import stopping
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.providers import get_provider


@pytest.mark.django_db
def test_a_worker_that_is_told_to_stop_finishes_what_is_in_flight_and_begins_nothing(site, settings, monkeypatch):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "CONCURRENT_REQUESTS": 2}
    shared = mmap.mmap(-1, 1)
    monkeypatch.setattr(stopping, "_shared", shared)
    provider = get_provider()
    send_batch = provider.send_batch

    def tell_while_it_sends(batch):
        stopping._pass_on()
        return send_batch(batch)

    monkeypatch.setattr(provider, "send_batch", tell_while_it_sends)
    make_subscribers(site, 450)
    campaign = launched(site)
    plan(campaign.pk)
    dispatch()
    found = progress(campaign)
    assert (found.accepted, found.uncertain, found.sending) == (100, 0, 0)
    assert found.waiting == 350


SENDS = """
import signal, time
from wagtail_sms.delivery import stopping
with stopping.watched():
    print("sending", flush=True)
    end = time.monotonic() + 20
    while not stopping.is_wanted() and time.monotonic() < end:
        time.sleep(0.01)
    print("finished in flight", flush=True)
print("went on", flush=True)
"""


def test_a_process_that_gets_the_signal_itself_ends_after_what_is_in_flight():
    """systemd sends it to every process of a service."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    process = subprocess.Popen([sys.executable, "-c", SENDS], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "sending\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=20)
    assert said == "finished in flight\n"
    assert process.returncode == -signal.SIGTERM
