"""Writing a message in a real Chromium: what is said while one types, two editors, a test, a later time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from tests.admin.conftest import make_editor, signed_in
from tests.e2e.people import picture
from tests.factories import give_credits, make_installed_site, make_subscribers
from tests.pwa.accessibility import violations
from tests.pwa.builds import restore_roots
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.models import Notice


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CURLY = "It’s “Nils Berg Trio” tonight – doors open at 19:30. Stay for a drink at the bar…"
PLAIN = 'It\'s "Nils Berg Trio" tonight - doors open at 19:30. Stay for a drink at the bar...'


@pytest.fixture
def site(live_server, settings):
    # Nothing is asked of anybody outside.
    settings.WAGTAIL_GRAVATAR_PROVIDER_URL, settings.WAGTAIL_ENABLE_UPDATE_CHECK = None, False
    restore_roots()
    site = make_installed_site()
    give_credits(site, 4_500)
    make_subscribers(site, 240)
    make_subscribers(site, 60, country="FR")
    return site


@pytest.fixture
def sit_down(live_server, site, chromium, settings):
    """A page for each editor; what scripts complain about is in `page.complaints`."""
    contexts = []

    def sit_down(name: str):
        user = make_editor(name, site)
        User.objects.filter(pk=user.pk).update(first_name=name.title())
        size = {"width": 1280, "height": 1060}
        context = chromium.new_context(base_url=live_server.url, locale="en-GB", viewport=size)
        session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20000)
        page.complaints = []
        page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield sit_down
    for context in contexts:
        context.close()


def choose(page, action: str) -> None:
    """One of the actions behind the arrow beside Send."""
    page.locator("footer [data-w-dropdown-target=toggle], footer .w-dropdown__toggle").first.click()
    page.locator("footer").get_by_role("button", name=action).click()


def shown(page, name: str) -> None:
    """Keep the picture; nobody is kept out of what is on it."""
    picture(page, name)
    assert violations(page, "main") == []


def on_a_phone_in_the_dark(page, name: str) -> None:
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shown(page, name)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(wide)


def test_from_the_first_word_to_the_schedule(sit_down, site):
    page = sit_down("ada")
    expect_box = page.get_by_label("Message")
    page.goto("/admin/sms/send/")
    expect_box.fill(CURLY)
    expect(page.get_by_text("1 instead of 2 segments, which saves")).to_be_visible()
    expect(page.locator(".wagtail-sms-bubble mark")).to_have_count(5)
    expect(page.locator(".wagtail-sms-joint")).to_have_text("2")
    shown(page, "send-special")
    page.get_by_role("button", name="Replace 5 characters").click()
    expect(expect_box).to_have_value(PLAIN)
    expect(page.get_by_text("GSM-7")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(expect_box).to_have_value(CURLY)
    expect(page.get_by_text("UCS-2")).to_be_visible()
    # The browser's own undo knows what the buttons did.
    expect_box.press("Control+z")
    expect(expect_box).to_have_value(PLAIN)

    page.get_by_text("Send a test to your phone").click()
    page.get_by_label("Your phone number").fill("0171 5")
    page.get_by_label("Your phone number").press("Enter")
    expect(page.get_by_text("Begin with + and the code of the country.")).to_be_visible()
    page.get_by_label("Your phone number").fill("+1 201 555 0177")
    page.get_by_label("Your phone number").press("Enter")
    expect(page.get_by_text("A test is on its way to +1 201-555-0177. It cost 1 credit.")).to_be_visible()
    assert Notice.objects.get().body == f"TEST: {PLAIN}"
    expect(expect_box).to_have_value(PLAIN)

    choose(page, "Save draft")
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    on_a_phone_in_the_dark(page, "send-phone-dark")
    choose(page, "Send later")
    at = (timezone.now() + timedelta(days=3)).replace(hour=18, minute=30)
    page.get_by_label("Date and time").fill(f"{at - timedelta(days=9):%Y-%m-%dT%H:%M}")
    page.get_by_label("Date and time").press("Enter")
    expect(page.get_by_text("Choose a time in the future, within a year.")).to_be_visible()
    page.get_by_label("Date and time").fill(f"{at:%Y-%m-%dT%H:%M}")
    shown(page, "send-later")
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("heading", name="It will be sent on")).to_be_visible()
    expect(page.get_by_role("heading", name="18:30 (")).to_be_visible()
    shown(page, "send-scheduled")
    page.goto("/admin/sms/send/drafts/")
    expect(page.get_by_role("cell", name="18:30 (")).to_be_visible()
    assert Campaign.objects.get().status == "scheduled"
    assert page.complaints == []


def test_two_editors_on_one_draft(sit_down, site):
    ada, bo = sit_down("ada"), sit_down("bo")
    ada.goto("/admin/sms/send/")
    ada.get_by_label("Message").fill("Tonight: piano.")
    choose(ada, "Save draft")
    expect(ada.get_by_text("The draft is saved.")).to_be_visible()
    bo.goto("/admin/sms/send/")
    bo.get_by_role("link", name="1 draft").click()
    bo.get_by_role("link", name="Tonight: piano.", exact=True).click()
    for page, text in ((ada, "Tonight 20:30: Nils Berg Trio."), (bo, "Tonight 20:30: piano and bass.")):
        page.get_by_label("Message").fill(text)
        choose(page, "Save draft")
    expect(bo.get_by_text("Ada changed this draft at")).to_be_visible()
    expect(bo.get_by_label("Message")).to_have_value("Tonight 20:30: piano and bass.")
    shown(bo, "send-two-editors")
    on_a_phone_in_the_dark(bo, "send-two-editors-dark")
    bo.get_by_role("button", name="Keep both: save mine as another draft").click()
    expect(bo.get_by_text("The draft is saved.")).to_be_visible()
    bo.get_by_role("link", name="2 drafts").click()
    expect(bo.get_by_role("link", name="Delete Tonight 20:30")).to_have_count(2)
    shown(bo, "drafts")
    assert ada.complaints == bo.complaints == []
