import re

import pytest
from django.template import Context, RequestContext, Template
from wagtail.models import Page

from tests.factories import make_site
from tests.pwa.builds import build_pwa
from tests.testapp.models import SimplePage


TEMPLATE = Template("{% load pwa %}{% progressive_web_app_meta %}")


@pytest.fixture
def plain_site(db):
    return make_site()


def head(rf, *, preview=False, host="localhost"):
    request = rf.get("/", headers={"host": host})
    request.is_preview = preview
    return TEMPLATE.render(RequestContext(request)).strip()


def test_nothing_is_emitted_without_a_build(plain_site, rf):
    assert head(rf) == ""


def test_head_links_manifest_colour_icon_and_one_script(plain_site, rf):
    build = build_pwa(plain_site, features={})
    shown = head(rf)
    assert '<link rel="manifest" href="/manifest.json">' in shown
    assert '<meta name="theme-color" content="#1a6b54">' in shown
    assert build.head["apple_icon"] in shown
    assert shown.count("<script") == 1
    assert 'src="/pwa/boot.js" data-worker="/serviceworker.js" data-scope="/"' in shown


def test_head_has_nothing_inline_and_names_no_build(plain_site, rf):
    build = build_pwa(plain_site, features={})
    shown = head(rf)
    assert re.findall(r"<script[^>]*>(.*?)</script>", shown) == [""]
    assert "style" not in shown
    assert build.build_id not in shown


def test_nothing_is_emitted_in_a_preview(plain_site, rf):
    build_pwa(plain_site, features={})
    assert head(rf, preview=True) == ""


def test_nothing_is_emitted_for_another_site(plain_site, rf):
    build_pwa(plain_site, features={})
    make_site("other.example", name="Atelier Sud")
    assert head(rf, host="other.example") == ""


def test_template_without_a_request_emits_nothing(plain_site):
    build_pwa(plain_site, features={})
    assert TEMPLATE.render(Context()).strip() == ""


def test_name_is_escaped(plain_site, rf):
    build_pwa(plain_site, features={}, name='"><script>', short_name="")
    assert '"><script>' not in head(rf)


def test_page_is_the_same_for_everybody_and_sets_no_cookie(plain_site, client):
    build_pwa(plain_site, features={})
    home = Page.objects.get(pk=plain_site.root_page_id)
    home.add_child(instance=SimplePage(title="Programme", slug="programme"))
    responses = [client.get("/programme/", headers={"host": "localhost"}) for _visitor in range(2)]
    assert responses[0].content == responses[1].content
    assert b"/pwa/boot.js" in responses[0].content
    assert not responses[0].cookies
