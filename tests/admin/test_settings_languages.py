"""The Settings tab of a site that speaks several languages: a tab each, saved together or not at all."""

import re

import pytest
from django.urls import reverse

from tests.admin.conftest import RULES, make_editor, signed_in
from tests.factories import speak, write_texts
from tests.pwa.builds import build_pwa
from wagtail_sms.admin.pwa_words import sentences
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import changes_since, current_build, rebuild
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS, SmsTexts, current_wording, texts_for


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


@pytest.fixture
def bilingual(site):
    speak(site, "en", "fr")
    return site


def save(client, site, tabs=("en", "fr"), **changed):
    """Posts the page as it stands with these tabs; `fr_welcome_text` is the French one."""
    sent = {f"{language}-{name}": "" for language in tabs for name in DEFAULTS}
    sent |= {"brand": "Halle Nord", "popup_after_actions": 10, "privacy_url": "", **RULES, "default_country": ""}
    sent |= {"first_language": tabs[0], "languages": tabs, "text_language": tabs}
    sent |= {re.sub(r"^(en|fr|ar)_", r"\1-", name): value for name, value in changed.items()}
    return client.post(reverse("wagtail_sms:settings"), {**sent, "sms_site": site.pk}, follow=True)


def test_each_language_has_a_tab_with_its_own_defaults(client, bilingual):
    page = client.get(reverse("wagtail_sms:settings"))
    shown = page.content.decode()
    assert re.findall(r'id="tab-label-texts-(\w+)"', shown) == ["en", "fr"]
    fields = page.context["form"].texts["fr"].fields
    assert fields["popup_title"].widget.attrs["placeholder"] == "Nos nouvelles par SMS"
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids))


def test_site_that_speaks_one_language_has_no_tabs(client, site):
    shown = client.get(reverse("wagtail_sms:settings")).content.decode()
    assert 'role="tab"' not in shown
    assert "id_look_language" not in shown
    assert 'name="languages"' in shown


def test_host_with_one_language_is_not_asked_for_it(client, site, settings):
    settings.LANGUAGES = [("en", "English")]
    assert 'name="languages"' not in client.get(reverse("wagtail_sms:settings")).content.decode()
    save(client, site, ("en",), en_popup_title="News", languages=[], first_language="")
    assert texts_for(site).popup_title == "News"
    assert SmsSettings.for_site(site).spoken == ["en"]


def test_texts_are_saved_by_language(client, bilingual):
    save(client, bilingual, en_popup_title="News", fr_popup_title="Nouvelles")
    assert texts_for(bilingual, "en").popup_title == "News"
    assert texts_for(bilingual, "fr").popup_title == "Nouvelles"
    assert texts_for(bilingual, "de").language == "en"


def test_mistake_in_one_language_loses_nothing_of_the_others(client, bilingual):
    answer = save(
        client, bilingual, brand="Changed", fr_welcome_text="Salut", en_popup_title="News", en_thanks_text="STOP"
    )
    form = answer.context["form"]
    assert list(form.texts["fr"].errors) == ["welcome_text"]
    assert not form.texts["en"].errors
    assert form["brand"].value() == "Changed"
    assert form.texts["en"]["popup_title"].value() == "News"
    assert form.texts["fr"]["welcome_text"].value() == "Salut"
    assert list(form.texts) == ["en", "fr"]
    assert not SmsTexts.objects.exists()
    assert SmsSettings.for_site(bilingual).brand == "Halle Nord"


def test_first_language_leads_and_is_spoken_even_unticked(client, bilingual):
    save(client, bilingual, first_language="ar", languages=["fr"])
    assert SmsSettings.for_site(bilingual).spoken == ["ar", "fr"]
    answer = save(client, bilingual, first_language="xx", languages=["nl"])
    assert {"first_language", "languages"} <= set(answer.context["form"].errors)


