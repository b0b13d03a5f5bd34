"""The previews in a real Chromium: they follow what is typed and never take the focus."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.admin.conftest import signed_in
from tests.e2e.people import picture
from tests.factories import make_installed_site, speak
from tests.pwa.accessibility import in_both_schemes
from tests.pwa.builds import build_pwa, restore_roots
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor(live_server, chromium, settings):
    """A signed-in editor's page; what scripts complain about is in `page.complaints`."""
    settings.DEBUG = True
    # Nothing is asked of anybody outside.
    settings.WAGTAIL_GRAVATAR_PROVIDER_URL, settings.WAGTAIL_ENABLE_UPDATE_CHECK = None, False
    restore_roots()
    user = User.objects.create_superuser("ada", "ada@example.org", "secret", first_name="Ada", last_name="Lindqvist")
    build_pwa(make_installed_site(), name="Halle Nord")
    context = chromium.new_context(base_url=live_server.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(20000)
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


def phone(page, caption):
    return page.frame_locator(f'iframe[title="{caption}"]')


def test_popup_is_drawn_while_one_types(editor):
    editor.goto("/admin/sms/settings/")
    expect(phone(editor, "The popup asks").locator("h2")).to_have_text("Get our news by text")
    # No country was chosen for the site, so the browser's language suggests one.
    expect(phone(editor, "The popup asks").locator("[name=country]")).to_have_value("GB")
    expect(phone(editor, "After a mistake").locator("[data-error=phone]")).to_be_visible()
    expect(phone(editor, "Signed up").locator("h2")).to_have_text("You are signed up")
    dark = phone(editor, "In dark mode").locator("dialog")
    expect(dark).to_have_css("background-color", "rgb(28, 31, 36)")
    title = editor.get_by_label("Title")
    title.fill("")
    title.press_sequentially("Doors and dates", delay=60)
    expect(phone(editor, "The popup asks").locator("h2")).to_have_text("Doors and dates")
    expect(phone(editor, "The popup asks").locator("dialog")).to_be_visible()
    expect(title).to_be_focused()
    expect(title).to_have_value("Doors and dates")
    editor.locator(".wagtail-sms-look").evaluate("node => node.scrollIntoView({block: 'center'})")
    picture(editor, "settings-preview")
    assert in_both_schemes(editor, "main") == []
    assert editor.complaints == []
    assert not SmsTexts.objects.exclude(popup_title="").exists()
    assert ConsentWording.objects.count() == 1  # the build's


def test_preview_follows_the_language_of_the_tab(editor):
    speak(SmsSettings.objects.get().site, "en", "ar")
    editor.goto("/admin/sms/settings/")
    expect(phone(editor, "The popup asks").locator("h2")).to_have_text("Get our news by text")
    editor.get_by_role("tab", name="العربيّة").click()
    expect(phone(editor, "The popup asks").locator("h2")).to_have_text("أخبارنا برسائل نصية")
    expect(phone(editor, "The form on a page").locator("form")).to_have_css("direction", "rtl")
    expect(phone(editor, "The form after a mistake").locator("[data-error=phone]")).to_be_visible()
    expect(phone(editor, "The form, signed up").locator("h3")).to_have_text("تم اشتراكك")
    assert in_both_schemes(editor, "main") == []
    editor.get_by_label("Preview in").select_option("en")
    expect(phone(editor, "The popup asks").locator("h2")).to_have_text("Get our news by text")
    assert editor.complaints == []


def test_app_is_drawn_while_one_chooses(editor):
    editor.goto("/admin/pwa/")
    look = editor.locator("#wagtail-sms-look-app")
    expect(look.locator("image")).to_have_count(3)
    editor.get_by_label("Short name").fill("Nord")
    expect(look.locator(".wagtail-sms-look__label").first).to_have_text("Nord")
    editor.locator("#id_theme_colour").fill("#b3202e")
    button = phone(editor, "The popup asks").locator(".wagtail-sms-accept")
    expect(button).to_have_css("background-color", "rgb(179, 32, 46)")
    expect(editor.locator("#id_theme_colour")).to_be_focused()
    loaded = (
        "nodes => nodes.every((node) => performance.getEntriesByName(new URL(node.href.baseVal, location).href).length)"
    )
    assert look.locator("image").evaluate_all(loaded)
    look.evaluate("node => node.scrollIntoView({block: 'center'})")
    picture(editor, "pwa-preview")
    editor.emulate_media(color_scheme="dark")
    picture(editor, "pwa-preview-dark")
    assert in_both_schemes(editor, "main") == []
    editor.goto("/admin/pwa/off/")
    assert in_both_schemes(editor, "main") == []
    for width in (1280, 390, 320):
        editor.set_viewport_size({"width": width, "height": 800})
        editor.get_by_role("link", name="No, go back").click(trial=True)
        assert editor.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert editor.complaints == []
