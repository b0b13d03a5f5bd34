"""Confirmation by code: from the form, without a script, to a subscriber with one welcome text."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_subscriber
from tests.public.visits import OWN_PAGE, post_form, post_json
from wagtail_sms import tasks
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery.models import Notice
from wagtail_sms.extension import uninstall
from wagtail_sms.pwa.signup import TRAP
from wagtail_sms.segments import measure
from wagtail_sms.states import NoticePurpose, SubscriberStatus
from wagtail_sms.subscribers import confirmation
from wagtail_sms.subscribers.models import ConsentEvent, OptInAttempt, PendingSignUp, Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


@pytest.fixture
def careful_site(open_site):
    settings = SmsSettings.for_site(open_site)
    settings.confirmation = "code"
    settings.save()
    return open_site


def texted_code() -> str:
    return re.search(r"\n@localhost #(\d{6})$", codes().last().body)[1]


def codes():
    return Notice.objects.filter(purpose=NoticePurpose.CODE).order_by("pk")


def welcomes() -> int:
    return Notice.objects.filter(purpose=NoticePurpose.WELCOME).count()


def begin(client, **changed) -> str:
    """The address of the page that asks for the code."""
    response = post_form(client, **changed)
    assert response.status_code == 303
    return response["Location"]


def enter(client, page: str, code: str):
    return client.post(page, {"code": code}, headers=OWN_PAGE)


def again(client, page: str):
    return client.post(page, {"again": "yes"}, headers=OWN_PAGE)


def later(**span) -> None:
    """Let time go by for the sign-ups that wait."""
    for waiting in PendingSignUp.objects.all():
        PendingSignUp.objects.filter(pk=waiting.pk).update(
            code_sent_at=waiting.code_sent_at - timedelta(**span), created_at=waiting.created_at - timedelta(**span)
        )


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_without_script_from_the_form_to_one_welcome_text(careful_site, client):
    page = begin(client)
    assert not Subscriber.objects.exists()
    assert not ConsentEvent.objects.exists()
    asked = client.get(page).content.decode()
    assert 'autocomplete="one-time-code"' in asked
    assert 'inputmode="numeric"' in asked
    assert enter(client, page, texted_code()).status_code == 303
    assert "You are signed up" in client.get(page).content.decode()
    person = Subscriber.objects.get()
    assert (person.number, person.status) == ("+33612345678", SubscriberStatus.ACTIVE)
    proof = ConsentEvent.objects.get()
    assert (proof.method, proof.wording.version, proof.page_url) == ("code", 1, "http://localhost/programme/")
    assert welcomes() == 1


def test_text_is_one_segment_and_in_the_form_that_browsers_read(careful_site, client):
    begin(client)
    text = codes().get()
    assert text.body.splitlines()[-1] == f"@localhost #{texted_code()}"
    assert measure(text.body).segments == 1
    assert Reservation.objects.get(key=f"notice:{text.pk}").amount == text.credits > 0


def test_code_is_kept_as_a_keyed_hash_only(careful_site, client):
    begin(client)
    waiting = PendingSignUp.objects.values().get()
    assert texted_code() not in str(waiting)


def test_popup_of_any_build_is_led_to_the_page(careful_site, client):
    answer = post_json(client).json()
    assert answer["next"]["button"] == "Enter the code"
    assert client.get(answer["next"]["link"]).status_code == 200
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("typed", ["{} ", "{0:.3} {1}", "arabic"])
def test_code_may_be_typed_as_people_do(careful_site, client, typed):
    page, code = begin(client), texted_code()
    arabic = code.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})
    enter(client, page, arabic if typed == "arabic" else typed.format(code, code[3:]))
    assert Subscriber.objects.count() == 1


def test_wrong_code_is_told_and_five_are_enough(careful_site, client):
    page, code = begin(client), texted_code()
    for _ in range(4):
        answer = enter(client, page, wrong(code))
        assert (answer.status_code, "That is not the code" in answer.content.decode()) == (422, True)
    assert enter(client, page, wrong(code)).status_code == 429
    assert "too many tries" in enter(client, page, code).content.decode()
    assert not Subscriber.objects.exists()


def test_old_code_is_told_and_a_new_one_works(careful_site, client):
    page, code = begin(client), texted_code()
    later(minutes=10)
    assert enter(client, page, code).status_code == 410
    assert again(client, page).status_code == 303
    enter(client, page, texted_code())
    assert (Subscriber.objects.count(), welcomes()) == (1, 1)


def test_new_code_comes_after_half_a_minute_and_ends_the_old_one(careful_site, client):
    page, first = begin(client), texted_code()
    assert again(client, page).status_code == 429
    assert codes().count() == 1
    later(seconds=31)
    again(client, page)
    assert codes().count() == 2
    if first != texted_code():
        assert enter(client, page, first).status_code == 422
    enter(client, page, texted_code())
    assert Subscriber.objects.count() == 1


def test_codes_of_a_number_stop_at_the_limit_of_the_form(careful_site, client, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "OPT_IN_PER_NUMBER_PER_DAY": 2}
    page = begin(client)
    for expected in (303, 429, 429):
        later(seconds=31)
        assert again(client, page).status_code == expected
    assert post_form(client, key="another0-key0-4222-8333-444455556666").status_code == 429
    assert codes().count() == OptInAttempt.objects.count() == 2
    # The code that was sent last still counts.
    enter(client, page, texted_code())
    assert Subscriber.objects.count() == 1


def test_codes_and_welcomes_share_the_budget_of_the_day(careful_site, client, settings):
    page = begin(client)
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "WELCOME_CREDITS_PER_DAY": codes().get().credits}
    refused = post_form(client, phone="06 12 34 56 79")
    assert (refused.status_code, codes().count(), PendingSignUp.objects.count()) == (429, 1, 1)
    enter(client, page, texted_code())
    assert Notice.objects.get(purpose=NoticePurpose.WELCOME).status == "waiting"


def test_lost_answer_asked_for_again_texts_no_second_code(careful_site, client):
    assert begin(client) == begin(client)
    assert codes().count() == 1


def test_second_confirmation_changes_nothing(careful_site, client):
    page, code = begin(client), texted_code()
    enter(client, page, code)
    enter(client, page, code)
    assert (ConsentEvent.objects.count(), welcomes()) == (1, 1)


def test_ticket_of_nobody_or_another_site_is_over(careful_site, other_site, client):
    page = begin(client)
    assert client.get("/sms/confirm/nobodys").status_code == 404
    PendingSignUp.objects.update(site=other_site)
    assert client.get(page).status_code == 404


def test_other_sites_page_can_confirm_nothing(careful_site, client):
    page = begin(client)
    stranger = {**OWN_PAGE, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert client.post(page, {"code": texted_code()}, headers=stranger).status_code == 403
    assert not Subscriber.objects.exists()


def test_uninstalled_feature_confirms_nobody(careful_site, client):
    page, code = begin(client), texted_code()
    uninstall(careful_site)
    assert enter(client, page, code).status_code == 404
    assert not Subscriber.objects.exists()


def test_trap_looks_like_a_sign_up_and_texts_nobody(careful_site, client):
    assert begin(client, **{TRAP: "x"}).startswith("/sms/confirm/")
    assert not codes().exists()


@pytest.mark.parametrize("status", [SubscriberStatus.STOPPED, SubscriberStatus.ACTIVE, SubscriberStatus.SUSPENDED])
def test_known_people_confirm_as_new_ones_do(careful_site, client, status):
    make_subscriber(careful_site, "+33612345678", country="FR", status=status)
    enter(client, begin(client), texted_code())
    came_back = status == SubscriberStatus.STOPPED
    assert Subscriber.objects.get().status == (SubscriberStatus.ACTIVE if came_back else status)
    assert welcomes() == int(came_back)


def test_answers_and_statements_are_those_of_a_new_number(careful_site, client):
    """The ticket apart. Statements stand for time, which a busy machine makes a lottery."""
    seen = []
    for status in (None, SubscriberStatus.ACTIVE, SubscriberStatus.STOPPED, SubscriberStatus.SUSPENDED):
        Subscriber.objects.all().delete()
        PendingSignUp.objects.all().delete()
        if status:
            make_subscriber(careful_site, "+33612345678", country="FR", status=status)
        with CaptureQueriesContext(connection) as done:
            answer = post_json(client)
            link = answer.json()["next"]["link"]
            page = client.get(link)
            refused = enter(client, link, wrong(texted_code()))
        plain = [response.content.decode().replace(link, "") for response in (answer, page, refused)]
        statements = [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in done]
        seen.append(([answer.status_code, page.status_code, refused.status_code], plain, statements))
    # The first one warms the caches of sites and content types.
    assert all(one[:2] == seen[0][:2] for one in seen)
    assert all(len(one[2]) == len(seen[1][2]) for one in seen[1:])


def test_unconfirmed_people_are_forgotten_after_a_day(careful_site, client):
    page = begin(client)
    later(hours=24)
    assert client.get(page).status_code == 404
    tasks.daily()
    assert not PendingSignUp.objects.exists()


def test_without_the_setting_nothing_is_asked(open_site, client):
    assert SmsSettings.for_site(open_site).confirmation == "off"
    assert post_json(client).json() == {"status": "subscribed"}
    assert not codes().exists()


@pytest.mark.parametrize(("language", "said"), [("fr", "votre code"), ("ar", "رمزك")])
def test_text_and_page_are_in_the_language_of_the_form(careful_site, client, language, said):
    waiting = begin(client)
    wording = PendingSignUp.objects.get().wording
    type(wording).objects.filter(pk=wording.pk).update(language=language)
    found = PendingSignUp.objects.get()
    assert said in confirmation.text_of(found, "123456")
    page = client.get(waiting).content.decode()
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page
