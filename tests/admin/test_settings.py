"""The Settings tab: texts with defaults, what they will look like, and what may not go missing."""

import pytest
from django.urls import reverse

from tests.admin.conftest import RULES, make_build, make_editor, make_picture, signed_in
from wagtail_sms.extension import features_for
from wagtail_sms.pwa import builder
from wagtail_sms.pwa.models import PwaSettings
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import DEFAULTS, current_wording, texts_for


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


def form(site, **changed) -> dict:
    """What the page sends; a text is meant in English unless its name begins with a language."""
    texts = {f"en-{name}": "" for name in DEFAULTS} | {"en-frequency": "weekly", "text_language": "en"}
    basics = {"brand": "Halle Nord", "popup_after_actions": 10, "privacy_url": "", **RULES}
    changed = {f"en-{name}" if name in DEFAULTS else name: value for name, value in changed.items()}
    return {**texts, **basics, "default_country": "", "sms_site": site.pk, **changed}


def save(client, site, **changed):
    return client.post(reverse("wagtail_sms:settings"), form(site, **changed), follow=True)


def told(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def fragment(client, site, name: str, **typed) -> str:
    answer = client.post(reverse("wagtail_sms:settings_preview", args=["en", name]), form(site, **typed))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_written_text_is_kept_and_an_emptied_one_is_the_default_again(client, site):
    save(client, site, welcome_text="{brand}: hello! Reply STOP to end.")
    assert texts_for(site).text("welcome_text") == "Halle Nord: hello! Reply STOP to end."
    save(client, site, welcome_text="")
    assert texts_for(site).text("welcome_text").startswith("Halle Nord: welcome!")


@pytest.mark.parametrize("name", list(DEFAULTS))
def test_every_empty_text_shows_its_default(client, site, name):
    page = client.get(reverse("wagtail_sms:settings"))
    assert page.context["form"].texts["en"].fields[name].widget.attrs["placeholder"] == DEFAULTS[name]


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        ("welcome_text", "{brand}: hello!", "STOP"),
        ("welcome_text", "Hello! Reply STOP to end.", "{brand}"),
        ("stop_reply", "You are unsubscribed.", "{brand}"),
        ("help_reply", "{brand}: our news.", "STOP"),
        ("consent_text", "I agree to texts from {brand}. Reply STOP to end.", "HELP"),
    ],
)
def test_a_required_part_that_is_missing_is_said_at_its_field(client, site, name, text, missing):
    answer = save(client, site, **{name: text})
    errors = answer.context["form"].texts["en"].errors
    assert list(errors) == [name]
    assert missing in str(errors[name])
    assert getattr(texts_for(site), name) == ""


def test_a_text_too_long_to_be_sent_is_refused_at_its_field(client, site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_SEGMENTS": 2}
    answer = save(client, site, welcome_text="{brand}: " + "a" * 400 + " STOP")
    assert list(answer.context["form"].texts["en"].errors) == ["welcome_text"]


@pytest.mark.parametrize("pages", ["0", "101", "-1", "ten", ""])
def test_a_popup_after_an_impossible_number_of_pages_is_refused(client, site, pages):
    assert "popup_after_actions" in save(client, site, popup_after_actions=pages).context["form"].errors


def test_the_rules_of_the_popup_are_kept_and_reach_the_next_build(client, site):
    never = "/tickets\r\n\r\nhttps://halle.example/Menü/?week=2#top\r\n/tickets/"
    save(
        client,
        site,
        popup_after_seconds=20,
        popup_from_visit=2,
        popup_audience="installed",
        popup_never_on=never,
    )
    sms = features_for(site)["sms"]
    assert (sms["after_seconds"], sms["from_visit"]) == (20, 2)
    assert sms["audience"] == "installed"
    assert sms["never_on"] == ["/tickets/", "/Men%C3%BC/"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("tickets", "“tickets” is no address"),
        ("/ok/\n/no way/", "“/no way/” is no address"),
        ("/", "every page"),
        ("https://halle.example", "is no address"),
        ("//[", "is no address"),
        ("\n".join(f"/page-{number}/" for number in range(51)), "at most 50"),
    ],
)
def test_an_address_that_is_none_is_refused_at_its_field_and_kept_in_it(client, site, typed, told):
    form = save(client, site, popup_never_on=typed).context["form"]
    assert list(form.errors) == ["popup_never_on"]
    assert told in str(form.errors["popup_never_on"].data[0].message)
    assert form["popup_never_on"].value() == typed


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("popup_after_seconds", "121"),
        ("popup_after_seconds", "-1"),
        ("popup_from_visit", "4"),
        ("popup_audience", "all"),
    ],
)
def test_a_rule_that_is_none_is_refused_at_its_field(client, site, name, wrong):
    assert list(save(client, site, **{name: wrong}).context["form"].errors) == [name]


def test_the_thank_you_must_say_how_to_stop(client, site):
    assert "STOP" in str(save(client, site, thanks_text="Thank you!").context["form"].texts["en"].errors["thanks_text"])


def test_only_countries_with_a_rate_can_be_chosen_first(client, site):
    assert "default_country" in save(client, site, default_country="XX").context["form"].errors
    save(client, site, default_country="FR")
    assert SmsSettings.for_site(site).default_country == "FR"


