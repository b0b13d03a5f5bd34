import json

import pytest

from tests.factories import make_site
from tests.pwa.builds import build_pwa, make_icon, set_up_pwa
from tests.testapp.models import SimplePage
from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import current_build, is_out_of_date, rebuild, serves_sms
from wagtail_sms.pwa.icons import real_size
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile, PwaSettings


@pytest.fixture
def plain_site(db):
    return make_site()


def body(build, name):
    return bytes(build.files.get(name=name).body).decode()


def test_site_without_build_serves_nothing(plain_site):
    assert current_build(plain_site) is None
    assert not serves_sms(plain_site)
    assert not is_out_of_date(plain_site, features={})


def test_first_build_is_current_and_numbered_one(plain_site, admin_user):
    set_up_pwa(plain_site)
    outcome = rebuild(plain_site, by=admin_user, features={})
    assert outcome.created
    assert outcome.build.build_id.startswith("1-")
    assert current_build(plain_site) == outcome.build
    assert outcome.build.created_by == admin_user


def test_same_inputs_make_no_second_build(plain_site):
    first = build_pwa(plain_site, features={})
    again = rebuild(plain_site, features={})
    assert not again.created
    assert again.build == first
    assert PwaBuild.objects.count() == 1


def test_force_makes_another_build_with_other_bytes(plain_site):
    first = build_pwa(plain_site, features={})
    second = rebuild(plain_site, features={}, force=True).build
    assert second.number == 2
    assert body(first, "worker.js") != body(second, "worker.js")
    assert list(PwaBuild.objects.current()) == [second]


def test_popup_files_exist_only_with_the_feature(site):
    without = build_pwa(site, features={})
    names = set(without.files.values_list("name", flat=True))
    assert not {"popup.en.js", "popup.css"} & names
    assert '"popup":""' in body(without, "boot.js")

    with_sms = rebuild(site, features=features_for(site)).build
    assert {"popup.en.js", "popup.css"} <= set(with_sms.files.values_list("name", flat=True))
    assert f"/pwa/b/{with_sms.build_id}/popup.en.js" in body(with_sms, "speak.js")
    assert serves_sms(site)


def test_popup_script_carries_the_sites_texts(site):
    build = build_pwa(site)
    first_line = body(build, "popup.en.js").splitlines()[0]
    texts = json.loads(first_line.removeprefix("const SMS = ").removesuffix(";"))
    assert texts["brand"] == "Halle Nord"
    assert texts["countries"]
    assert texts["consent"] and texts["consent_version"] == 1
    assert texts["endpoint"] == "/sms/subscribe/"
    assert texts["labels"]["phone"] == "Mobile number"


def test_worker_stores_only_files_of_its_own_build(site):
    build = build_pwa(site)
    first_line = body(build, "worker.js").splitlines()[0]
    config = json.loads(first_line.removeprefix("const BUILD = ").removesuffix(";"))
    stored = dict(config["precache"])
    assert stored["/pwa/boot.js"] == f"/pwa/b/{build.build_id}/boot.js"
    assert all(source.startswith((f"/pwa/b/{build.build_id}/", "/pwa/icons/")) for source in stored.values())
    assert config["offline"] in stored
    assert {"/admin/", "/documents/", "/sms/subscribe/"} <= set(config["bypass"])


def test_manifest_names_every_icon_with_its_real_size(plain_site):
    build = build_pwa(plain_site, features={}, description="Concerts in the north", background_colour="#fafafa")
    manifest = json.loads(body(build, "manifest.json"))
    assert manifest["id"] == manifest["scope"] == "/"
    assert manifest["name"] == "Halle Nord"
    assert manifest["theme_color"] == "#1a6b54"
    assert [(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]] == [
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]


def test_icons_keep_their_address_while_the_picture_stays(plain_site):
    first = build_pwa(plain_site, features={})
    second = rebuild(plain_site, features={}, force=True).build
    assert first.head["apple_icon"] == second.head["apple_icon"]
    third = build_pwa(plain_site, features={}, icon=make_icon(colour="#803020"))
    assert third.head["apple_icon"] != second.head["apple_icon"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"icon": None}, "Choose an icon"),
        ({"name": ""}, "Give the app a name"),
    ],
)
def test_incomplete_settings_are_refused_in_words(plain_site, changed, sentence):
    plain_site.site_name = ""
    plain_site.save()
    set_up_pwa(plain_site, **{"name": "Halle Nord", **changed})
    with pytest.raises(BuildRefused) as refusal:
        rebuild(plain_site, features={})
    assert any(sentence in problem for problem in refusal.value.problems)
    assert current_build(plain_site) is None


def test_icon_that_is_too_small_is_refused_with_its_size(plain_site):
    set_up_pwa(plain_site, icon=make_icon(size=(511, 800)))
    with pytest.raises(BuildRefused, match="511 × 800"):
        rebuild(plain_site, features={})


def test_icon_whose_file_is_gone_is_refused(plain_site):
    settings = set_up_pwa(plain_site)
    settings.icon.file.storage.delete(settings.icon.file.name)
    with pytest.raises(BuildRefused, match="missing"):
        rebuild(plain_site, features={})


def test_popup_without_any_priced_country_is_refused(site):
    features = features_for(site)
    features["sms"]["countries"] = []
    set_up_pwa(site)
    with pytest.raises(BuildRefused, match="No country"):
        rebuild(site, features=features)


def test_refused_build_leaves_the_old_one_current(plain_site):
    first = build_pwa(plain_site, features={})
    set_up_pwa(plain_site, icon=None)
    with pytest.raises(BuildRefused):
        rebuild(plain_site, features={})
    assert current_build(plain_site) == first


