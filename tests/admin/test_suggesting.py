"""What makes a message cheaper, the way back, and the message as a phone shows it."""

from uuid import uuid4

import pytest
from django.urls import reverse

from tests.admin.conftest import make_editor, signed_in
from tests.factories import make_subscribers
from wagtail_sms.admin.suggesting import on_the_phone, suggest, was_replaced
from wagtail_sms.campaigns.estimate import cost_of, estimate
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.pricing.cards import credits_for


CURLY = "It’s “déjà vu” tonight – doors open at 19:30, the trio plays at 20:30…"


@pytest.fixture
def crowd(site):
    make_subscribers(site, 3)
    make_subscribers(site, 2, country="FR")
    return site


@pytest.fixture
def writer(site):
    return signed_in(make_editor("Wilma", site, "add_campaign"))


def said(client, site, body: str, **fields) -> str:
    data = {"sms_site": site.pk, "body": body, **fields}
    return " ".join(client.post(reverse("wagtail_sms:estimate"), data).content.decode().split())


def test_plain_characters_are_offered_with_what_they_save(writer, crowd):
    page = said(writer, crowd, CURLY + " Bring a friend.")
    saving = 3 * credits_for("US") + 2 * credits_for("FR")
    assert f"1 instead of 2 segments, which saves {saving} credits" in page
    assert "Replace 5 characters" in page
    assert "<mark>’</mark>s <mark>“</mark>déjà vu<mark>”</mark>" in page


def test_without_a_saving_it_says_what_fits(writer, crowd):
    assert "it costs the same and 151 more characters fit" in said(writer, crowd, "It’s on..")


def test_without_javascript_a_button_replaces_and_another_one_puts_back(writer, crowd):
    fields = {"sms_site": crowd.pk, "form_token": uuid4()}
    replaced = writer.post(reverse("wagtail_sms:send"), {**fields, "body": CURLY, "action-replace": "1"})
    form = replaced.context["form"]
    assert form["body"].value().startswith('It\'s "déjà vu" tonight - doors')
    assert "were replaced by plain ones" in replaced.content.decode()
    back = {**fields, "body": form["body"].value(), "before": form["before"].value(), "action-undo": "1"}
    assert writer.post(reverse("wagtail_sms:send"), back).context["form"]["body"].value() == CURLY
    assert not Campaign.objects.exists()


def test_what_was_typed_since_is_not_undone():
    assert was_replaced("It's", before="It’s")
    assert was_replaced("It's\n\nnow", before="It’s\r\n\r\nnow")
    assert not was_replaced("It's now", before="It’s")
    assert not was_replaced("Its", before="Its")
    assert not was_replaced("", before="")


def test_what_has_no_plain_form_is_priced_instead(writer, crowd):
    page = said(writer, crowd, "Tonight 😀" + "a" * 100)
    assert "There is no plain form of <bdi>😀</bdi>. Without, it is 1 instead of 2 segments" in page
    assert "Replace" not in page


@pytest.mark.parametrize("body", ["Сегодня вечером концерт", "\u200b", "’😀", "a", "", "Привет’"])
def test_nothing_is_offered_that_would_not_help(site, body):
    found = suggest(estimate(site, body=body), body)
    assert found is None or found.text.strip()


def test_the_cost_of_another_text_is_what_an_estimate_says(crowd):
    for body in ("a", "a" * 161, "’" * 71, "a" * 400):
        quote = estimate(crowd, body=CURLY)
        assert cost_of(quote, body) == estimate(crowd, body=body).credits


def test_a_phone_shows_the_joints_and_never_markup():
    first, second = on_the_phone("<b>" + "a" * 170)
    assert first.startswith("&lt;b&gt;a") and len(second) == 173 - 153
    assert on_the_phone("a\u202eb") == ["a<mark>U+202E</mark>b"]
    assert "<mark>" not in on_the_phone("Сегодня вечером концерт")[0]