def test_the_fragment_counts_the_filled_text(client, site):
    shown = fragment(client, site, "stop_reply", stop_reply="{brand}: bye.", brand="Halle Nord")
    assert "Halle Nord: bye." in shown
    assert "1 segment · 16 characters · GSM-7" in shown


def test_the_fragment_counts_two_segments_and_names_what_makes_them_short(client, site):
    shown = fragment(client, site, "start_reply", start_reply="é" * 60 + "œ" + "é" * 10)
    assert "2 segments · 71 characters · UCS-2" in shown
    assert "With œ in it, a segment holds 70 characters; without, 160." in shown


def test_a_longer_brand_changes_the_count(client, site):
    text = "{brand}: bye. STOP"
    assert "12 characters" in fragment(client, site, "help_reply", help_reply=text, brand="H")
    assert "51 characters" in fragment(client, site, "help_reply", help_reply=text, brand="H" * 40)


def test_the_fragment_of_an_empty_field_shows_the_default(client, site):
    shown = fragment(client, site, "welcome_text")
    assert "The default, as people read it:" in shown
    assert "Halle Nord: welcome! You will hear from us weekly." in shown


def test_the_fragment_says_what_is_missing_while_one_types(client, site):
    assert "This text must contain STOP." in fragment(client, site, "welcome_text", welcome_text="{brand}: hi")


def test_the_fragment_escapes_what_is_typed(client, site):
    shown = fragment(client, site, "welcome_text", welcome_text="<script>alert(1)</script>")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_the_fragment_saves_nothing_and_bears_the_absurd(client, site):
    fragment(client, site, "consent_text", consent_text="é\u0000œ" * 100_000, brand="x" * 9999)
    assert not ConsentWording.objects.filter(site=site).exists()
    assert SmsSettings.for_site(site).brand == "Halle Nord"


@pytest.mark.parametrize("name", ["brand", "popup_title", "password", "pk"])
def test_there_is_no_fragment_for_anything_else(client, site, name):
    assert client.post(reverse("wagtail_sms:settings_preview", args=["en", name]), form(site)).status_code == 404


def test_a_fragment_of_another_site_is_refused(site, south_editor):
    answer = signed_in(south_editor).post(
        reverse("wagtail_sms:settings_preview", args=["en", "welcome_text"]), {"sms_site": site.pk}
    )
    assert answer.status_code == 302
    assert "Halle" not in answer.content.decode()


def test_the_consent_says_its_version_and_what_a_change_makes(client, site):
    first = current_wording(site)
    settings = SmsSettings.for_site(site)
    same = {"brand": settings.brand, "frequency": ""}
    assert "This is version 1 of the consent" in fragment(client, site, "consent_text", **same)
    changed = {"consent_text": "Yes to texts from {brand}. STOP to end, HELP for help.", **same}
    assert "this becomes version 2 of the consent" in fragment(client, site, "consent_text", **changed)
    save(client, site, **changed)
    assert current_wording(site).version == 2
    first.refresh_from_db()
    assert first.text != current_wording(site).text


def test_saving_tells_that_the_popup_waits_for_the_rebuild_and_leads_there(client, site):
    make_build(site)
    answer = save(client, site, popup_title="News from the hall")
    assert "when the PWA is rebuilt" in told(answer)
    assert f"{reverse('wagtail_sms:pwa')}?sms_site={site.pk}" in told(answer)


def test_saving_what_visitors_already_see_says_only_that_it_is_saved(client, site):
    PwaSettings.objects.create(site=site, name="Halle", short_name="Halle", icon=make_picture())
    save(client, site)
    builder.rebuild(site, features=features_for(site))
    answer = save(client, site, stop_reply="{brand}: bye then.")
    assert "The settings are saved." in told(answer)
    assert "rebuilt" not in told(answer)
    assert "rebuilt" in told(save(client, site, popup_title="Changed"))


def test_the_number_is_shown_and_cannot_be_chosen(client, site):
    answer = client.get(reverse("wagtail_sms:settings"))
    page = answer.content.decode()
    assert "+1 201-555-0123" in page
    assert "ask the operator to change its country" in page
    assert not {"number", "sender"} & set(answer.context["form"].fields)


def test_an_editor_without_the_right_changes_nothing(site):
    client = signed_in(make_editor("eva", site, "send_campaign"))
    assert client.post(reverse("wagtail_sms:settings"), form(site, brand="Taken")).url == reverse("wagtailadmin_home")
    assert SmsSettings.for_site(site).brand == "Halle Nord"


def test_each_site_has_its_own_texts(client, site, other_site):
    save(client, other_site, brand="Atelier", popup_title="From the studio")
    assert texts_for(site).popup_title == ""
    assert texts_for(other_site).popup_title == "From the studio"


def test_the_site_history_leads_back_to_this_tab(site, superuser):
    from wagtail.admin.admin_url_finder import AdminURLFinder

    found = AdminURLFinder(superuser).get_edit_url(SmsSettings.for_site(site))
    assert found == f"{reverse('wagtail_sms:settings')}?sms_site={site.pk}"
