"""A site whose PWA asks for text messages, as a visitor of the worker's tests finds it."""

import json

import pytest
from playwright.sync_api import expect
from wagtail.models import Page

from tests.factories import make_installed_site
from tests.pwa.builds import build_pwa, restore_roots
from tests.pwa.phone import phone
from tests.testapp.models import SimplePage
from wagtail_sms.subscribers.settings import SmsSettings


# A worker that installs, syncs and takes over has much to do on a busy machine.
expect.set_options(timeout=15_000)


@pytest.fixture
def venue(live_server, settings):
    """An installed site under the strictest policy, with two pages; no build yet."""
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.phone.StrictPolicy"]
    restore_roots()
    site = make_installed_site()
    SmsSettings.objects.filter(site=site).update(popup_after_actions=1000, default_country="FR")
    block = {"type": "sms_signup", "value": {"heading": "Stay in touch", "text": ""}}
    home = Page.objects.get(pk=site.root_page_id)
    home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    home.add_child(instance=SimplePage(title="Contact", slug="contact", body=json.dumps([block])))
    return site


@pytest.fixture
def address(live_server):
    return f"http://localhost:{live_server.thread.port}"


@pytest.fixture
def build(venue):
    return build_pwa(venue)


@pytest.fixture
def handset(playwright):
    with phone(playwright) as context:
        yield context
