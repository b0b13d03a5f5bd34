import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from tests.factories import make_subscriber, write_texts
from wagtail_sms.exceptions import IllegalTransition, OptInRefused
from wagtail_sms.phone import parse
from wagtail_sms.states import ConsentKind, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentEvent, ConsentWording, OptInAttempt, Subscriber, Suppression
from wagtail_sms.subscribers.protection import check
from wagtail_sms.subscribers.suppression import is_suppressed, number_hash
from wagtail_sms.subscribers.texts import current_wording, texts_for


pytestmark = pytest.mark.django_db
NUMBER = "+33612345678"


@pytest.fixture
def editor(db):
    return get_user_model().objects.create_user("editor")


def opt_in(site, **fields):
    return consent.opt_in(site, number=parse(NUMBER), wording=current_wording(site), **fields)


def test_consent_is_recorded_with_the_very_wording_and_a_shortened_address(site):
    opt_in(site, address="203.0.113.77", page_url="https://x.example/a", build_id="3-ab")
    event = ConsentEvent.objects.get()
    assert event.wording.text == texts_for(site).text("consent_text")
    assert (event.address, event.build_id) == ("203.0.113.0/24", "3-ab")
    assert event.number_hash == number_hash(NUMBER)
    assert NUMBER not in str(event.__dict__)


def test_signing_up_twice_is_one_subscriber_and_two_proofs(site):
    assert [opt_in(site).is_new, opt_in(site).is_new] == [True, False]
    assert (Subscriber.objects.count(), ConsentEvent.objects.count()) == (1, 2)


def test_a_changed_wording_is_a_new_version_and_old_consents_keep_theirs(site):
    opt_in(site)
    write_texts(site, consent_text="{brand} may text me. STOP ends, HELP helps.")
    assert current_wording(site).version == 2
    assert ConsentEvent.objects.get().wording.version == 1
    write_texts(site, consent_text="")
    assert current_wording(site).version == 1
    assert ConsentWording.objects.count() == 2


def test_an_editor_toggles_green_and_red_and_each_change_leaves_a_proof(site, editor):
    person = make_subscriber(site)
    consent.suspend(person, by=editor)
    assert person.status == SubscriberStatus.SUSPENDED
    consent.resume(person, by=editor)
    assert person.status == SubscriberStatus.ACTIVE
    assert list(ConsentEvent.objects.values_list("kind", "by")) == [
        (ConsentKind.SUSPEND, editor.pk),
        (ConsentKind.RESUME, editor.pk),
    ]


def test_only_the_person_undoes_a_stop(site, editor):
    person = make_subscriber(site)
    consent.stop(site, number=person.number)
    for verb in (consent.resume, consent.suspend):
        with pytest.raises(IllegalTransition, match="STOP"):
            verb(person, by=editor)
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED


def test_deleting_leaves_only_a_hash_and_the_person_can_come_back_through_the_pwa(site, editor):
    person = opt_in(site).subscriber
    consent.erase(person, by=editor)
    assert not Subscriber.objects.exists()
    assert is_suppressed(site, number=NUMBER)
    assert consent.restart(site, number=NUMBER) is None
    assert opt_in(site).is_new
    assert not Suppression.objects.exists()


def test_an_editors_suspension_outlives_a_second_sign_up(site, editor):
    person = opt_in(site).subscriber
    consent.suspend(person, by=editor)
    assert not opt_in(site).is_new
    person.refresh_from_db()
    assert person.status == SubscriberStatus.SUSPENDED


def test_a_suppression_is_found_under_an_older_pepper(site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "NUMBER_PEPPERS": ["old"]}
    consent.stop(site, number=NUMBER)
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "NUMBER_PEPPERS": ["new", "old"]}
    assert is_suppressed(site, number=NUMBER)


def test_consent_events_cannot_be_changed(site):
    opt_in(site)
    event = ConsentEvent.objects.get()
    event.page_url = "https://elsewhere.example"
    with pytest.raises(TypeError):
        event.save()


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("OPT_IN_PER_NUMBER_PER_DAY", "number"),
        ("OPT_IN_PER_ADDRESS_PER_HOUR", "address"),
        ("OPT_IN_PER_SITE_PER_HOUR", "site"),
    ],
)
def test_the_form_is_closed_to_whoever_uses_it_too_often(site, settings, setting, code):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, setting: 2}
    for _ in range(2):
        check(site, number=NUMBER, address="203.0.113.5")
    with pytest.raises(OptInRefused) as refused:
        check(site, number=NUMBER, address="203.0.113.9")
    assert refused.value.code == code
    assert OptInAttempt.objects.count() == 2


@pytest.mark.parametrize("name", ["consent_text", "welcome_text", "stop_reply", "help_reply"])
def test_a_text_without_its_required_parts_is_refused_at_its_field(site, name):
    texts = write_texts(site)
    setattr(texts, name, "Hello there")
    with pytest.raises(ValidationError) as refused:
        texts.full_clean()
    assert list(refused.value.message_dict) == [name]


def test_an_emptied_text_is_the_default_again(site):
    texts = write_texts(site)
    texts.welcome_text = "   "
    assert texts.text("welcome_text").startswith("Halle Nord: welcome!")


def test_a_placeholder_that_nothing_fills_is_refused_at_its_field(site):
    texts = write_texts(site)
    texts.help_reply = "{brand} {nonsense} HELP STOP"
    with pytest.raises(ValidationError) as refused:
        texts.full_clean()
    assert "{nonsense}" in str(refused.value.message_dict["help_reply"])
