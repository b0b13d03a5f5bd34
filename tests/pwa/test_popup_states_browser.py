"""Every state of the popup at three widths, in both directions and schemes: seen, measured and kept as pictures."""

import json

import pytest
from playwright.sync_api import expect
from wagtail.models import Page

from tests.e2e.people import picture
from tests.factories import make_installed_site, speak
from tests.pwa.accessibility import violations
from tests.pwa.builds import build_pwa, restore_roots
from tests.pwa.phone import phone
from tests.testapp.models import SimplePage
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {320: 640, 390: 844, 1280: 800}
INLINE = ".wagtail-sms-signup"
DIALOG = "dialog.wagtail-sms-dialog"
# What a careless host does to plain elements.
HOSTILE = """
* { box-sizing: content-box; }
h2 { color: red; font: italic 3rem serif; letter-spacing: 0.2em; margin: 3rem; text-transform: uppercase; }
button { background: lime; border: 4px dashed red; float: right; width: auto; }
label { color: orange; display: inline; }
input, select { border-radius: 0; height: 20px; width: 50px; }
p { color: pink; line-height: 3; margin: 4em; }
form, div { background: yellow; border: 1px solid red; padding: 3em; }
"""


@pytest.fixture
def url(live_server, settings):
    """A page whose site asks at the first page, at once."""
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.phone.StrictPolicy"]
    restore_roots()
    site = make_installed_site()
    SmsSettings.objects.filter(site=site).update(
        popup_after_actions=1, popup_after_seconds=0, default_country="FR", privacy_url="https://halle.example/privacy/"
    )
    home = Page.objects.get(pk=site.root_page_id)
    home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    block = {"type": "sms_signup", "value": {"heading": "Stay in touch", "text": "Short and rare."}}
    home.add_child(instance=SimplePage(title="Contact", slug="contact", body=json.dumps([block])))
    return f"http://localhost:{live_server.thread.port}/programme/"


def site_of(url):
    return SmsSettings.objects.get().site


def open_popup(page, url, *, width):
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    page.goto(url)
    page.evaluate("localStorage.clear()")
    page.goto(url)
    dialog = page.locator(DIALOG)
    dialog.wait_for()
    return dialog


