"""The popup, the worker and the inline form in a real Chromium, under the strictest policy a host may have."""

import json
import re
import sys
import time

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from wagtail.models import Page

from tests.e2e.people import picture
from tests.factories import SENDER, make_installed_site, write_texts
from tests.pwa.builds import build_pwa, restore_roots
from tests.pwa.phone import open_pages, phone, stop_idle_workers, wait_until_controlled
from tests.testapp.models import SimplePage
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import rebuild
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.subscribers import blocks
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ACTIONS = 3
DAY = 24 * 60 * 60
ONLY = """async (name) => { for (let turn = 0; turn < 80; turn++) {
  if ((await caches.keys()).join() === name) return true;
  await new Promise((next) => setTimeout(next, 50)); } return false; }"""


@pytest.fixture
def url(live_server, settings):
    """Address of a page of an installed site whose PWA has not been rebuilt with the popup yet."""
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.phone.StrictPolicy"]
    restore_roots()
    site = make_installed_site()
    SmsSettings.objects.filter(site=site).update(
        popup_after_actions=ACTIONS, popup_after_seconds=1, default_country="FR"
    )
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


def test_host_has_the_strictest_policy_and_the_watch_sees_what_it_forbids(asking, visitor):
    page = visitor.new_page()
    assert page.goto(asking).headers["content-security-policy"] == "default-src 'self'"
    with page.expect_console_message(lambda said: "CSP violation" in said.text):
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: '0'}))")
    assert any("CSP violation" in said for said in visitor.complaints)


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


def visit_until_taken_over(page, url, name):
    """Open pages until only the new build's files are kept.

    The old worker serves its own boot script until the new one, found by one page, takes over with the next, or with a
    press on "Reload" for who stays (test_update_browser). Chromium puts that off while the old one answers a request.
    """
    for _page in range(10):
        if page.evaluate(ONLY, name):
            return
        stop_idle_workers(page)
        open_pages(page, url, 1)
    raise AssertionError(f"{name} has not taken over.")


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
    visit_until_taken_over(page, url, f"wagtail-sms-pre-{build.build_id}")
    page.evaluate("localStorage.clear()")
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


def test_editors_rules_decide_who_is_asked_where_and_when(asking, playwright):
    texts = SmsSettings.objects.get()

    def rule(**changed):
        defaults = {"popup_from_visit": 1, "popup_never_on": "", "popup_audience": "mobile"}
        SmsSettings.objects.filter(pk=texts.pk).update(**defaults | changed)
        rebuild(texts.site, features=features_for(texts.site))

    with phone(playwright, service_workers="block") as visitor:
        page = visitor.new_page()

        def asked(*, pages=ACTIONS):
            """Whether so many pages bring the popup; a page that doesn't may not even load it."""
            visitor.asked.clear()
            open_pages(page, asking, pages)
            page.wait_for_timeout(1800)
            shown = page.locator("dialog[open]").count() == 1
            assert shown == any("popup.en.js" in address for address in visitor.asked)
            return shown

        rule(popup_from_visit=2)
        assert not asked()
        # Half an hour later.
        page.evaluate(
            """() => { const kept = JSON.parse(localStorage.getItem("wagtail-sms"));
              localStorage.setItem("wagtail-sms", JSON.stringify({...kept, seen: kept.seen - 30 * 60 * 1000 - 1})); }"""
        )
        assert asked(pages=1)
        rule(popup_never_on="/prog\n/programme")
        assert not asked(pages=1)
        rule(popup_never_on="/prog")
        assert asked(pages=1)
        rule(popup_audience="installed")
        assert not asked(pages=1)
        visitor.add_init_script(
            """const real = matchMedia;
            globalThis.matchMedia = (query) => real(query.includes("display-mode") ? "all" : query);"""
        )
        assert asked(pages=1)
        page.get_by_role("button", name="Don’t ask again").click()
        assert not asked()
        assert memory(page)["later"] / 1000 - time.time() > 50 * 365 * DAY