def test_file_over_its_budget_is_refused(plain_site, monkeypatch):
    monkeypatch.setitem(__import__("wagtail_sms.pwa.quality", fromlist=["BUDGETS"]).BUDGETS, "worker.js", 100)
    set_up_pwa(plain_site)
    with pytest.raises(BuildRefused, match="worker.js weighs"):
        rebuild(plain_site, features={})
    assert PwaBuild.objects.count() == 0


def test_changed_settings_are_out_of_date_until_rebuilt(site):
    build_pwa(site)
    features = features_for(site)
    assert not is_out_of_date(site, features=features)
    PwaSettings.objects.filter(site=site).update(theme_colour="#402060")
    assert is_out_of_date(site, features=features)
    rebuild(site, features=features)
    assert not is_out_of_date(site, features=features)


def test_installing_the_feature_makes_a_build_out_of_date(site):
    build_pwa(site, features={})
    assert is_out_of_date(site, features=features_for(site))


def test_upgrade_of_the_package_makes_a_build_out_of_date(plain_site, monkeypatch):
    build_pwa(plain_site, features={})
    monkeypatch.setattr("wagtail_sms.pwa.builder.__version__", "99.0")
    assert is_out_of_date(plain_site, features={})


def test_only_the_last_builds_are_kept(plain_site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PWA_BUILDS_KEPT": 3}
    build_pwa(plain_site, features={})
    for _round in range(4):
        rebuild(plain_site, features={}, force=True)
    assert list(PwaBuild.objects.values_list("number", flat=True)) == [5, 4, 3]
    assert current_build(plain_site).number == 5


def test_build_and_its_files_cannot_be_changed(plain_site):
    build = build_pwa(plain_site, features={})
    build.package_version = "other"
    with pytest.raises(TypeError, match="snapshot"):
        build.save()
    file = build.files.first()
    file.body = b"other"
    with pytest.raises(TypeError, match="snapshot"):
        file.save()
    build.is_current = False
    build.save(update_fields=["is_current"])
    assert current_build(plain_site) is None


def test_builds_of_two_sites_never_touch(plain_site):
    other = make_site("other.example", name="Atelier Sud")
    ours, theirs = build_pwa(plain_site, features={}), build_pwa(other, features={})
    rebuild(plain_site, features={}, force=True)
    assert current_build(other) == theirs
    assert theirs.number == 1
    assert PwaBuildFile.objects.filter(build=ours).exists()


def test_texts_are_written_in_the_language_of_the_site(plain_site):
    build = build_pwa(plain_site, features={}, lang="ar")
    assert '<html lang="ar" dir="rtl">' in body(build, "offline.html")


def test_offline_page_escapes_what_editors_write(plain_site):
    build = build_pwa(plain_site, features={}, offline_text="<script>alert(1)</script>")
    assert "<script>" not in body(build, "offline.html")


def test_screenshots_and_shortcuts_stand_in_the_manifest_as_they_are_served(plain_site, client):
    home = plain_site.root_page.specific
    page = home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    shortcuts = [("shortcut", {"name": "Programme", "page": page})]
    build = build_pwa(
        plain_site,
        features={},
        screenshot_narrow=make_icon(size=(1200, 2400), name="narrow.png"),
        screenshot_wide=make_icon(size=(900, 600), name="wide.png"),
        shortcuts=shortcuts,
    )
    manifest = json.loads(body(build, "manifest.json"))
    assert manifest["shortcuts"] == [{"name": "Programme", "url": "/programme/"}]
    shown = manifest["screenshots"]
    assert [(entry["form_factor"], entry["sizes"]) for entry in shown] == [("narrow", "640x1280"), ("wide", "900x600")]
    for entry in shown:
        response = client.get(entry["src"], headers={"host": "localhost"})
        assert response["Content-Type"] == "image/jpeg"
        assert "x".join(map(str, real_size(response.content))) == entry["sizes"]
    page.unpublish()
    set_up_pwa(plain_site, shortcuts=shortcuts)
    with pytest.raises(BuildRefused, match="“Programme” leads to no public page"):
        rebuild(plain_site, features={})


def test_shortcut_to_a_page_of_another_site_is_refused(plain_site):
    other = make_site("other.example", name="Atelier Sud")
    set_up_pwa(plain_site, shortcuts=[("shortcut", {"name": "Theirs", "page": other.root_page})])
    with pytest.raises(BuildRefused, match="“Theirs” leads to no public page of this site"):
        rebuild(plain_site, features={})


@pytest.mark.parametrize(
    ("field", "size", "sentence"),
    [
        ("screenshot_narrow", (300, 600), "300 × 600"),
        ("screenshot_narrow", (400, 1000), "too long"),
        ("screenshot_narrow", (800, 600), "upright"),
        ("screenshot_wide", (600, 800), "wider than high"),
    ],
)
def test_screenshot_that_browsers_would_leave_out_is_refused_in_words(plain_site, field, size, sentence):
    set_up_pwa(plain_site, **{field: make_icon(size=size)})
    with pytest.raises(BuildRefused, match=sentence):
        rebuild(plain_site, features={})


def test_dark_theme_colour_comes_first_because_browsers_take_the_first_that_fits(plain_site, client):
    build_pwa(plain_site, features={}, theme_colour_dark="#102030")
    page = client.get("/offline/", headers={"host": "localhost"}).content.decode()
    dark, plain = page.index('media="(prefers-color-scheme: dark)" content="#102030"'), page.index('content="#1a6b54"')
    assert dark < plain
