"""The popup and the inline form in a visitor's language: chosen in the browser, on pages that are the same for all."""

import json
import re

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import expect
from wagtail.models import Page

from tests.factories import make_installed_site, speak, write_texts
from tests.pwa.accessibility import in_both_schemes, misfits
from tests.pwa.builds import build_pwa, restore_roots
from tests.pwa.phone import phone, wait_until_controlled
from tests.testapp.models import SimplePage
from wagtail_sms import languages
from wagtail_sms.delivery.models import Notice
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DIALOG = "dialog.wagtail-sms-dialog"
FORM = "form[data-wagtail-sms-signup]"
TITLES = {
    "en": "Get our news by text",
    "fr": "Nos nouvelles par SMS",
    "es": "Nuestras novedades por SMS",
    "de": "Unsere Neuigkeiten per SMS",
    "ar": "أخبارنا برسائل نصية",
}


class InLanguage:
    """Middleware: a host whose pages are in the language of the query, ``?lang=ar``."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        lang = request.GET.get("lang")
        if lang is None:
            return self.get_response(request)
        with override(lang or "en"):
            response = self.get_response(request)
        html = f'<html lang="{lang}" dir="{languages.direction(lang)}">'
        response.content = response.content.replace(b'<html lang="en">', html.encode())
        return response


@pytest.fixture
def site(live_server, settings):
    """Speaks all five languages, English first; asks at the first page, at once."""
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.phone.StrictPolicy", "tests.pwa.test_languages_browser.InLanguage"]
    restore_roots()
    site = make_installed_site()
    speak(site, *TITLES)
    SmsSettings.objects.filter(site=site).update(
        popup_after_actions=1, popup_after_seconds=0, default_country="FR", privacy_url="https://halle.example/privacy/"
    )
    home = Page.objects.get(pk=site.root_page_id)
    home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    block = {"type": "sms_signup", "value": {"heading": "", "text": ""}}
    home.add_child(instance=SimplePage(title="Contact", slug="contact", body=json.dumps([block])))
    return site


@pytest.fixture
def url(site, live_server):
    build_pwa(site)
    return f"http://localhost:{live_server.thread.port}/programme/"


def ask(page, url, *, lang):
    page.goto(f"{url}?lang={lang}")
    page.evaluate("localStorage.clear()")
    page.reload()
    dialog = page.locator(DIALOG)
    dialog.wait_for()
    return dialog


def loaded(visitor):
    """The files with texts in them that a visitor's browser asked for."""
    return sorted({found[0] for address in visitor.asked if (found := re.search(r"popup\.[\w-]+\.js", address))})


@pytest.mark.parametrize(
    ("page_lang", "browser", "spoken"),
    [
        ("ar", "en-GB", "ar"),
        ("fr-CA", "de-DE", "fr"),
        ("nl", "es-MX", "es"),
        ("", "de-AT", "de"),
        ("nl", "it-IT", "en"),
    ],
)
def test_language_is_the_pages_else_the_browsers_else_the_first(url, playwright, page_lang, browser, spoken):
    with phone(playwright, service_workers="block", locale=browser) as visitor:
        dialog = ask(visitor.new_page(), url, lang=page_lang)
        expect(dialog.locator("h2")).to_have_text(TITLES[spoken])
        assert dialog.get_attribute("lang") == spoken
        assert loaded(visitor) == [f"popup.{spoken}.js"]
        assert visitor.cookies() == []
        assert visitor.complaints == []


def test_texts_come_only_when_they_are_due_and_in_one_language(url, site, playwright):
    SmsSettings.objects.filter(site=site).update(popup_after_actions=100)
    build_pwa(site)
    with phone(playwright, service_workers="block") as visitor:
        page = visitor.new_page()
        page.goto(url)
        page.wait_for_timeout(800)
        assert loaded(visitor) == []


