import json
import re
from types import SimpleNamespace

from django.template import Context, RequestContext, Template
from wagtail.models import Page, Site

from tests.public.visits import OWN_PAGE, SUBSCRIBE, post_form
from tests.testapp.models import SimplePage
from wagtail_sms.blocks import SmsSignupBlock
from wagtail_sms.extension import uninstall
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber


TAG = Template('{% load wagtail_sms %}{% sms_signup_form heading="News" %}')


def rendered(rf, *, preview=False):
    request = rf.get("/", headers={"host": "localhost"})
    request.is_preview = preview
    return TAG.render(RequestContext(request)).strip()


def sign_up_page(site, **fields):
    home = Page.objects.get(pk=site.root_page_id)
    page = SimplePage(title="Programme", slug="programme", **fields)
    return home.add_child(instance=page)


def test_tag_renders_a_plain_form_that_needs_no_script(open_site, rf):
    shown = rendered(rf)
    assert '<form class="wagtail-sms-form" action="/sms/subscribe/" method="post"' in shown
    assert "<script" not in shown and "style=" not in shown
    assert '<option value="FR">France +33</option>' in shown
    assert 'name="consent_version" value="1"' in shown
    assert "checked" not in shown


def test_tag_renders_nothing_until_the_build_asks(site, rf):
    assert rendered(rf) == ""


def test_tag_renders_nothing_after_uninstalling(open_site, rf):
    uninstall(open_site)
    assert rendered(rf) == ""


def test_tag_without_a_request_renders_nothing(open_site):
    assert TAG.render(Context()).strip() == ""


def test_preview_shows_a_sample_that_cannot_be_sent(site, rf):
    shown = rendered(rf, preview=True)
    assert '<button class="wagtail-sms-accept" type="submit" disabled>' in shown
    assert "data-wagtail-sms-signup" not in shown


def test_two_forms_on_one_page_share_no_id(open_site, rf):
    request = rf.get("/", headers={"host": "localhost"})
    shown = "".join(TAG.render(RequestContext(request)) for _form in range(2))
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids)) == 10
    assert all(target in ids for target in re.findall(r'aria-describedby="([^"]+)"', shown))


def test_block_on_a_page_renders_the_form_and_sets_no_cookie(open_site, client):
    block = {"type": "sms_signup", "value": {"heading": "Stay in touch", "text": "Short and rare."}}
    sign_up_page(open_site, body=json.dumps([block]))
    response = client.get("/programme/", headers={"host": "localhost"})
    assert b"Stay in touch" in response.content
    assert b'action="/sms/subscribe/"' in response.content
    assert not response.cookies


def test_block_without_context_renders_nothing(open_site):
    block = SmsSignupBlock()
    assert block.render(block.to_python({"heading": "News", "text": ""})).strip() == ""


def test_block_in_wagtails_block_preview_shows_the_sample(site, rf):
    block = SmsSignupBlock()
    request = rf.get("/admin/blocks/preview/")
    request.is_preview = True
    shown = block.render(block.get_preview_value(), context={"request": request})
    assert "disabled" in shown


def test_form_without_script_signs_up_and_thanks(open_site, client):
    response = post_form(client, page=None, headers={"referer": "http://localhost/programme/?utm=1"})
    assert response.status_code == 200
    assert "You are signed up" in response.text
    assert "Reply STOP" in response.text
    assert Subscriber.objects.get().number == "+33612345678"
    event = ConsentEvent.objects.get()
    assert (event.source, event.page_url) == ("form", "http://localhost/programme/")


def test_mistake_without_script_keeps_what_was_typed_and_stands_beside_the_field(open_site, client):
    response = post_form(client, phone='06 12 "><b>')
    assert response.status_code == 422
    page = response.text
    assert 'value="06 12 &quot;&gt;&lt;b&gt;"' in page
    assert '<option value="FR" selected>' in page
    assert 'aria-invalid="true" autofocus' in page
    assert re.search(r'data-error="phone">Enter a phone number, using digits only', page)
    assert "no-store" in response["Cache-Control"]


def test_consent_is_not_ticked_again_for_the_visitor(open_site, client):
    assert "checked" not in post_form(client, phone="06").text


def test_other_sites_form_gets_a_page_without_a_form(open_site, client):
    response = post_form(client, headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})
    assert response.status_code == 403
    assert "<form" not in response.text
    assert not Subscriber.objects.exists()


def test_address_opened_in_a_browser_shows_the_form(open_site, client):
    response = client.get(SUBSCRIBE, headers=OWN_PAGE)
    assert response.status_code == 200
    assert "<form" in response.text
    assert "noindex" in response.text


def test_address_of_a_site_without_the_feature_is_not_found(site, client):
    response = client.get(SUBSCRIBE, headers=OWN_PAGE)
    assert response.status_code == 404
    assert "<form" not in response.text


def test_host_that_is_no_site_is_not_found(open_site, client):
    Site.objects.update(is_default_site=False)
    assert client.get(SUBSCRIBE, headers={"host": "nobody.example"}).status_code == 404


def test_large_form_is_refused(open_site, client):
    assert post_form(client, phone="1" * 70_000).status_code == 413


def test_tag_in_a_context_without_request_attribute_uses_the_variable(open_site, rf):
    request = rf.get("/", headers={"host": "localhost"})
    assert "<form" in TAG.render(Context({"request": request, "page": SimpleNamespace()}))
