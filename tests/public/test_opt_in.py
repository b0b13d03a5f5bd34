import pytest
from django.utils import timezone

from tests.factories import SENDER, make_subscriber, write_texts
from tests.public.visits import GOOD, SUBSCRIBE, post_form, post_json
from tests.pwa.builds import build_pwa
from wagtail_sms.delivery import inbound
from wagtail_sms.delivery.models import Notice
from wagtail_sms.extension import uninstall
from wagtail_sms.providers.base import InboundText
from wagtail_sms.pwa.builder import current_build, rebuild
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.pwa.signup import TRAP
from wagtail_sms.states import ConsentKind, SubscriberStatus
from wagtail_sms.subscribers import blocks
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber


def test_sign_up_records_person_consent_and_one_welcome_text(open_site, client):
    response = post_json(client, build=current_build(open_site).build_id, headers={"user-agent": "Phone"})
    assert response.status_code == 200
    assert response.json() == {"status": "subscribed"}
    person = Subscriber.objects.get()
    assert (person.site, person.number, person.country) == (open_site, "+33612345678", "FR")
    assert person.status == SubscriberStatus.ACTIVE
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source, event.user_agent) == (ConsentKind.OPT_IN, "popup", "Phone")
    assert event.wording.version == 1
    assert event.build_id == current_build(open_site).build_id
    assert event.page_url == "http://localhost/programme/"
    assert Notice.objects.filter(subscriber=person).count() == 1


def test_answer_may_not_be_kept_by_any_cache(open_site, client):
    response = post_json(client)
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_known_number_gets_the_same_answer_and_no_second_welcome(open_site, client):
    first = post_json(client)
    second = post_json(client, key="another0-key0-4222-8333-444455556666")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert Subscriber.objects.count() == 1
    assert Notice.objects.count() == 1


def test_suspended_person_gets_the_same_answer_and_stays_suspended(open_site, client):
    make_subscriber(open_site, "+33612345678", country="FR", status=SubscriberStatus.SUSPENDED)
    assert post_json(client).json() == {"status": "subscribed"}
    assert Subscriber.objects.get().status == SubscriberStatus.SUSPENDED


def test_lost_answer_asked_for_again_is_not_another_attempt(open_site, client, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "OPT_IN_PER_NUMBER_PER_DAY": 1}
    assert post_json(client).status_code == 200
    assert post_json(client).status_code == 200
    assert ConsentEvent.objects.count() == 1
    assert post_json(client, key="another0-key0-4222-8333-444455556666").status_code == 429


def test_key_of_somebody_elses_sign_up_signs_nobody_away(open_site, client):
    post_json(client)
    post_json(client, phone="06 12 34 56 79")
    assert Subscriber.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"phone": ""}, "phone", "Enter your mobile number"),
        ({"phone": None}, "phone", "Enter your mobile number"),
        ({"phone": "call me"}, "phone", "digits only"),
        ({"phone": "06 12"}, "phone", "number of digits"),
        ({"phone": "01 42 68 53 00"}, "phone", "mobile number"),
        ({"phone": "0899 70 11 23"}, "phone", "mobile number"),
        ({"phone": "+41 78 123 45 67"}, "phone", "to this country"),
        ({"country": ""}, "country", "Choose your country"),
        ({"country": "ZZ"}, "country", "Choose the country"),
        ({"consent": None}, "consent", "Tick the box"),
        ({"consent": "no"}, "consent", "Tick the box"),
        ({"consent_version": None}, "form", "Reload the page"),
        ({"consent_version": "7"}, "form", "Reload the page"),
        ({"consent_version": "1e3"}, "form", "Reload the page"),
    ],
)
def test_mistake_is_told_beside_its_field_and_nobody_is_added(open_site, client, changed, field, sentence):
    response = post_json(client, **changed)
    assert response.status_code == 422
    assert list(response.json()["errors"]) == [field]
    assert sentence in response.json()["errors"][field]
    assert not Subscriber.objects.exists()
    assert not Notice.objects.exists()


def test_all_mistakes_are_told_at_once(open_site, client):
    errors = post_json(client, phone="06", consent=None).json()["errors"]
    assert set(errors) == {"phone", "consent"}


@pytest.mark.parametrize("typed", ["+33 6 12 34 56 78", "0033612345678", "٠٦ ١٢ ٣٤ ٥٦ ٧٨", "\u200e06.12.34.56.78"])
def test_number_may_be_typed_as_people_do(open_site, client, typed):
    assert post_json(client, phone=typed).status_code == 200
    assert Subscriber.objects.get().number == "+33612345678"


