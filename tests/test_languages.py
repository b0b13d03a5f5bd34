"""Which language a visitor is spoken to in, and that our own words are whole in each of them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.utils.translation import gettext

import wagtail_sms
from wagtail_sms import languages
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import (
    CannotReceiveTexts,
    CountryNotServed,
    InvalidNumber,
    NotANumber,
    OptInRefused,
    UnknownCountry,
)
from wagtail_sms.pwa.render import labels
from wagtail_sms.segments import measure
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS, TEXTED, SmsTexts


ROOT = Path(wagtail_sms.__file__).parent
OTHERS = ("fr", "es", "de", "ar")
# What visitors read is in these; everything else of the package is the admin's.
VISITORS = [
    ROOT / "public" / "opt_in.py",
    ROOT / "public" / "confirm.py",
    ROOT / "public" / "steps.py",
    ROOT / "public" / "submission.py",
    ROOT / "subscribers" / "confirmation.py",
    ROOT / "pwa" / "render.py",
    *sorted((ROOT / "templates" / "wagtail_sms" / "public").glob("*.html")),
]
MARKED = (
    r'(?<![\w.])(?:gettext|_)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)',
    r'{% translate ("(?:[^"\\]|\\.)*") %}',
)
BLOCKS = r"{% blocktranslate trimmed[^%]*%}(.*?){% endblocktranslate %}"


def marked(path: Path) -> set[str]:
    """The sentences of a file that are marked for translation."""
    code = path.read_text(encoding="utf-8")
    found = {
        "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', call)) for pattern in MARKED for call in re.findall(pattern, code)
    }
    return found | {re.sub(r"{{ (\w+) }}", r"%(\1)s", body).strip() for body in re.findall(BLOCKS, code)}


def sentences() -> set[str]:
    refusals = (CannotReceiveTexts, CountryNotServed, InvalidNumber, NotANumber, OptInRefused, UnknownCountry)
    with languages.speaking("en"):
        said = {str(refusal.message) for refusal in refusals}
    return set(DEFAULTS.values()) | said | {text for path in VISITORS for text in marked(path)}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_that_visitors_read_is_translated(language):
    found = sentences()
    assert {"Country", "Enter your mobile number.", "Reload", "Back to %(name)s"} <= found
    with languages.speaking(language):
        assert [text for text in sorted(found) if gettext(text) == text] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_every_placeholder(language):
    with languages.speaking(language):
        for text in sentences():
            holes = r"%\(\w+\)s|{\w+}|</?bdi>"
            assert sorted(re.findall(holes, gettext(text))) == sorted(re.findall(holes, text)), text


@pytest.mark.parametrize("language", OTHERS)
def test_compiled_catalogue_is_that_of_its_source(language, tmp_path):
    if not shutil.which("msgfmt"):
        pytest.skip("msgfmt (gettext) is not installed")
    folder = ROOT / "locale" / language / "LC_MESSAGES"
    made = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check-format", "--no-hash", "-o", made, folder / "django.po"], check=True)
    assert made.read_bytes() == (folder / "django.mo").read_bytes()


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_defaults_say_what_must_be_said_and_are_short(site, language):
    texts = SmsTexts(settings=SmsSettings.for_site(site), language=language)
    texts.clean()
    for name in TEXTED:
        sent = measure(texts.text(name))
        assert sent.segments <= min(2, app_settings.MAX_SEGMENTS), texts.text(name)
        assert (sent.encoding == "GSM-7") == (language != "ar"), texts.text(name)


@pytest.mark.parametrize("project", ["en", "fr", "nl", "ar"])
@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_words_are_those_of_one_language_whatever_the_project_speaks(settings, project, language):
    settings.LANGUAGE_CODE = project
    ours = {"en": "Mobile number", "fr": "Numéro de mobile", "ar": "رقم الجوال"}
    assert labels(language)["phone"] == ours[language]


def test_language_that_we_have_no_words_for_is_english_and_not_offered(settings):
    settings.LANGUAGES = [("nl", "Dutch"), ("fr", "French"), ("fr-ca", "Canadian French"), ("en-gb", "British English")]
    assert list(languages.offered()) == ["fr", "fr-ca", "en-gb"]
    assert labels("nl") == labels("en")
    assert labels("fr-ca") == labels("fr")
    settings.LANGUAGES = [("nl", "Dutch")]
    assert list(languages.offered()) == ["en"]


def test_host_that_named_no_languages_is_offered_ours():
    assert set(languages.offered()) == {"en", *OTHERS}
    assert languages.name("fr") == "Français"


def test_content_languages_of_wagtail_come_first(settings):
    settings.LANGUAGES = [("en", "English"), ("fr", "French"), ("de", "German")]
    settings.WAGTAIL_I18N_ENABLED = True
    settings.WAGTAIL_CONTENT_LANGUAGES = [("de", "German"), ("fr", "French")]
    assert list(languages.offered()) == ["de", "fr"]
    settings.LANGUAGE_CODE = "fr"
    assert languages.default() == "fr"


@pytest.mark.parametrize(
    ("wanted", "spoken", "got"),
    [
        (["fr"], ["en", "fr"], "fr"),
        (["FR-be"], ["en", "fr"], "fr"),
        (["fr-CA"], ["en", "fr", "fr-ca"], "fr-ca"),
        (["fr"], ["en", "fr-ca"], "fr-ca"),
        (["nl", "de_AT", "en"], ["en", "de"], "de"),
        (["", None, "it"], ["en"], ""),
    ],
)
def test_language_is_matched_by_wish_then_by_region(wanted, spoken, got):
    assert languages.match(wanted, spoken) == got


def test_browsers_wishes_are_read_in_their_order_and_nonsense_is_passed_over():
    assert languages.accepted("de;q=0.5, fr-CH, en;q=x, *;q=0.1") == ["fr-CH", "de", "*"]
    assert languages.accepted("") == [""]