def test_popup_waits_beside_another_prompt(asking, visitor):
    visitor.add_init_script(
        """addEventListener("DOMContentLoaded", () => { const banner = document.createElement("div");
          banner.role = "dialog"; banner.textContent = "Cookies?"; document.body.append(banner); })"""
    )
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    page.wait_for_timeout(2500)
    assert page.locator("dialog").count() == 0
    page.evaluate("document.querySelector('[role=dialog]').remove()")
    popup(page)


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
    visitor.route("**/sms/subscribe/", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>Hi"))
    fill_in(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("went wrong")
    assert "done" not in memory(page)


def test_without_a_connection_or_a_worker_the_form_says_so_and_keeps_what_was_typed(asking, playwright):
    with phone(playwright, service_workers="block") as context:
        page = context.new_page()
        open_pages(page, asking, ACTIONS)
        dialog = popup(page)
        context.set_offline(True)
        fill_in(dialog)
        expect(dialog.get_by_role("alert")).to_contain_text("Check your connection")
        expect(dialog.get_by_label("Mobile number")).to_have_value("06 12 34 56 78")
        context.set_offline(False)
        dialog.get_by_role("button", name="Sign me up").click()
        expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()


def test_popup_without_a_connection_says_what_happens_now_and_later_that_it_did(asking, visitor):
    page = visitor.new_page()
    open_pages(page, asking, 1)
    wait_until_controlled(page)
    open_pages(page, asking, ACTIONS - 1)
    dialog = popup(page)
    visitor.set_offline(True)
    fill_in(dialog)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_focused()
    kept = memory(page)
    assert "done" not in kept
    assert kept["later"] / 1000 - time.time() == pytest.approx(7 * DAY, abs=60)
    picture(page, "popup-queued")
    visitor.set_offline(False)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Reply STOP")
    page.get_by_role("button", name="Close").click()
    assert "done" in memory(page)
    assert ConsentEvent.objects.count() == 1
    assert visitor.complaints == []


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


MEASURED = """new Promise((done) => {
  const sums = {shift: 0, longest: 0};
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type, buffered: true});
  watch("layout-shift", (entry) => (sums.shift += entry.value));
  watch("longtask", (entry) => (sums.longest = Math.max(sums.longest, entry.duration)));
  setTimeout(() => done({...sums, blocking: performance.getEntriesByType("resource")
    .filter((entry) => entry.renderBlockingStatus === "blocking").map((entry) => entry.name)}), 500); })"""


def test_page_with_popup_blocks_nothing_and_keeps_the_main_thread_free(asking, visitor, capsys):
    """A busy machine makes a task seem longer, never shorter: of four attempts one must do. Shorter than 50 ms is 0."""
    page = visitor.new_page()
    measured = []
    for _attempt in range(4):
        page.goto(asking)
        page.evaluate("localStorage.clear()")
        open_pages(page, asking, ACTIONS)
        popup(page)
        measured.append(page.evaluate(MEASURED))
        if measured[-1]["longest"] <= 50:
            break
    with capsys.disabled():
        sys.stdout.write(f"\nlongest task and layout shift, by attempt: {measured}\n")
    assert measured[-1]["longest"] <= 50
    assert [one["shift"] for one in measured] == [0] * len(measured)
    assert [one["blocking"] for one in measured] == [[]] * len(measured)


def test_form_of_a_page_from_a_cache_works_after_the_rebuild(asking, playwright):
    """The page was kept before its wording and build were replaced, and is the same for everybody."""
    contact = asking.replace("programme", "contact")
    texts = SmsSettings.objects.get()
    with phone(playwright, service_workers="block") as context:
        kept = context.request.get(contact).body()
        write_texts(texts.site, consent_text="{brand} may text me. STOP, HELP.", popup_title="New")
        rebuild(texts.site, features=features_for(texts.site))
        page = context.new_page()
        page.route(contact, lambda route: route.fulfill(body=kept, content_type="text/html; charset=utf-8"))
        page.goto(contact)
        form = page.locator("form[data-wagtail-sms-signup]")
        expect(form.get_by_role("checkbox")).to_have_accessible_name(re.compile("recurring marketing texts"))
        form.get_by_label("Mobile number").fill("06 12 34 56 78")
        form.get_by_role("checkbox").check()
        form.get_by_role("button", name="Sign me up").click()
        expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
        assert context.cookies() == []
        assert context.complaints == []
    with phone(playwright, java_script_enabled=False) as context:
        page = context.new_page()
        page.route(contact, lambda route: route.fulfill(body=kept, content_type="text/html; charset=utf-8"))
        page.goto(contact)
        page.get_by_label("Mobile number").fill("٠٦ ١٢ ٣٤ ٥٦ ٧٩")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Sign me up").click()
        expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
        assert context.cookies() == []
    assert {person.number for person in Subscriber.objects.all()} == {"+33612345678", "+33612345679"}
    # Each agreed to what their page showed.
    assert {event.wording.version for event in ConsentEvent.objects.select_related("wording")} == {1}


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


def test_who_is_blocked_by_the_network_can_text_start_with_one_tap(asking, visitor):
    blocks.block(sender=SENDER, number="+33612345678", since=timezone.now())
    page = visitor.new_page()
    open_pages(page, asking, ACTIONS)
    fill_in(popup(page))
    expect(page.get_by_role("heading", name="One step is left")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Text START to +1 201-555-0123")
    link = page.get_by_role("link", name="Text START")
    assert link.get_attribute("href") == "sms:+12015550123?&body=START"
    expect(page.get_by_role("dialog", name="One step is left")).to_be_visible()
    picture(page, "popup-start")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert visitor.complaints == []