def test_country_need_not_be_chosen_for_an_international_number(open_site, client):
    assert post_json(client, phone="+33612345678", country="").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "http://localhost", "sec-fetch-site": "same-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://localhost:8001"},
    ],
)
def test_other_sites_page_is_turned_away(open_site, client, headers):
    fresh = {"sec-fetch-site": None, **headers}
    response = post_json(client, headers={name: value for name, value in fresh.items() if value is not None})
    if "sec-fetch-site" not in headers:
        response = client.post(SUBSCRIBE, {}, content_type="application/json", headers={"host": "localhost", **headers})
    assert response.status_code == 403
    assert "form" in response.json()["errors"]
    assert not Subscriber.objects.exists()


def test_page_that_hides_its_address_may_still_post(open_site, client):
    assert post_json(client, headers={"origin": "null"}).status_code == 200


def test_site_without_a_build_refuses(site, client):
    response = post_json(client)
    assert response.status_code == 404
    assert "form" in response.json()["errors"]


def test_build_without_the_feature_refuses(site, client):
    build_pwa(site, features={})
    assert post_json(client).status_code == 404
    assert not Subscriber.objects.exists()


def test_uninstalled_feature_refuses_although_the_build_still_asks(open_site, client):
    uninstall(open_site)
    assert post_json(client).status_code == 404


def test_rebuild_opens_the_door(site, client):
    build_pwa(site, features={})
    assert post_json(client).status_code == 404
    build_pwa(site)
    assert post_json(client).status_code == 200


def test_other_sites_door_stays_closed(open_site, other_site, client):
    assert post_json(client, headers={"host": "other.example", "origin": "http://other.example"}).status_code == 404


def test_wording_of_an_earlier_build_is_recorded_as_it_was_shown(open_site, client):
    write_texts(open_site, frequency="once a week")
    build_pwa(open_site)
    assert PwaBuild.objects.count() == 2
    assert post_json(client, consent_version="1").status_code == 200
    assert ConsentEvent.objects.get().wording.version == 1


def test_wording_of_another_site_does_not_count(open_site, other_site, client):
    build_pwa(other_site)
    assert post_json(client, consent_version="2").status_code == 422


def test_trap_answers_like_a_success_and_adds_nobody(open_site, client):
    response = post_json(client, full_address="12 Spam Street")
    assert response.json() == {"status": "subscribed"}
    assert not Subscriber.objects.exists()


def test_too_many_sign_ups_of_a_number_are_told_to_wait(open_site, client, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "OPT_IN_PER_NUMBER_PER_DAY": 1}
    post_json(client)
    response = post_json(client, key="")
    assert response.status_code == 429
    assert "later" in response.json()["errors"]["form"]


def test_large_body_is_refused(open_site, client):
    assert post_json(client, phone="1" * 70_000).status_code == 413


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "[" * 60_000, '{"phone": {"a": 1}}'])
def test_body_that_is_no_form_gets_a_clear_answer(open_site, client, body):
    headers = {"host": "localhost", "origin": "http://localhost"}
    response = client.post(SUBSCRIBE, body, content_type="application/json", headers=headers)
    assert response.status_code in (400, 422)
    assert response.json()["errors"]


def test_other_kind_of_body_is_refused(open_site, client):
    headers = {"host": "localhost", "origin": "http://localhost"}
    assert client.post(SUBSCRIBE, "hello", content_type="text/plain", headers=headers).status_code == 415


def test_failing_welcome_leaves_no_half_sign_up(open_site, client, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no room")

    monkeypatch.setattr("wagtail_sms.public.opt_in.notices.welcome", fail)
    with pytest.raises(RuntimeError):
        post_json(client)
    assert not Subscriber.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_person_who_stopped_comes_back_and_is_welcomed_again(open_site, client):
    person = make_subscriber(open_site, "+33612345678", country="FR", status=SubscriberStatus.STOPPED)
    assert post_json(client).status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.ACTIVE
    assert person.status_changed_at <= timezone.now()
    assert Notice.objects.filter(subscriber=person).count() == 1


def test_only_a_public_address_is_kept_and_shortened(open_site, client):
    post_json(client)
    assert ConsentEvent.objects.get().address == ""
    client.defaults["REMOTE_ADDR"] = "93.184.216.34"
    post_json(client, phone="06 12 34 56 79", key="")
    assert ConsentEvent.objects.latest("pk").address == "93.184.216.0/24"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "93.184.216.34", ""),
        (1, "93.184.216.34", "93.184.216.0/24"),
        # What stands further left was written by the visitor.
        (1, "8.8.8.8, 93.184.216.34", "93.184.216.0/24"),
        (2, "8.8.8.8, 93.184.216.34, 10.0.0.7", "93.184.216.0/24"),
        (2, " 8.8.8.8 ,93.184.216.34 ,10.0.0.7 ", "93.184.216.0/24"),
        (1, "2606:2800:220:1:248:1893:25c8:1946", "2606:2800:220::/48"),
        (1, "10.0.0.7", ""),
        (1, "nonsense", ""),
        # Fewer entries than proxies: the request came around them, so nothing in it can be trusted.
        (2, "93.184.216.34", ""),
        (1, "", ""),
        (1, None, ""),
    ],
)
def test_address_behind_trusted_proxies_is_the_one_they_wrote(open_site, client, settings, proxies, forwarded, counted):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRUSTED_PROXIES": proxies}
    client.defaults["REMOTE_ADDR"] = "10.0.0.5"
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    assert post_json(client, headers=headers).status_code == 200
    assert ConsentEvent.objects.get().address == counted