def judge(page, state, found, *, within=DIALOG):
    """Both schemes of what is shown now: what breaks a rule, what is too wide, what is too small for a finger."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{state} {scheme}: {line}" for line in violations(page, within)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    dialog = page.locator(within)
    if dialog.evaluate(
        "node => node.scrollWidth > node.clientWidth || node.getBoundingClientRect().width > innerWidth"
    ):
        found.append(f"{state}: too wide")
    targets = "button, select, input[type=tel], .wagtail-sms-consent, .wagtail-sms-privacy, .wagtail-sms-accept"
    small = dialog.locator(targets).evaluate_all(
        """nodes => nodes.filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 44)
          .map((node) => node.outerHTML)"""
    )
    found += [f"{state}: too small: {target}" for target in small]


@pytest.mark.parametrize(("lang", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_every_state_is_accessible_at_every_width(url, playwright, lang, direction):
    speak(site_of(url), lang)
    build_pwa(site_of(url), lang=lang)
    found = []
    with phone(playwright, device_scale_factor=1, service_workers="block") as visitor:
        page = visitor.new_page()
        for turn, width in enumerate(SIZES):
            dialog = open_popup(page, url, width=width)
            assert dialog.evaluate("node => getComputedStyle(node).direction") == direction
            expect(dialog.locator("h2")).to_be_focused()
            judge(page, f"{width} open", found)
            keep(page, f"popup-{direction}-{width}")
            dialog.locator(".wagtail-sms-accept").click()
            expect(dialog.locator("[name=phone]")).to_be_focused()
            expect(dialog.locator("[name=consent]")).to_have_attribute("aria-invalid", "true")
            judge(page, f"{width} errors", found)
            keep(page, f"popup-{direction}-{width}-errors")
            dialog.locator("[name=phone]").fill(f"06 12 34 56 7{turn}")
            dialog.locator("[name=consent]").check()
            dialog.locator(".wagtail-sms-accept").click()
            expect(dialog.locator("h2")).to_be_focused()
            expect(dialog.get_by_role("status")).to_contain_text("STOP")
            judge(page, f"{width} done", found)
            keep(page, f"popup-{direction}-{width}-done")
        assert found == []
        assert visitor.complaints == []
        assert visitor.cookies() == []
    assert Subscriber.objects.count() == len(SIZES)


@pytest.mark.parametrize(("lang", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_forms_on_pages_are_accessible_in_every_state(url, playwright, settings, lang, direction):
    """The form on its own page, sent without any script, and the one within a page, sent by script."""
    settings.LANGUAGE_CODE = lang
    speak(site_of(url), lang)
    build_pwa(site_of(url), lang=lang)
    found = []
    with phone(playwright, device_scale_factor=1, service_workers="block") as visitor:
        page = visitor.new_page()
        places = {"/sms/subscribe/": "main", "/contact/": INLINE}
        for turn, (path, within) in enumerate(places.items()):
            page.set_viewport_size({"width": 320, "height": 640})
            page.goto(url.replace("/programme/", path))
            if within == INLINE:
                dismiss(page)
            else:
                assert page.locator("html").get_attribute("dir") == direction
                assert page.locator("script").count() == 0
            form = page.locator(within)
            judge(page, f"{path} open", found, within=within)
            form.locator(".wagtail-sms-accept").click()
            expect(form.locator("[name=phone]")).to_be_focused()
            judge(page, f"{path} errors", found, within=within)
            form.locator("[name=phone]").fill(f"06 12 34 56 7{turn}")
            form.locator("[name=consent]").check()
            form.locator(".wagtail-sms-accept").click()
            expect(form.get_by_role("status")).to_contain_text("STOP")
            judge(page, f"{path} done", found, within=within)
        assert found == []
        assert visitor.complaints == []
        assert visitor.cookies() == []
    assert Subscriber.objects.count() == len(places)


def dismiss(page):
    page.locator(DIALOG).wait_for()
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)


KEPT = {"popup-ltr-320-errors", "popup-rtl-390", "popup-ltr-390", "popup-ltr-390-done"}


def keep(page, name):
    """Some of what was seen, for the documents; dark beside light."""
    if name not in KEPT:
        return
    picture(page, name)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    picture(page, f"{name}-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_keyboard_reaches_everything_and_comes_back(url, playwright):
    build_pwa(site_of(url))
    with phone(playwright, service_workers="block") as visitor:
        page = visitor.new_page()
        dialog = open_popup(page, url, width=390)
        names = []
        for _stop in range(7):
            page.keyboard.press("Tab")
            names.append(page.evaluate("document.activeElement.name || document.activeElement.className"))
        ours = ["country", "phone", "consent", "wagtail-sms-privacy", "wagtail-sms-accept"]
        assert names == [*ours, "wagtail-sms-dismiss", "wagtail-sms-dismiss"]
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        assert page.evaluate("JSON.parse(localStorage.getItem('wagtail-sms')).later > Date.now() + 50 * 365 * 864e5")


def test_host_styles_stop_at_the_sheet_and_host_colours_reach_it(url, playwright):
    build_pwa(site_of(url))
    with phone(playwright, service_workers="block", bypass_csp=True) as visitor:
        page = visitor.new_page()
        dialog = open_popup(page, url, width=390)
        expect(dialog).to_have_css("animation-name", "wagtail-sms-rise")
        page.emulate_media(reduced_motion="reduce")
        expect(dialog).to_have_css("animation-name", "none")
        parts = "h2, p, form, label, input, select, button"
        look = f"""node => [...node.querySelectorAll("{parts}")].map((part) => {{
          const {{color, font, margin, padding, border, float, width, letterSpacing}} = getComputedStyle(part);
          return [part.tagName, color, font, margin, padding, border, float, width, letterSpacing].join(); }})"""
        before = dialog.evaluate(look)
        page.add_style_tag(content=HOSTILE)
        assert dialog.evaluate(look) == before
        own = ":root { --wagtail-sms-accent: #f0c000; --wagtail-sms-on-accent: #000; --wagtail-sms-surface: #fff8e6; }"
        page.add_style_tag(content=own)
        accept = dialog.locator(".wagtail-sms-accept")
        expect(accept).to_have_css("background-color", "rgb(240, 192, 0)")
        expect(dialog).to_have_css("background-color", "rgb(255, 248, 230)")