def test_language_that_is_taken_away_keeps_its_texts(client, bilingual):
    save(client, bilingual, fr_popup_title="Nouvelles", languages=["en"])
    assert SmsSettings.for_site(bilingual).spoken == ["en"]
    save(client, bilingual, ("en",), languages=["en", "fr"])
    assert texts_for(bilingual, "fr").popup_title == "Nouvelles"


def test_form_that_was_open_before_a_language_came_empties_nothing(client, bilingual):
    write_texts(bilingual, "fr", popup_title="Nouvelles")
    save(client, bilingual, ("en",), en_popup_title="News", languages=["en", "fr"])
    assert texts_for(bilingual, "fr").popup_title == "Nouvelles"


def test_preview_of_a_text_is_that_of_its_language(client, bilingual):
    first = current_wording(bilingual, "fr")
    address = reverse("wagtail_sms:settings_preview", args=["fr", "consent_text"])
    shown = client.post(address, {"sms_site": bilingual.pk, "brand": "Halle Nord"}).content.decode()
    assert "J’accepte de recevoir" in shown and "au plus 4 fois par mois" in shown
    assert f"This is version {first.version} of the consent" in " ".join(shown.split())
    missing = reverse("wagtail_sms:settings_preview", args=["nl", "consent_text"])
    assert client.post(missing, {"sms_site": bilingual.pk}).status_code == 404


@pytest.mark.parametrize("name", ["popup_look", "app_look"])
def test_phones_are_drawn_in_the_chosen_language(client, site, name):
    speak(site, "en", "ar")
    write_texts(site, "ar", popup_title="نص المحرر")
    sent = {"sms_site": site.pk, "look_language": "ar", "ar-popup_title": "نص المحرر"}
    shown = client.post(reverse(f"wagtail_sms:{name}"), sent).content.decode()
    assert shown.count("lang=&quot;ar&quot; dir=&quot;rtl&quot;") >= 4
    assert "رقم الجوال" in shown and "Mobile number" not in shown
    assert "Sign me up" not in shown
    assert not ConsentWording.objects.exists()
    other = client.post(reverse(f"wagtail_sms:{name}"), {**sent, "look_language": "xx"}).content.decode()
    assert "Mobile number" in other


def test_both_pages_have_a_switch_over_their_preview(client, bilingual):
    for name in ("settings", "pwa"):
        shown = client.get(reverse(f"wagtail_sms:{name}"), {"sms_site": bilingual.pk}).content.decode()
        assert '<option value="fr" lang="fr">Français</option>' in shown


def test_changes_since_the_last_build_name_the_language(bilingual):
    build_pwa(bilingual)
    write_texts(bilingual, "fr", popup_title="Nouvelles", consent_text="Oui à {brand}. STOP, HELP.")
    said = sentences(changes_since(current_build(bilingual), features=features_for(bilingual)))
    assert said == [
        "Title (Français): “Nos nouvelles par SMS” → “Nouvelles”",
        "Wording of the consent (Français): changed",
    ]
    rebuild(bilingual, features=features_for(bilingual))
    speak(bilingual, "fr", "ar")
    said = sentences(changes_since(current_build(bilingual), features=features_for(bilingual)))
    assert said == [
        "All other visitors are spoken to in Français",
        f"The popup speaks {'العربيّة'}",
        "The popup no longer speaks English",
    ]


def test_build_has_the_files_of_each_language_and_changes_with_each(bilingual):
    build = build_pwa(bilingual)
    names = set(build.files.values_list("name", flat=True))
    assert {"speak.js", "popup.en.js", "popup.fr.js", "toast.en.js", "toast.fr.js"} <= names
    write_texts(bilingual, "fr", accept_label="Oui")
    after = rebuild(bilingual, features=features_for(bilingual)).build
    assert after.inputs_hash != build.inputs_hash


def test_editor_of_another_site_sees_and_changes_nothing(bilingual, other_site):
    client = signed_in(make_editor("eva", other_site))
    save(client, bilingual, fr_popup_title="Volé")
    assert not SmsTexts.objects.filter(settings__site=bilingual).exists()
