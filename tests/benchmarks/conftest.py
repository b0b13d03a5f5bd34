import pytest
from django.db import connection

from benchmarks.people import make_world
from benchmarks.stub import running_gateway
from benchmarks.world import World


@pytest.fixture(scope="module")
def running():
    with running_gateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(running, settings):
    """The benchmark's gateway, empty, with the real provider class in front of it."""
    running.reset()
    backend = "wagtail_sms.providers.messagebird.MessageBirdProvider"
    options = {"ACCESS_KEY": "benchmark", "SIGNING_KEY": "x", "REST_URL": running.url}
    settings.WAGTAIL_SMS = {
        **settings.WAGTAIL_SMS,
        "PROVIDERS": {"default": {"BACKEND": backend, "OPTIONS": options}},
        "MAX_REQUESTS_PER_SECOND": 100_000,
        "NO_REPLY_COUNTRIES": [],
    }
    return running


@pytest.fixture
def world(db, gateway, tmp_path):
    """As a round has it, with 300 subscribers on its largest site."""
    return World(connection.vendor, make_world([100, 300], seed=1), gateway, {}, tmp_path, 1)
