"""A zero byte typed or sent into the admin: PostgreSQL refuses any query that holds one."""

from uuid import uuid4

import pytest
from django.urls import reverse

from tests.admin.conftest import RULES, make_build, make_editor, make_picture, signed_in
from tests.delivery.sending import launched
from tests.factories import make_subscribers
from wagtail_sms.admin.settings_form import PREVIEWED
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.pwa.models import PwaSettings
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS


LISTS = ("subscribers", "inbox", "history", "credits")


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


@pytest.mark.parametrize("name", [*LISTS, *(f"{name}_results" for name in LISTS)])
@pytest.mark.parametrize(
    "parameter", ["q", "status", "country", "kind", "taken", "p", "ordering", "sms_site", "launched_at"]
)
def test_lists_bear_it_in_search_filters_and_order(client, site, name, parameter):
    make_subscribers(site, 2)
    launched(site)
    answers = [client.get(reverse(f"wagtail_sms:{name}"), {parameter: typed}) for typed in ("\0", "1\0", "number\0")]
    assert {answer.status_code for answer in answers} <= {200, 302, 404}


@pytest.mark.parametrize("field", ["body", "form_token", "confirmed", "repeat_of", "sms_site"])
@pytest.mark.parametrize("button", ["action-send", "action-estimate", "action-back", "other"])
def test_the_message_box_sends_nothing(client, site, field, button):
    make_subscribers(site, 2)
    sent = {"sms_site": site.pk, "body": "Tonight", "form_token": uuid4(), "confirmed": 2, button: "1"}
    response = client.post(reverse("wagtail_sms:send"), sent | {field: f"{sent.get(field, '')}\0"})
    assert response.status_code in (200, 302)
    assert not Campaign.objects.exclude(body="Tonight").exists()


def test_the_estimate_bears_it(client, site):
    response = client.post(reverse("wagtail_sms:estimate"), {"sms_site": site.pk, "body": "To\0night"})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["brand", "privacy_url", "default_country"])
def test_the_settings_are_not_saved(client, site, name):
    data = {"brand": "Halle", "popup_after_actions": 5, **RULES, "sms_site": site.pk}
    text = "{brand} STOP HELP \0"
    response = client.post(reverse("wagtail_sms:settings"), {**data, name: text})
    assert response.status_code == 200
    assert name in response.context["form"].errors
    assert SmsSettings.for_site(site).brand == "Halle Nord"


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_texts_are_not_saved(client, site, name):
    data = {"brand": "Halle", "popup_after_actions": 5, **RULES, "sms_site": site.pk, "text_language": "en"}
    response = client.post(reverse("wagtail_sms:settings"), {**data, f"en-{name}": "{brand} STOP HELP \0"})
    assert response.status_code == 200
    assert name in response.context["form"].texts["en"].errors
    assert SmsSettings.for_site(site).brand == "Halle Nord"


@pytest.mark.parametrize("name", PREVIEWED)
def test_the_previews_bear_it(client, site, name):
    typed = {"sms_site": site.pk, "brand": "Hal\0le", f"en-{name}": "{brand}: pia\0no. STOP"}
    response = client.post(reverse("wagtail_sms:settings_preview", args=["en", name]), typed)
    assert "Halle: piano. STOP" in response.content.decode()


@pytest.mark.parametrize("name", ["name", "short_name", "description", "theme_colour", "start_url", "lang"])
def test_the_settings_of_the_pwa_are_not_saved(client, site, name):
    make_build(site)
    data = {"name": "Halle", "short_name": "Halle", "icon": make_picture().pk, "sms_site": site.pk}
    data["shortcuts-count"] = 0
    response = client.post(reverse("wagtail_sms:pwa"), {**data, name: f"{data.get(name, '')}\0"})
    assert response.status_code == 200
    assert not PwaSettings.objects.filter(name="Halle").exists()


def test_buttons_of_a_row_bear_it(client, site):
    (person,) = make_subscribers(site, 1)
    fields = {"sms_site": site.pk, "target": "\0", "next": "/admin/\0"}
    url = reverse("wagtail_sms:subscriber_toggle", args=[person.pk])
    assert client.post(url, fields).status_code == 302


def test_switching_to_a_site_of_that_name_is_refused(client, site):
    response = client.post(reverse("wagtail_sms:switch_site"), {"site": f"{site.pk}\0", "next": "/\0"})
    assert response.url == reverse("wagtailadmin_home")


def test_one_who_may_only_look_searches_too(site):
    viewer = signed_in(make_editor("Vera", site, "view_subscriber"))
    assert viewer.get(reverse("wagtail_sms:subscribers"), {"q": "1\0"}).status_code == 200
