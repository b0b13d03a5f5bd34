"""The pages for people, as plain pages and in a browser."""

import pytest
import requests

from tests.gateway.fixtures import wait_for
from wagtail_sms.providers.base import OutboundBatch
from wagtail_sms.providers.messagebird import MessageBirdProvider


A, B, SITE, OTHER_SITE = "33612345678", "447700900123", "12015550100", "12025550100"


def send(gateway, *recipients, body="Hello", sender=SITE):
    provider = MessageBirdProvider("default", gateway.provider_options())
    numbers = tuple(f"+{number}" for number in recipients)
    provider.send(OutboundBatch("ref", f"+{sender}", body, "UCS-2", numbers))


def post(gateway, path, headers=None, **fields):
    return requests.post(gateway.url + path, data=fields, headers=headers, timeout=10, allow_redirects=False)


def test_empty_network_says_what_to_do(gateway):
    page = gateway.page("/gateway/")
    assert "No phone has received a text yet." in page
    assert "nothing here leaves this computer" in page


def test_latest_text_comes_first_and_unread_ones_are_marked(gateway):
    send(gateway, A)
    send(gateway, B)
    send(gateway, A, body="Second")
    page = gateway.page("/gateway/")
    assert page.index(A) < page.index(B)
    assert "Second" in page and "France" in page
    assert '2<span class="hidden"> unread</span>' in page


def test_opening_a_phone_marks_its_texts_as_read(gateway):
    send(gateway, A)
    gateway.page(f"/gateway/phones/{A}/")
    assert "unread</span>" not in gateway.page("/gateway/")


def test_what_people_typed_is_escaped_everywhere(gateway):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
    send(gateway, A, body=evil)
    gateway.reply(A, evil)
    for path in ("/gateway/", f"/gateway/phones/{A}/", f"/gateway/?q={evil}", f"/gateway/phones/{A}/?with={evil}"):
        page = gateway.page(path)
        assert "<script>alert" not in page and "<img src=x" not in page, path


def test_conversation_shows_sender_state_and_both_sides(gateway):
    send(gateway, A, body="Concert tonight")
    gateway.reply(A, "Thank you")
    wait_for(lambda: gateway.messages()[0]["status"] == "delivered")
    page = gateway.page(f"/gateway/phones/{A}/")
    assert page.index("Concert tonight") < page.rindex("Thank you")
    assert "+1 201 555 0100" in page and "Delivered" in page


def test_two_sites_have_two_conversations(gateway):
    send(gateway, A, body="From the first")
    send(gateway, A, body="From the second", sender=OTHER_SITE)
    second = gateway.page(f"/gateway/phones/{A}/?part=thread")
    first = gateway.page(f"/gateway/phones/{A}/?part=thread&with={SITE}")
    assert "From the second" in second and "From the first" not in second
    assert "From the first" in first and "From the second" not in first


def test_reply_form_texts_the_site(gateway):
    send(gateway, A)
    response = post(gateway, f"/gateway/phones/{A}/reply", to=SITE, body="STOP")
    assert (response.status_code, response.headers["Location"]) == (
        303,
        f"/gateway/phones/{A}/?with={SITE}#reply",
    )
    assert [(text["body"], text["number"]) for text in gateway.replies()] == [("STOP", SITE)]


def test_empty_reply_is_no_text(gateway):
    post(gateway, f"/gateway/phones/{A}/reply", to=SITE, body="   ")
    assert gateway.replies() == []


def test_form_from_another_website_is_refused(gateway):
    response = post(gateway, f"/gateway/phones/{A}/reply", {"Sec-Fetch-Site": "cross-site"}, to=SITE, body="STOP")
    assert response.status_code == 403
    assert gateway.replies() == []


def test_phone_without_texts_can_be_opened_and_write(gateway):
    headers = {"Authorization": f"AccessKey {gateway.access_key}"}
    number = {"number": SITE, "countryCode": "US"}
    requests.post(f"{gateway.url}/v1/phone-numbers", json=number, headers=headers, timeout=10)
    assert "Open +33 612 345 678" in gateway.page(f"/gateway/?q=%2B{A}")
    page = gateway.page(f"/gateway/open?number=%2B{A}")
    assert "No conversation yet" in page and "Reply to +1 201 555 0100" in page


def test_without_any_number_there_is_nobody_to_write_to(gateway):
    assert "nobody to write to" in gateway.page(f"/gateway/phones/{A}/")


@pytest.mark.parametrize("path", ["/gateway/nowhere", "/gateway/phones/12/", "/gateway/static/../server.py"])
def test_unknown_pages_are_not_found(gateway, path):
    session = requests.Session()
    request = requests.Request("GET", gateway.url).prepare()
    request.url = gateway.url + path
    assert session.send(request, timeout=10).status_code == 404


def test_thousands_of_phones_come_in_pages(gateway):
    for start in range(0, 1050, 50):
        send(gateway, *(f"3361234{n:04d}" for n in range(start, start + 50)))
    first, last = gateway.page("/gateway/"), gateway.page("/gateway/?page=21")
    assert first.count('class="row ') == last.count('class="row ') == 50
    assert "1,050 phones" in first and "Page 21 of 21" in last
    assert "33612340000" in last and "Older" not in last
    assert "Page 21 of 21" in gateway.page("/gateway/?page=999")


def test_search_finds_a_phone_by_some_digits(gateway):
    send(gateway, A, B)
    page = gateway.page("/gateway/?q=770 090")
    assert B in page and A not in page


def test_switches_are_explained_and_work(gateway):
    assert "It receives every text." in gateway.page(f"/gateway/phones/{A}/")
    response = post(gateway, "/gateway/switches", name="phone", value="refused", phone=A, page=A)
    assert response.headers["Location"] == f"/gateway/phones/{A}/#network"
    assert "refuses every request that has this number" in gateway.page(f"/gateway/phones/{A}/")
    assert gateway.get("/control/switches")[0]["value"] == "refused"
    post(gateway, "/gateway/switches", name="phone", value="normal", phone=A, page=A)
    assert gateway.get("/control/switches") == []
    assert post(gateway, "/gateway/switches", name="answers", value="odd").status_code == 400


def test_pages_run_no_foreign_script_and_carry_no_inline_one(gateway):
    response = requests.get(f"{gateway.url}/gateway/", timeout=10)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "<style" not in response.text and " style=" not in response.text and "onclick" not in response.text


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page, problems = context.new_page(), []
    page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


@pytest.mark.browser
def test_new_texts_and_replies_appear_without_a_reload(gateway, page):
    send(gateway, A, body="First text")
    page.goto(f"{gateway.url}/gateway/")
    page.get_by_role("link", name="+33 612 345 678").click()
    page.evaluate("window.sameDocument = true")
    send(gateway, A, body="Second text")
    page.locator(".bubble--site", has_text="Second text").wait_for()
    page.get_by_role("button", name="STOP").click()
    page.locator(".bubble--own", has_text="STOP").wait_for()
    page.get_by_label("Reply to +1 201 555 0100").fill("And <b>thank you</b>")
    page.keyboard.press("Enter")
    page.locator(".bubble--own", has_text="And <b>thank you</b>").wait_for()
    assert page.evaluate("window.sameDocument")
    assert [text["body"] for text in gateway.replies()] == ["STOP", "And <b>thank you</b>"]


@pytest.mark.browser
def test_nothing_sticks_out_on_a_small_screen(gateway, page):
    send(gateway, A, body="https://example.com/" + "long" * 60)
    for path in ("/gateway/", f"/gateway/phones/{A}/", "/gateway/?q=1234567890123", "/gateway/?page=2"):
        page.goto(gateway.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
