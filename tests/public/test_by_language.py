"""A sign-up in one of a site's languages: what is shown, what is proved, and in what language people are answered."""

import pytest
from django.template import RequestContext, Template
from django.utils import timezone
from django.utils.translation import override

from tests.factories import SENDER, speak, write_texts
from tests.public.visits import SUBSCRIBE, post_form, post_json
from tests.pwa.builds import build_pwa
from wagtail_sms.delivery.models import Notice
from wagtail_sms.delivery.notices import reply
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import rebuild
from wagtail_sms.states import NoticePurpose
from wagtail_sms.subscribers.links import token_of
from wagtail_sms.subscribers.models import ConsentEvent, ConsentWording, Subscriber
from wagtail_sms.subscribers.texts import current_wording


TAG = Template("{% load wagtail_sms %}{% sms_signup_form %}")
FRENCH = {"consent_language": "fr"}


@pytest.fixture
def bilingual(site):
    """Speaks English first, and French."""
    speak(site, "en", "fr")
    build_pwa(site)
    return site


def body(purpose: str) -> str:
    return Notice.objects.get(purpose=purpose).body


def test_proof_names_the_version_and_language_of_the_wording_that_was_seen(bilingual, client):
    write_texts(bilingual, "fr", consent_text="D’accord pour les SMS de {brand}. STOP, HELP.")
    rebuild(bilingual, features=features_for(bilingual))
    assert post_json(client, consent_version="2", **FRENCH).status_code == 200
    wording = ConsentEvent.objects.get().wording
    assert (wording.language, wording.version) == ("fr", 2)
    assert wording.text == "D’accord pour les SMS de Halle Nord. STOP, HELP."


def test_changed_wording_in_one_language_is_a_new_version_of_that_one_only(bilingual):
    write_texts(bilingual, "fr", consent_text="D’accord pour les SMS de {brand}. STOP, HELP.")
    assert current_wording(bilingual, "fr").version == 2
    assert current_wording(bilingual, "en").version == 1
    assert current_wording(bilingual).language == "en"
    assert ConsentWording.objects.filter(language="en").count() == 1


def test_same_words_in_two_languages_are_two_wordings(bilingual):
    for language in ("en", "fr"):
        write_texts(bilingual, language, consent_text="SMS {brand}: STOP, HELP.")
    assert current_wording(bilingual, "en") != current_wording(bilingual, "fr")


@pytest.mark.parametrize(
    "seen",
    [
        {"consent_version": "2", "consent_language": "fr"},
        {"consent_version": "1", "consent_language": "de"},
        {"consent_version": "1", "consent_language": "FR\0x"},
        {"consent_version": "1", "consent_language": "x" * 400},
        # Version 1 of which language?
        {"consent_version": "1"},
    ],
)
def test_wording_that_nobody_can_have_seen_is_refused(bilingual, client, seen):
    response = post_json(client, **seen)
    assert response.status_code == 422
    assert set(response.json()["errors"]) == {"form"}
    assert not Subscriber.objects.exists()


def test_form_that_names_no_language_is_believed_while_its_version_is_in_one_only(bilingual, client):
    write_texts(bilingual, "fr", consent_text="D’accord pour les SMS de {brand}. STOP, HELP.")
    current_wording(bilingual, "fr")
    assert post_json(client, consent_version="2").status_code == 200
    assert ConsentEvent.objects.get().wording.language == "fr"


def test_what_is_wrong_is_said_in_the_language_of_the_form(bilingual, client):
    errors = post_json(client, phone="12", consent="", **FRENCH).json()["errors"]
    assert errors["consent"].startswith("Cochez la case")
    assert errors["phone"].startswith("Ce numéro n’est pas valable")
    shown = post_form(client, phone="", headers={"accept-language": "en"}, **FRENCH).content.decode()
    assert '<html lang="fr" dir="ltr">' in shown
    assert "Saisissez votre numéro de mobile." in shown
    assert "Numéro de mobile" in shown and "Mobile number" not in shown