def test_limit_per_address_counts_behind_a_trusted_proxy(open_site, client, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRUSTED_PROXIES": 1, "OPT_IN_PER_ADDRESS_PER_HOUR": 1}
    client.defaults["REMOTE_ADDR"] = "10.0.0.5"
    came = [("06 12 34 56 78", "1.1.1.1, 93.184.216.34"), ("06 12 34 56 79", "9.9.9.9, 93.184.216.35")]
    answers = [post_json(client, phone=phone, key="", headers={"x-forwarded-for": chain}) for phone, chain in came]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_same_build_forced_again_still_takes_sign_ups(open_site, client):
    rebuild(open_site, features=current_build(open_site).features, force=True)
    assert post_json(client).status_code == 200


@pytest.mark.parametrize("send", [post_json, post_form])
@pytest.mark.parametrize("field", ["phone", "country", "consent", "consent_version", "build", "key", "page", TRAP])
@pytest.mark.parametrize("broken", ["\0", "\ud800", "\udcff\0"])
def test_characters_that_no_database_takes_are_left_out(open_site, client, send, field, broken):
    if send is post_form:
        broken = "\0"  # a form's bytes can't hold half a pair
    response = send(client, **{field: f"{GOOD.get(field, '')}{broken}"})
    assert response.status_code == 200
    person, event = Subscriber.objects.get(), ConsentEvent.objects.get()
    assert (person.number, person.country) == ("+33612345678", "FR")
    assert event.page_url == "http://localhost/programme/"


@pytest.mark.parametrize("name", ["user-agent", "referer"])
def test_headers_are_cleaned_as_well(open_site, client, name):
    assert post_json(client, page="", headers={name: "http://localhost/\0\ud800x/"}).status_code == 200
    event = ConsentEvent.objects.get()
    assert {"user-agent": event.user_agent, "referer": event.page_url}[name] == "http://localhost/x/"


def test_origin_that_is_no_address_is_turned_away(open_site, client):
    assert post_json(client, headers={"origin": "http://["}).status_code == 403


def block(number: str = "+33612345678") -> None:
    blocks.block(sender=SENDER, number=number, since=timezone.now())


@pytest.mark.parametrize("known", [True, False], ids=["stopped", "deleted since"])
def test_who_comes_back_while_the_network_blocks_is_told_to_text_start(open_site, client, known):
    if known:
        make_subscriber(open_site, "+33612345678", country="FR", status=SubscriberStatus.STOPPED)
    block()
    answer = post_json(client).json()
    assert answer["status"] == "subscribed"
    assert "Text START to +1 201-555-0123" in answer["next"]["text"]
    assert answer["next"]["link"] == "sms:+12015550123?&body=START"
    assert Subscriber.objects.get().status == SubscriberStatus.STOPPED
    assert ConsentEvent.objects.get().kind == ConsentKind.OPT_IN
    assert not Notice.objects.exists()


def test_the_page_without_script_says_so_too(open_site, client):
    block()
    page = post_form(client).content.decode()
    assert "Text START to +1 201-555-0123" in page
    assert 'href="sms:+12015550123?&amp;body=START"' in page
    assert "welcome text is on its way" not in page


def test_their_start_begins_the_subscription(open_site, client):
    block()
    post_json(client)
    text = InboundText("s1", "+33612345678", SENDER, "START", timezone.now(), "s1")
    inbound.receive(text, provider="default")
    assert Subscriber.objects.get().status == SubscriberStatus.ACTIVE
    assert post_json(client, key="another0-key0-4222-8333-444455556666").json() == {"status": "subscribed"}


def test_a_lost_answer_that_is_asked_for_again_says_the_same(open_site, client):
    block()
    assert post_json(client).content == post_json(client).content


def test_another_number_of_the_site_is_not_blocked(open_site, client):
    blocks.block(sender="+12015550999", number="+33612345678", since=timezone.now())
    assert post_json(client).json() == {"status": "subscribed"}
    assert Subscriber.objects.get().status == SubscriberStatus.ACTIVE
