"""Sign-ups made without a connection, in a real Chromium: told truly, delivered once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.pwa.accessibility import in_both_schemes, misfits
from tests.pwa.phone import wait_until_controlled
from wagtail_sms.delivery.models import Notice
from wagtail_sms.pwa.models import PwaBuildFile
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOAST, INLINE = ".wagtail-sms-toast", ".wagtail-sms-signup"
WAITING = """async () => {
  const box = await caches.open("wagtail-sms-outbox"); const keys = await box.keys();
  return Promise.all(keys.map(async (key) => (await box.match(key)).json()));
}"""


def nothing_waits(page):
    """Whether the phone has nothing left to send or to say, within ten seconds."""
    for _look in range(100):
        if page.evaluate(WAITING) == []:
            return True
        page.wait_for_timeout(100)
    return False


@pytest.fixture
def page(handset, address, build):
    page = handset.new_page()
    page.goto(f"{address}/contact/")
    wait_until_controlled(page)
    return page


def sign_up(page, number="06 12 34 56 78"):
    form = page.locator("form[data-wagtail-sms-signup]")
    form.get_by_label("Mobile number").fill(number)
    form.get_by_role("checkbox").check()
    form.get_by_role("button", name="Sign me up").click()


def test_sign_up_without_a_connection_is_told_truly_and_delivered_once(page, handset):
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_focused()
    expect(page.get_by_text("you are not signed up yet")).to_be_visible()
    assert not Subscriber.objects.exists()
    assert len(page.evaluate(WAITING)) == 1
    assert in_both_schemes(page, INLINE) == misfits(page, INLINE) == []

    handset.set_offline(False)
    # It is told where the page said that it waits.
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Reply STOP")
    assert Subscriber.objects.get().number == "+33612345678"
    # The browser's own background sync and the page have both asked by now.
    assert nothing_waits(page)
    page.reload()
    page.wait_for_timeout(500)
    event = ConsentEvent.objects.get()
    assert event.evidence.startswith("kept by the phone for")
    assert Notice.objects.count() == 1
    expect(page.locator(TOAST)).to_have_count(0)
    assert handset.complaints == []


def test_sign_up_is_delivered_when_no_page_is_open_and_told_at_the_next_visit(page, handset, address):
    blank = handset.new_page()
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    page.close()
    with handset.expect_event("requestfinished", lambda request: "/sms/subscribe/" in request.url):
        handset.set_offline(False)
    assert Subscriber.objects.get().number == "+33612345678"
    blank.goto(f"{address}/programme/")
    expect(blank.locator(TOAST)).to_contain_text("You are signed up")
    expect(blank.locator(TOAST)).to_contain_text("STOP")
    assert in_both_schemes(blank, TOAST) == misfits(blank, TOAST) == []
    assert ConsentEvent.objects.count() == 1


def test_lost_answer_is_asked_for_again_and_counts_once(page, handset):
    """The site has taken it, but the answer does not come back."""
    handset.route("**/sms/subscribe/", lose_answer := LoseAnswer())
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    assert Subscriber.objects.count() == 1
    lose_answer.mended = True
    page.evaluate("navigator.serviceWorker.controller.postMessage('GO')")
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert ConsentEvent.objects.count() == 1
    assert Notice.objects.count() == 1


def test_browser_without_background_sync_delivers_when_the_page_is_online_again(handset, address, build):
    """As Safari and Firefox do, and on the very first page of a visitor."""
    worker = PwaBuildFile.objects.filter(build=build, name="worker.js")
    without = b"Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', {value: undefined});\n"
    worker.update(body=without + bytes(worker.get().body), sha256="0" * 64)
    page = handset.new_page()
    page.goto(f"{address}/contact/")
    wait_until_controlled(page)
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.set_offline(False)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert ConsentEvent.objects.count() == 1


class LoseAnswer:
    mended = False

    def __call__(self, route):
        if self.mended:
            route.continue_()
        else:
            route.fetch()
            route.abort()


def test_what_is_refused_later_is_said_and_may_be_asked_again(page, handset):
    handset.set_offline(True)
    sign_up(page, "06 12")
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    page.goto(page.url.replace("contact", "programme"))
    handset.set_offline(False)
    page.goto(page.url)
    toast = page.locator(TOAST)
    expect(toast).to_contain_text("could not be taken")
    expect(toast).to_contain_text("not a valid phone number")
    assert in_both_schemes(page, TOAST) == misfits(page, TOAST) == []
    kept = page.evaluate("JSON.parse(localStorage.getItem('wagtail-sms'))")
    assert kept["later"] == 0 and "done" not in kept
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)
    assert nothing_waits(page)


def test_answer_on_a_page_that_is_left_at_once_is_said_again_by_the_next(page, handset):
    handset.set_offline(True)
    sign_up(page, "06 12")
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    programme = page.url.replace("contact", "programme")
    page.goto(programme)
    page.clock.install()
    page.clock.pause_at(timezone.now() + timedelta(seconds=1))
    handset.set_offline(False)
    for _visit in range(2):
        page.goto(programme)
        expect(page.locator(TOAST)).to_contain_text("could not be taken")
    page.clock.run_for(2000)
    assert nothing_waits(page)
    page.goto(programme)
    page.wait_for_timeout(500)
    expect(page.locator(TOAST)).to_have_count(0)


def test_stop_after_the_offline_sign_up_wins(page, handset, venue):
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    page.wait_for_timeout(1500)
    consent.stop(venue, number="+33612345678", now=timezone.now())
    handset.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("You unsubscribed after you sent this")
    assert not Subscriber.objects.exists()


def test_portal_that_answers_for_the_site_is_no_answer_and_a_day_is_the_longest(page, handset):
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.route(
        "**/sms/subscribe/", lambda route: route.fulfill(content_type="text/html", body="Log in to our Wi-Fi")
    )
    handset.set_offline(False)
    page.evaluate("navigator.serviceWorker.controller.postMessage('GO')")
    page.wait_for_timeout(800)
    assert len(page.evaluate(WAITING)) == 1
    page.evaluate(
        """async () => { const box = await caches.open("wagtail-sms-outbox"); const [key] = await box.keys();
          const kept = await box.match(key);
          await box.put(key, new Response(await kept.text(), {headers: {at: Date.now() - 90000000}}));
          navigator.serviceWorker.controller.postMessage("GO"); }"""
    )
    expect(page.get_by_role("heading", name="You are not signed up")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("could not be sent for a day")
    assert nothing_waits(page)
    assert not Subscriber.objects.exists()