@pytest.mark.parametrize("lang", TITLES)
def test_every_state_is_accessible_in_every_language(url, playwright, lang):
    """On a page of the other direction, which must not reach the sheet."""
    found = []
    with phone(playwright, device_scale_factor=1, service_workers="block", locale=lang) as visitor:
        page = visitor.new_page()
        # The site does not speak the page's language, so the browser decides.
        dialog = ask(page, url, lang="nl" if lang == "ar" else "he")
        direction = languages.direction(lang)
        assert dialog.evaluate("node => getComputedStyle(node).direction") == direction
        expect(dialog.locator("h2")).to_have_text(TITLES[lang])
        found += in_both_schemes(page, DIALOG) + misfits(page, DIALOG)
        dialog.locator(".wagtail-sms-accept").click()
        expect(dialog.locator("[data-error=phone]")).to_be_visible()
        with languages.speaking(lang):
            missing = gettext("Tick the box if you agree; without it we may not text you.")
        expect(dialog.locator("[data-error=consent]")).to_have_text(missing)
        found += in_both_schemes(page, DIALOG) + misfits(page, DIALOG)
        dialog.locator("[name=phone]").fill("06 12 34 56 78")
        dialog.locator("[name=consent]").check()
        dialog.locator(".wagtail-sms-accept").click()
        expect(dialog.get_by_role("status")).to_contain_text("STOP")
        found += in_both_schemes(page, DIALOG) + misfits(page, DIALOG)
        assert found == []
        assert visitor.complaints == []
    wording = ConsentEvent.objects.get().wording
    assert (wording.language, wording.version) == (lang, 1)
    assert Subscriber.objects.get().language == lang


def test_proof_and_welcome_are_those_of_the_language_that_was_shown(site, live_server, playwright):
    write_texts(site, "fr", consent_text="D’accord pour les SMS de {brand}. STOP, HELP.", popup_title="Salut")
    build_pwa(site)
    with phone(playwright, service_workers="block") as visitor:
        dialog = ask(visitor.new_page(), f"http://localhost:{live_server.thread.port}/programme/", lang="fr")
        expect(dialog.locator("h2")).to_have_text("Salut")
        # What the editor did not write is ours in French.
        expect(dialog.locator(".wagtail-sms-accept")).to_have_text("Je m’inscris")
        dialog.locator("[name=phone]").fill("06 12 34 56 78")
        dialog.locator("[name=consent]").check()
        dialog.locator(".wagtail-sms-accept").click()
        expect(dialog.get_by_role("status")).to_contain_text("Répondez-y STOP")
    wording = ConsentEvent.objects.get().wording
    assert (wording.language, wording.text) == ("fr", "D’accord pour les SMS de Halle Nord. STOP, HELP.")
    assert Notice.objects.get().body.startswith("Halle Nord : bienvenue")


@pytest.mark.parametrize("script", [True, False])
def test_form_on_a_page_speaks_the_pages_language_with_and_without_script(url, playwright, script):
    contact = url.replace("programme", "contact")
    with phone(playwright, service_workers="block", java_script_enabled=script, locale="de-DE") as visitor:
        page = visitor.new_page()
        page.goto(f"{contact}?lang=ar")
        if script:
            page.locator(DIALOG).wait_for()
            page.keyboard.press("Escape")
            # Its names come from the browser's own data.
            expect(page.locator(f"{FORM} option[value=FR]")).to_have_text(re.compile("فرنسا"))
        form = page.locator("form.wagtail-sms-form")
        assert form.get_attribute("dir") == "rtl"
        form.get_by_label("رقم الجوال").fill("12")
        form.locator("[name=country]").select_option("FR")
        form.get_by_role("checkbox").check()
        form.get_by_role("button", name="أريد الاشتراك").click()
        expect(page.locator("[data-error=phone]")).to_have_text(re.compile("هذا الرقم غير صالح"))
        form.get_by_label("رقم الجوال").fill("06 12 34 56 78")
        form.get_by_role("checkbox").check()
        form.get_by_role("button", name="أريد الاشتراك").click()
        expect(page.get_by_role("status")).to_contain_text("أرسل STOP")
        assert visitor.cookies() == []
        assert visitor.complaints == []
    assert ConsentEvent.objects.get().wording.language == "ar"


def test_sign_up_that_waits_for_a_connection_says_so_in_the_visitors_language(url, playwright):
    with phone(playwright, locale="fr-FR") as visitor:
        page = visitor.new_page()
        page.goto(f"{url}?lang=fr")
        wait_until_controlled(page)
        dialog = page.locator(DIALOG)
        dialog.wait_for()
        dialog.locator("[name=phone]").fill("06 12 34 56 78")
        dialog.locator("[name=consent]").check()
        visitor.set_offline(True)
        dialog.locator(".wagtail-sms-accept").click()
        expect(dialog.locator("h2")).to_have_text("Enregistré, mais pas encore envoyé")
        expect(dialog.get_by_role("status")).to_contain_text("vous n’êtes donc pas encore inscrit")
        visitor.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.get_by_text("Votre inscription est enregistrée").first).to_be_visible()
    assert ConsentEvent.objects.get().wording.language == "fr"
