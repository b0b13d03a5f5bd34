"""Browsers and hosts that make it hard: Trusted Types, blocked storage, two tabs, a feature that is gone meanwhile."""

from contextlib import suppress

import pytest
from django.http import HttpResponse
from playwright.sync_api import expect

from tests.pwa.accessibility import misfits
from tests.pwa.builds import build_pwa
from tests.pwa.phone import wait_until_controlled, wait_until_listening
from tests.pwa.test_outbox_browser import WAITING, nothing_waits, sign_up
from tests.pwa.test_update_browser import STATES
from wagtail_sms import extension
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import rebuild
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TOAST = ".wagtail-sms-toast"
BLOCKED = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
  get() { throw new DOMException("blocked", "SecurityError"); } });"""


class TrustedTypes:
    """Middleware, outside of the strict policy: no text becomes code unless a named policy has looked at it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        policy = "default-src 'self'; require-trusted-types-for 'script'; trusted-types wagtail-sms"
        response["Content-Security-Policy"] = policy
        return response


class Overloaded:
    """Middleware: the form's address answers 503 while ``now`` is true."""

    now = True

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if self.now and request.path == "/sms/subscribe/":
            return HttpResponse(status=503)
        return self.get_response(request)


def open_contact(context, address):
    page = context.new_page()
    page.goto(f"{address}/contact/")
    wait_until_controlled(page)
    return page


def rebuild_and_look(page, site):
    wait_until_listening(page)
    build = rebuild(site, features=features_for(site), force=True).build
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
    return build


def look_until_announced(page):
    """A look may meet a locked database, which only tests have; browsers look again at each visit."""
    toast = page.locator(TOAST)
    for _look in range(5):
        if not toast.count():
            page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
        with suppress(AssertionError):
            expect(toast).to_be_visible(timeout=10_000)
            return toast
    raise AssertionError(f"The new build was never announced: {page.evaluate(STATES)}")


def test_everything_works_under_trusted_types(venue, settings, handset, address):
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.test_hostile_browser.TrustedTypes", *settings.PER_TEST_MIDDLEWARE]
    SmsSettings.objects.filter(site=venue).update(popup_after_actions=3, popup_after_seconds=0)
    build_pwa(venue)
    page = open_contact(handset, address)
    assert "trusted-types" in page.reload().headers["content-security-policy"]
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.set_offline(False)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert nothing_waits(page)
    page.evaluate("localStorage.clear()")
    for _page in range(3):
        page.goto(f"{address}/programme/")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mobile number").fill("06 12 34 56 79")
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    rebuild_and_look(page, venue)
    toast = look_until_announced(page)
    with page.expect_navigation():
        toast.get_by_role("button", name="Reload").click()
    assert Subscriber.objects.count() == 2
    assert handset.complaints == []


def test_blocked_storage_costs_no_sign_up_and_nothing_that_was_typed(venue, build, handset, address):
    handset.add_init_script(BLOCKED)
    page = open_contact(handset, address)
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.set_offline(False)
    expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert ConsentEvent.objects.count() == 1
    page.goto(page.url)
    rebuild_and_look(page, venue)
    reload = page.locator(TOAST).get_by_role("button", name="Reload")
    reload.wait_for()
    field = page.get_by_label("Mobile number")
    field.fill("06 12")
    reload.click()
    page.wait_for_timeout(1000)
    expect(field).to_have_value("06 12")
    assert handset.complaints == []


def test_tab_that_said_it_waits_tells_the_truth_though_another_one_is_looked_at(build, handset, address):
    first = open_contact(handset, address)
    handset.set_offline(True)
    sign_up(first)
    expect(first.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.set_offline(False)
    second = handset.new_page()
    second.goto(f"{address}/programme/")
    expect(first.get_by_role("heading", name="You are signed up")).to_be_visible()
    assert second.locator(TOAST).count() <= 1
    assert first.locator(TOAST).count() == 0
    assert ConsentEvent.objects.count() == 1


def test_sign_up_kept_when_the_feature_is_uninstalled_is_refused_aloud_and_deleted(
    venue, build, settings, monkeypatch, handset, address
):
    settings.PER_TEST_MIDDLEWARE = ["tests.pwa.test_hostile_browser.Overloaded", *settings.PER_TEST_MIDDLEWARE]
    page = open_contact(handset, address)
    handset.set_offline(True)
    sign_up(page)
    expect(page.get_by_role("heading", name="Saved, but not sent yet")).to_be_visible()
    handset.set_offline(False)
    extension.uninstall(venue)
    rebuild_and_look(page, venue)
    with page.expect_navigation():
        page.locator(TOAST).get_by_role("button", name="Reload").click()
    assert len(page.evaluate(WAITING)) == 1
    monkeypatch.setattr(Overloaded, "now", False)
    page.goto(f"{address}/programme/")
    expect(page.locator(TOAST)).to_contain_text("You are not signed up")
    expect(page.locator(TOAST)).to_contain_text("does not send text messages")
    assert misfits(page, TOAST) == []
    assert nothing_waits(page)
    assert not Subscriber.objects.exists()
