"""The inbox in a real Chromium: a doubtful text is found, read, and treated as a STOP with two clicks."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from tests.admin.conftest import signed_in
from tests.e2e.people import picture
from tests.factories import SENDER, make_installed_site, make_subscriber
from tests.pwa.builds import restore_roots
from wagtail_sms.delivery import inbound
from wagtail_sms.providers.base import InboundText
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TEXTS = (
    ("+12015550101", "US", "Hello! Are there any tickets left for Saturday, and may my dog come too?"),
    ("+33612345678", "FR", "ARRÊT"),
    ("+12015550103", "US", "Where do I get off, bus stop 12?"),
    ("+447400123456", "GB", "HELP"),
    ("+12015550105", "US", "Never thought I'd say this but I had to opt out of so many lists lately"),
    ("+33612345679", "FR", "START"),
    ("+12015550107", "US", "Stop. Thank you"),
    ("+12015550108", "US", "Great evening yesterday, thank you all ❤️"),
)


@pytest.fixture
def site(live_server, settings):
    settings.DEBUG = True
    # Nothing is asked of anybody outside.
    settings.WAGTAIL_GRAVATAR_PROVIDER_URL, settings.WAGTAIL_ENABLE_UPDATE_CHECK = None, False
    restore_roots()
    User.objects.create_superuser("ada", "ada@example.org", "secret", first_name="Ada", last_name="Lindqvist")
    return make_installed_site()


@pytest.fixture
def inbox_page(live_server, site, chromium, settings):
    """A signed-in editor's page; what scripts complain about is in `page.complaints`."""
    context = chromium.new_context(base_url=live_server.url, locale="en-GB", viewport={"width": 1280, "height": 860})
    session = signed_in(User.objects.get(username="ada")).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(15000)
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def receive_all(site) -> None:
    """Eight people text the site, the last one now."""
    for position, (number, country, body) in enumerate(TEXTS):
        if country == "US":
            make_subscriber(site, number, country=country)
        at = timezone.now() - timedelta(minutes=len(TEXTS) - position)
        inbound.receive(InboundText(f"t{position}", number, SENDER, body, at, f"t{position}"), provider="default")


def test_a_doubtful_text_is_found_read_and_treated_as_a_stop(inbox_page, site):
    page = inbox_page
    page.goto("/admin/sms/inbox/")
    expect(page.get_by_role("heading", name="Nobody has texted this site yet")).to_be_visible()
    receive_all(site)
    page.goto("/admin/sms/subscribers/")
    page.get_by_role("link", name="Inbox (2 to decide)").click()
    expect(page.get_by_text("2 texts may ask to stop.")).to_be_visible()
    picture(page, "inbox")
    page.get_by_role("link", name="Show them").click()
    rows = page.locator(".wagtail-sms-inbox tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="No STOP: +1 201-555-0103").click()
    expect(page.get_by_text("+1 201-555-0103 stays as they are.")).to_be_visible()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Treat as STOP: +1 201-555-0105").click()
    expect(page.get_by_role("heading", name="Unsubscribe +1 201-555-0105?")).to_be_visible()
    picture(page, "inbox-stop")
    assert Subscriber.objects.get(number="+12015550105").status == SubscriberStatus.ACTIVE
    page.get_by_role("button", name="Yes, unsubscribe").dblclick()
    expect(page.get_by_text("+1 201-555-0105 is unsubscribed.")).to_be_visible()
    expect(page.get_by_text("Nothing waits for a decision.")).to_be_visible()
    statuses = dict(Subscriber.objects.values_list("number", "status"))
    assert statuses["+12015550105"] == SubscriberStatus.STOPPED
    assert statuses["+12015550103"] == statuses["+12015550101"] == SubscriberStatus.ACTIVE
    assert page.complaints == []


def test_searching_and_filtering_go_without_leaving_the_page(inbox_page, site):
    page = inbox_page
    receive_all(site)
    page.goto("/admin/sms/inbox/")
    page.get_by_role("textbox", name="Search term").fill("dog")
    rows = page.locator(".wagtail-sms-inbox tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Are there any tickets left")
    page.goto("/admin/sms/inbox/?taken=stop")
    expect(rows).to_have_count(2)
    assert page.complaints == []


def test_on_a_phone_nothing_is_cut_off(inbox_page, site):
    page = inbox_page
    receive_all(site)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/sms/inbox/")
    expect(page.get_by_text("Where do I get off, bus stop 12?")).to_be_visible()
    width = page.evaluate("document.querySelector('main .wagtail-sms-inbox').scrollWidth")
    assert width <= 390
    assert page.complaints == []
