"""The popup, the worker and the inline form in a real Chromium, under the strictest policy a host may have."""

import json
import re
import time

import pytest
from playwright.sync_api import expect
from wagtail.models import Page

from tests.factories import make_installed_site
from tests.pwa.builds import build_pwa, restore_roots
from tests.pwa.phone import open_pages, phone, wait_until_controlled
from tests.testapp.models import SimplePage
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import rebuild
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.texts import SmsSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ACTIONS = 3
DAY = 24 * 60 * 60


@pytest.fixture
def url(live_server, settings):
    """Address of a page of an installed site whose PWA has not been rebuilt with the popup yet."""
    settings.MIDDLEWARE = ["tests.pwa.phone.StrictPolicy", *settings.MIDDLEWARE]
    restore_roots()
    site = make_installed_site()
    SmsSettings.objects.filter(site=site).update(popup_after_actions=ACTIONS, default_country="FR")
    block = {"type": "sms_signup", "value": {"heading": "Stay in touch", "text": ""}}
    home = Page.objects.get(pk=site.root_page_id)
    home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    home.add_child(instance=SimplePage(title="Contact", slug="contact", body=json.dumps([block])))
    build_pwa(site, features={})
    return f"http://localhost:{live_server.thread.port}/programme/"


@pytest.fixture
def asking(url):
    """The same after the rebuild: the popup comes after the third page."""
    site = PwaBuild.objects.first().site
    rebuild(site, features=features_for(site))
    return url


@pytest.fixture
def visitor(playwright):
    with phone(playwright) as context:
        yield context


def popup(page):
    dialog = page.get_by_role("dialog", name="Get our news by text")
    dialog.wait_for()
    return dialog


def fill_in(dialog, number="06 12 34 56 78", *, consent=True):
    dialog.get_by_label("Mobile number").fill(number)
    if consent:
        dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Sign me up").click()


def memory(page):
    return page.evaluate("JSON.parse(localStorage.getItem('wagtail-sms'))")


def test_popup_arrives_by_the_rebuild_and_after_some_pages(url, visitor):
    page = visitor.new_page()
    open_pages(page, url, 1)
    wait_until_controlled(page)
    open_pages(page, url, ACTIONS + 1)
    page.wait_for_timeout(1500)
    assert page.locator("dialog").count() == 0
    assert not [asked for asked in visitor.asked if "popup" in asked]

    site = PwaBuild.objects.get().site
    build = rebuild(site, features=features_for(site)).build
    open_pages(page, url, 1)
    # The old worker serves its own boot script until the new one, found by this very page, has taken over.
    page.evaluate(
        """async (build) => { for (let turn = 0; turn < 100; turn++) {
          if ((await caches.keys()).join() === `wagtail-sms-pre-${build}`) return;
          await new Promise((next) => setTimeout(next, 50)); } throw new Error((await caches.keys()).join()); }""",
        build.build_id,
    )
    open_pages(page, url, ACTIONS - 1)
    page.wait_for_timeout(1500)
    assert page.locator("dialog").count() == 0
    open_pages(page, url, 1)
    popup(page)
    assert visitor.complaints == []


