"""What a site serves: a build put back, none at all, and how a build differs from the one before."""

import pytest
from wagtail.models import ModelLogEntry

from tests.factories import make_site
from tests.pwa.builds import build_pwa, make_icon
from wagtail_sms.admin.pwa_words import sentences
from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import changes_since, current_build, rebuild
from wagtail_sms.pwa.history import is_switched_off, put_back, switch_off
from wagtail_sms.pwa.models import PwaBuild


@pytest.fixture
def plain_site(db):
    return make_site()


@pytest.fixture
def two(plain_site):
    return build_pwa(plain_site, features={}), build_pwa(plain_site, features={}, theme_colour="#402060")


def get(client, path):
    return client.get(path, headers={"host": "localhost"})


def test_build_put_back_is_served_byte_for_byte(plain_site, client):
    first = build_pwa(plain_site, features={})
    before = {path: get(client, path).content for path in ("/serviceworker.js", "/manifest.json", "/pwa/boot.js")}
    second = build_pwa(plain_site, features={}, theme_colour="#402060")
    put_back(first, features={})
    assert current_build(plain_site) == first
    assert {path: get(client, path).content for path in before} == before
    assert list(PwaBuild.objects.current()) == [first]
    put_back(second, features={})
    assert list(PwaBuild.objects.current()) == [second]


def test_rebuild_after_a_put_back_has_the_settings_again_under_a_new_number(plain_site, two):
    first, second = two
    put_back(first, features={})
    assert sentences(changes_since(current_build(plain_site), features={})) == ["Theme colour: “#1a6b54” → “#402060”"]
    third = rebuild(plain_site, features={}).build
    assert (third.number, third.inputs_hash) == (3, second.inputs_hash)


def test_build_with_the_popup_is_not_put_back_where_nobody_may_sign_up(site):
    with_popup = build_pwa(site)
    without = build_pwa(site, features={})
    with pytest.raises(BuildRefused, match="not installed"):
        put_back(with_popup, features={})
    assert current_build(site) == without
    put_back(with_popup, features=features_for(site))
    assert current_build(site) == with_popup


def test_switching_off_serves_the_worker_that_clears_up_and_keeps_every_build(plain_site, two, client):
    assert switch_off(plain_site) == two[1]
    assert b"unregister" in get(client, "/serviceworker.js").content
    assert get(client, "/pwa/boot.js").content == b""
    assert current_build(plain_site) is None
    assert is_switched_off(plain_site)
    assert switch_off(plain_site) is None
    put_back(two[0], features={})
    assert current_build(plain_site) == two[0]
    assert not is_switched_off(plain_site)


def test_one_sites_history_is_not_the_others(plain_site, two):
    other = make_site("other.example", name="Atelier Sud")
    theirs = build_pwa(other, features={})
    put_back(two[0], features={})
    switch_off(other)
    assert current_build(plain_site) == two[0]
    assert current_build(other) is None
    put_back(theirs, features={})
    assert current_build(plain_site) == two[0]


def test_every_step_stands_in_the_log(plain_site, two, admin_user):
    put_back(two[0], by=admin_user, features={})
    switch_off(plain_site, by=admin_user)
    said = [(entry.formatter.format_message(entry), entry.user) for entry in ModelLogEntry.objects.order_by("pk")]
    assert said == [
        ("PWA rebuilt: build 1", None),
        ("PWA rebuilt: build 2", None),
        ("Build 1 of the PWA put back", admin_user),
        ("PWA switched off; until then build 1 was served", admin_user),
    ]


def test_changes_are_said_in_the_words_of_the_settings(plain_site):
    assert sentences(build_pwa(plain_site, features={}).changes) == ["The first build"]
    long = "A sentence that is a good deal longer than what fits into one line of a table."
    changed = {"name": "Halle am Park", "display": "minimal-ui", "offline_text": long, "theme_colour_dark": "#102030"}
    said = sentences(build_pwa(plain_site, features={}, icon=make_icon(colour="#803020"), **changed).changes)
    assert said == [
        "Name: “Halle Nord” → “Halle am Park”",
        "Theme colour in dark mode: nothing → “#102030”",
        "Display: Like an app, without the browser's bars → Like an app, with a small navigation bar",
        "Offline text: changed",
        "Icon: changed",
    ]
    assert sentences(rebuild(plain_site, features={}, force=True).build.changes) == ["Rebuilt without a change"]


def test_changes_of_the_popup_are_said_in_words_too(site, monkeypatch):
    build_pwa(site, features={})
    features = features_for(site)
    assert sentences(rebuild(site, features=features).build.changes) == ["The SMS popup was added"]
    changed = {**features["sms"], "after_actions": 3, "countries": features["sms"]["countries"][1:]}
    texts = {"title": "News by text", "consent": "x" * 50, "consent_version": 2}
    changed["texts"] = {"en": {**features["sms"]["texts"]["en"], **texts}}
    gone = features["sms"]["countries"][0][0]
    said = sentences(changes_since(current_build(site), features={"sms": changed}))
    assert len(said) == 4
    assert "Title (English): “Get our news by text” → “News by text”" in said
    assert "Wording of the consent (English): changed" in said
    assert any("10 → 3" in sentence for sentence in said)
    assert any(sentence.startswith("Countries: ") and "taken away" in sentence for sentence in said), gone
    assert sentences(changes_since(current_build(site), features={})) == ["The SMS popup was taken away"]


def test_new_version_and_a_changed_template_have_a_word(plain_site, monkeypatch, settings):
    build_pwa(plain_site, features={})
    settings.STATIC_URL = "/elsewhere/"
    assert sentences(changes_since(current_build(plain_site), features={})) == ["The templates or the program changed"]
    monkeypatch.setattr("wagtail_sms.pwa.builder.__version__", "99.0")
    said = sentences(changes_since(current_build(plain_site), features={}))
    assert [sentence.endswith("→ 99.0") for sentence in said] == [True]
