"""The previews of the popup and of the installed app: what stands in the form counts, and nothing is saved."""

import html
import io
import re

import pytest
from django.urls import reverse
from PIL import Image

from tests.admin.conftest import make_editor, make_picture, signed_in
from tests.factories import speak
from wagtail_sms.pwa.models import PwaBuild, PwaSettings
from wagtail_sms.pwa.render import source
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.texts import DEFAULTS, texts_for


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


def phones(client, site, **typed) -> list[str]:
    typed = {f"en-{name}" if name in DEFAULTS else name: value for name, value in typed.items()}
    answer = client.post(reverse("wagtail_sms:popup_look"), {"sms_site": site.pk, **typed})
    assert answer.status_code == 200
    return [html.unescape(document) for document in re.findall(r'srcdoc="([^"]*)"', answer.content.decode())]


def app(client, site, **typed) -> str:
    answer = client.post(reverse("wagtail_sms:app_look"), {"sms_site": site.pk, **typed})
    assert answer.status_code == 200
    return answer.content.decode()


def test_phones_show_what_is_typed_and_nothing_is_saved(client, site):
    shown = phones(client, site, popup_title="Fresh from {brand}", brand="Hall & Co")
    assert len(shown) == 8
    assert all('"title": "Fresh from Hall \\u0026 Co"' in document for document in shown)
    assert f'"text": "{DEFAULTS["popup_text"][:20]}' in shown[0]
    assert texts_for(site).popup_title == ""
    assert not ConsentWording.objects.filter(site=site).exists()
    assert not PwaBuild.objects.exists()


@pytest.mark.parametrize("typed", ['</script><script>alert(1)</script>"><b>', "é\0œ" * 3000, "{nobody} { } {{}}"])
def test_phones_bear_whatever_is_typed(client, site, typed):
    for document in phones(client, site, popup_title=typed, brand=typed, privacy_url=typed, default_country=typed):
        assert "<script>" not in document
        assert document.count("</script>") == 2
        assert "<b>" not in document


def test_phones_speak_the_sites_language_and_its_direction(client, site):
    speak(site, "ar")
    assert '<html lang="ar" dir="rtl">' in phones(client, site)[0]


def test_phones_of_another_site_are_refused(site, south_editor):
    answer = signed_in(south_editor).post(reverse("wagtail_sms:popup_look"), {"sms_site": site.pk})
    assert answer.status_code == 302


def test_script_of_the_phones_is_the_module_that_visitors_get(client, site):
    address = re.search(r'src="([^"]+popup\.js[^"]*)"', phones(client, site)[0])[1]
    answer = client.get(address)
    assert source("popup.js") in answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")


def test_styles_of_the_phones_follow_the_scheme_and_the_colour(client, site):
    light, dark = (
        client.get(reverse("wagtail_sms:look_styles"), {"colour": "#1a6b54", "scheme": scheme}).content.decode()
        for scheme in ("light", "dark")
    )
    assert "--wagtail-sms-accent:#1a6b54" in light
    assert "@media not all {" in light and "@media all {" in dark
    assert "prefers-color-scheme" not in light + dark


@pytest.mark.parametrize("query", [{}, {"colour": "red;}", "scheme": "light"}, {"colour": "#1a6b54", "scheme": "x"}])
def test_styles_for_no_colour_are_not_found(client, site, query):
    assert client.get(reverse("wagtail_sms:look_styles"), query).status_code == 404


def test_files_are_for_those_only_who_may_change_something(site):
    other = signed_in(make_editor("eva", site, "send_campaign"))
    for name in ("look_script", "look_styles"):
        assert other.get(reverse(f"wagtail_sms:{name}")).status_code == 302


def test_app_shows_typed_name_colours_and_icons_as_a_build_draws_them(client, site):
    picture = make_picture()
    shown = app(
        client,
        site,
        name="Halle Nord",
        short_name="Nord",
        icon=picture.pk,
        background_colour="#0e0f12",
        theme_colour="#x",
    )
    assert ">Nord</text>" in shown
    assert 'fill="#0e0f12"' in shown
    addresses = [html.unescape(found) for found in re.findall(r'<image href="([^"]+)"', shown)]
    sizes = []
    for address in addresses:
        answer = client.get(address)
        assert answer["Content-Type"] == "image/png"
        sizes.append(Image.open(io.BytesIO(answer.content)).size)
    assert sizes == [(512, 512), (180, 180), (192, 192)]
    assert PwaSettings.for_site(site).short_name == ""


def test_app_says_why_a_picture_is_no_icon(client, site):
    shown = app(client, site, icon=make_picture(300).pk)
    assert "The icon is 300 × 300 pixels." in shown
    assert "<image" not in shown
    assert "Choose an icon" in app(client, site)


def test_app_of_a_site_without_sms_has_no_popup(client, bare_site, site):
    assert "<iframe" not in app(client, bare_site)
    assert app(client, site, theme_colour="#aa0000").count("<iframe") == 4


@pytest.mark.parametrize("pk", ["", "x", "9" * 30, "0", "١"])
def test_no_picture_is_no_icon(client, site, pk):
    query = {"image": pk, "background": "#ffffff"}
    assert client.get(reverse("wagtail_sms:app_icon", args=["icon-192"]), query).status_code == 404
    assert "Choose an icon" in app(client, site, icon=pk)


def test_picture_that_an_editor_may_not_choose_is_not_shown(site):
    picture = make_picture()
    editor = signed_in(make_editor("eva", site, "change_pwasettings"))
    query = {"image": picture.pk, "background": "#ffffff", "sms_site": site.pk}
    assert editor.get(reverse("wagtail_sms:app_icon", args=["icon-192"]), query).status_code == 404


def test_both_pages_hold_their_preview(client, site):
    assert reverse("wagtail_sms:popup_look") in client.get(reverse("wagtail_sms:settings")).content.decode()
    page = client.get(reverse("wagtail_sms:pwa"), {"sms_site": site.pk}).content.decode()
    assert reverse("wagtail_sms:app_look") in page