def test_visitor_signs_up_and_is_never_asked_again(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    dialog = popup(page)
    expect(dialog.get_by_role("checkbox")).not_to_be_checked()
    expect(dialog.get_by_label("Country")).to_have_value("FR")
    fill_in(dialog)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Reply STOP")
    assert Subscriber.objects.get().number == "+33612345678"
    assert ConsentEvent.objects.get().page_url == asking
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    open_pages(page, asking, 2)
    page.wait_for_timeout(1800)
    assert page.locator("dialog").count() == 0
    assert visitor.complaints == []
    assert visitor.cookies() == []
    host = asking.split("/")[2]
    assert {asked.split("/")[2] for asked in visitor.asked if asked.startswith("http")} == {host}


def test_mistake_stands_beside_its_field_and_takes_the_focus(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    dialog = popup(page)
    fill_in(dialog, "06 12", consent=False)
    field = dialog.get_by_label("Mobile number")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("not a valid phone number"))
    expect(dialog.get_by_role("checkbox")).to_have_accessible_description(re.compile("Tick the box"))
    fill_in(dialog)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert Subscriber.objects.count() == 1


def test_not_now_is_remembered_for_longer_each_time(asking, visitor):
    page = visitor.new_page()
    for refusals, days in enumerate([7, 30, 90], start=1):
        open_pages(page, asking, ACTIONS)
        popup(page).get_by_role("button", name="Not now").click()
        expect(page.locator("dialog")).to_have_count(0)
        kept = memory(page)
        assert kept["refusals"] == refusals
        assert kept["later"] / 1000 - time.time() == pytest.approx(days * DAY, abs=60)
        page.evaluate("kept => localStorage.setItem('wagtail-sms', JSON.stringify({...kept, later: 1}))", kept)
    open_pages(page, asking, 1)
    popup(page)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert memory(page)["later"] / 1000 - time.time() > 50 * 365 * DAY


def test_popup_waits_while_somebody_types(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking.replace("programme", "contact"), ACTIONS)
    page.get_by_label("Mobile number").focus()
    page.wait_for_timeout(2000)
    assert page.locator("dialog").count() == 0


def test_desktop_never_downloads_the_popup(asking, playwright):
    with phone(playwright, device="Desktop Chrome") as context:
        page = context.new_page()
        open_pages(page, asking, ACTIONS + 1)
        page.wait_for_timeout(1800)
        assert page.locator("dialog").count() == 0
        assert not [asked for asked in context.asked if "popup" in asked]


def test_answer_that_is_a_page_is_no_yes(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    dialog = popup(page)
    page.route("**/sms/subscribe/", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>Hi"))
    fill_in(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("went wrong")
    assert "done" not in memory(page)


def test_without_a_connection_the_form_says_so_and_keeps_what_was_typed(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, 1)
    wait_until_controlled(page)
    open_pages(page, asking, ACTIONS - 1)
    dialog = popup(page)
    visitor.set_offline(True)
    fill_in(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("Check your connection")
    expect(dialog.get_by_label("Mobile number")).to_have_value("06 12 34 56 78")
    visitor.set_offline(False)
    dialog.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()


def test_offline_page_comes_from_the_worker(asking, visitor):
    page = visitor.new_page()
    page.goto(asking)
    wait_until_controlled(page)
    visitor.set_offline(True)
    response = page.goto(asking + "?away")
    assert response.from_service_worker
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    visitor.set_offline(False)


def test_worker_leaves_editors_screens_alone(asking, visitor):
    page = visitor.new_page()
    page.goto(asking)
    wait_until_controlled(page)
    assert page.goto(asking).from_service_worker
    assert not page.goto(asking.replace("/programme/", "/admin/login/")).from_service_worker


def test_site_can_be_installed(asking, visitor):
    page = visitor.new_page()
    page.goto(asking)
    devtools = visitor.new_cdp_session(page)
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    assert devtools.send("Page.getAppManifest")["errors"] == []
    assert devtools.send("Page.getAppId")["appId"] == asking.replace("/programme/", "/")


def test_without_builds_the_worker_goes(asking, visitor):
    page = visitor.new_page()
    page.goto(asking)
    wait_until_controlled(page)
    PwaBuild.objects.all().delete()
    page.goto(asking)
    left = page.evaluate(
        """async () => { for (let turn = 0; turn < 100; turn++) {
          const kept = [...await navigator.serviceWorker.getRegistrations(), ...await caches.keys()];
          if (!kept.length) return 0; await new Promise((next) => setTimeout(next, 50)); } return "still there"; }"""
    )
    assert left == 0


def test_popup_fits_a_narrow_phone_with_targets_for_fingers(asking, playwright):
    with phone(playwright, viewport={"width": 320, "height": 640}) as context:
        page = context.new_page()
        open_pages(page, asking, ACTIONS)
        dialog = popup(page)
        page.wait_for_timeout(400)
        assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
        box = dialog.bounding_box()
        assert (box["x"], box["width"]) == (0, 320)
        for target in dialog.locator("button, select, input[type=tel], .wagtail-sms-consent").all():
            size = target.bounding_box()
            assert min(size["width"], size["height"]) >= 44


def test_popup_moves_nothing_on_the_page(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    popup(page)
    shift = page.evaluate(
        """new Promise((done) => { let sum = 0; new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += entry.value; }).observe({type: "layout-shift", buffered: true});
          setTimeout(() => done(sum), 500); })"""
    )
    assert shift == 0


def test_inline_form_sends_without_leaving_the_page(asking, visitor):
    page = visitor.new_page()
    contact = asking.replace("programme", "contact")
    page.goto(contact)
    form = page.locator("form[data-wagtail-sms-signup]")
    form.get_by_label("Mobile number").fill("06")
    form.get_by_role("checkbox").check()
    form.get_by_role("button", name="Sign me up").click()
    expect(form.get_by_label("Mobile number")).to_have_accessible_description(re.compile("not a valid"))
    form.get_by_label("Mobile number").fill("06 12 34 56 78")
    form.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert page.url == contact
    assert Subscriber.objects.get().number == "+33612345678"
    assert visitor.complaints == []


def test_inline_form_works_without_javascript(asking, playwright):
    with phone(playwright, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(asking.replace("programme", "contact"))
        page.get_by_label("Mobile number").fill("06")
        page.get_by_role("button", name="Sign me up").click()
        expect(page.get_by_label("Mobile number")).to_have_value("06")
        expect(page.get_by_text("not a valid phone number")).to_be_visible()
        page.get_by_label("Mobile number").fill("06 12 34 56 78")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Sign me up").click()
        expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert Subscriber.objects.get().number == "+33612345678"
