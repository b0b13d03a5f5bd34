import json

import pytest

from tests.factories import make_site
from tests.pwa.builds import build_pwa
from wagtail_sms.pwa.builder import rebuild


PATHS = ["/serviceworker.js", "/manifest.json", "/offline/", "/pwa/boot.js"]


@pytest.fixture
def plain_site(db):
    return make_site()


@pytest.fixture
def get(client):
    def get(path, host="localhost", **headers):
        return client.get(path, headers={"host": host, **headers})

    return get


@pytest.mark.parametrize("path", PATHS)
def test_current_files_are_asked_for_each_time_and_answer_304(plain_site, get, path):
    build_pwa(plain_site, features={})
    response = get(path)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Content-Type-Options"] == "nosniff"
    again = get(path, **{"if-none-match": response["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    weakened = get(path, **{"if-none-match": f"W/{response['ETag']}"})
    assert weakened.status_code == 304


@pytest.mark.parametrize("path", ["/serviceworker.js", "/pwa/boot.js"])
def test_next_build_is_served_at_once(plain_site, get, path):
    build_pwa(plain_site, features={})
    before = get("/serviceworker.js")
    rebuild(plain_site, features={}, force=True)
    assert get("/serviceworker.js", **{"if-none-match": before["ETag"]}).status_code == 200


def test_worker_may_control_the_whole_site(plain_site, get):
    build_pwa(plain_site, features={})
    response = get("/serviceworker.js")
    assert response["Service-Worker-Allowed"] == "/"
    assert response["Content-Type"] == "text/javascript; charset=utf-8"


def test_without_a_build_the_worker_clears_up_and_leaves(plain_site, get):
    response = get("/serviceworker.js")
    assert response.status_code == 200
    assert b"unregister" in response.content
    assert b"fetch" not in response.content


def test_without_a_build_the_manifest_is_django_pwas_own(plain_site, get):
    assert get("/manifest.json").json()["name"] == "MyApp"


def test_without_a_build_the_boot_script_is_empty(plain_site, get):
    response = get("/pwa/boot.js")
    assert response.status_code == 200
    assert response.content == b""


def test_manifest_says_what_it_is(plain_site, get):
    build_pwa(plain_site, features={})
    response = get("/manifest.json")
    assert response["Content-Type"].startswith("application/manifest+json")
    assert json.loads(response.content)["name"] == "Halle Nord"


def test_files_of_a_build_never_change_and_stay_after_the_next_one(plain_site, get):
    build = build_pwa(plain_site, features={})
    rebuild(plain_site, features={}, force=True)
    response = get(f"/pwa/b/{build.build_id}/offline.css")
    assert response.status_code == 200
    assert "immutable" in response["Cache-Control"]
    assert "max-age=31536000" in response["Cache-Control"]


def test_icons_are_served_as_png(plain_site, get):
    build = build_pwa(plain_site, features={})
    response = get(build.head["apple_icon"])
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")


NOWHERE = ["/pwa/b/1-00000000/worker.js", "/pwa/b/nothing/none", "/pwa/icons/worker.js"]
# PostgreSQL takes no zero byte in a query.
ZERO_BYTES = ["/pwa/icons/%00.png", "/pwa/b/x%00/y", "/pwa/b/x/y%00"]


@pytest.mark.parametrize("path", NOWHERE + ZERO_BYTES)
def test_unknown_files_are_not_found(plain_site, get, path):
    build_pwa(plain_site, features={})
    assert get(path).status_code == 404


def test_two_sites_never_mix(plain_site, get):
    other = make_site("other.example", name="Atelier Sud")
    ours = build_pwa(plain_site, features={})
    assert b"unregister" in get("/serviceworker.js", host="other.example").content
    build_pwa(other, features={})
    assert get("/manifest.json").json()["name"] == "Halle Nord"
    assert get("/manifest.json", host="other.example").json()["name"] == "Atelier Sud"
    assert get(f"/pwa/b/{ours.build_id}/boot.js", host="other.example").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_only_reading_is_allowed(plain_site, client, path):
    assert client.post(path, headers={"host": "localhost"}).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_no_file_sets_a_cookie_or_wants_a_login(plain_site, get, path, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    build_pwa(plain_site, features={})
    response = get(path)
    assert response.status_code == 200
    assert not response.cookies