def test_person_is_welcomed_and_answered_in_the_language_of_the_sign_up(bilingual, client):
    write_texts(bilingual, "fr", welcome_text="{brand}: salut ! STOP pour finir.")
    post_json(client, **FRENCH)
    person = Subscriber.objects.get()
    assert person.language == "fr"
    assert body(NoticePurpose.WELCOME) == "Halle Nord: salut ! STOP pour finir."
    for purpose in (NoticePurpose.STOP_REPLY, NoticePurpose.HELP_REPLY):
        given = {"number": person.number, "country": "FR", "sender": SENDER, "provider": "default"}
        reply(bilingual, purpose=purpose, key=purpose, person=person, now=timezone.now(), **given)
    assert body(NoticePurpose.STOP_REPLY).startswith("Halle Nord : c'est noté")
    assert "au plus 4 fois par mois" in body(NoticePurpose.HELP_REPLY)
    page = client.get(f"/sms/stop/{token_of(person.pk)}").content.decode()
    assert '<html lang="fr"' in page and "Ne plus recevoir de SMS" in page


def test_stranger_is_answered_in_the_first_language(bilingual):
    given = {"number": "+33612345678", "country": "FR", "sender": SENDER, "provider": "default"}
    reply(bilingual, purpose=NoticePurpose.HELP_REPLY, key="1", person=None, now=timezone.now(), **given)
    assert "Reply STOP to end" in body(NoticePurpose.HELP_REPLY)


def test_who_signs_up_again_in_another_language_gets_that_one(bilingual, client):
    post_json(client, consent_language="en")
    post_json(client, key="d0ffee00-1111-4222-8333-444455556666", **FRENCH)
    assert Subscriber.objects.get().language == "fr"


@pytest.mark.parametrize(
    ("header", "lang"), [("fr-CH, en;q=0.5", "fr"), ("de, fr;q=0.5", "fr"), ("ar", "en"), ("", "en")]
)
def test_page_of_the_form_speaks_the_browsers_language_or_the_first(bilingual, client, header, lang):
    shown = client.get(SUBSCRIBE, headers={"host": "localhost", "accept-language": header}).content.decode()
    assert f'<html lang="{lang}" dir="ltr">' in shown
    assert f'name="consent_language" value="{lang}"' in shown


@pytest.mark.parametrize(("active", "lang"), [("fr", "fr"), ("fr-ca", "fr"), ("en-gb", "en"), ("ar", "en")])
def test_form_on_a_page_speaks_the_language_of_the_page_and_nothing_else(bilingual, rf, active, lang):
    with override(active):
        shown = TAG.render(RequestContext(rf.get("/", headers={"host": "localhost"})))
    assert f'lang="{lang}" dir="ltr"' in shown
    words = {"en": ("Mobile number", "Sign me up", "Germany"), "fr": ("Numéro de mobile", "Je m’inscris", "Allemagne")}
    assert all(word in shown for word in words[lang])
    assert not any(word in shown for other in words.keys() - {lang} for word in words[other])


def test_form_in_arabic_is_right_to_left(site, rf):
    speak(site, "en", "ar")
    build_pwa(site)
    with override("ar"):
        shown = TAG.render(RequestContext(rf.get("/", headers={"host": "localhost"})))
    assert 'lang="ar" dir="rtl"' in shown
    assert "\u2066+33\u2069" in shown


def test_language_that_is_spoken_no_more_falls_back_to_the_first(bilingual, client):
    post_json(client, **FRENCH)
    speak(bilingual, "en")
    given = {"number": "+33612345678", "country": "FR", "sender": SENDER, "provider": "default"}
    person = Subscriber.objects.get()
    reply(bilingual, purpose=NoticePurpose.STOP_REPLY, key="1", person=person, now=timezone.now(), **given)
    assert "you are unsubscribed" in body(NoticePurpose.STOP_REPLY)
    # A page from a cache still shows the French form, and what it showed is what is proved.
    assert post_json(client, key="d0ffee00-1111-4222-8333-444455556666", **FRENCH).status_code == 200
    assert {event.wording.language for event in ConsentEvent.objects.all()} == {"fr"}
