"""How builds reach browsers that have one already: the update, the one put back, the kill switch, the stock worker."""

import pytest
from django.urls import clear_url_caches
from playwright.sync_api import expect

from tests.e2e.people import picture
from tests.pwa.accessibility import in_both_schemes, misfits
from tests.pwa.builds import build_pwa
from tests.pwa.phone import stop_idle_workers, wait_until_controlled, wait_until_listening
from wagtail_sms.extension import features_for
from wagtail_sms.pwa.builder import current_build, rebuild
from wagtail_sms.pwa.history import put_back, switch_off
from wagtail_sms.pwa.models import PwaSettings


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CACHES_ARE = """async (expected) => { for (let turn = 0; turn < 200; turn++) {
  const names = (await caches.keys()).filter((name) => !/-run-|outbox/.test(name)).join();
  const {active} = await navigator.serviceWorker.getRegistration();
  if (names === expected && active?.state === "activated") return names;
  await new Promise((next) => setTimeout(next, 50)); }
  return (await caches.keys()).join(); }"""
STATES = """async () => { const r = await navigator.serviceWorker.getRegistration();
  return [r.active?.state, r.waiting?.state, r.installing?.state, await caches.keys()]; }"""
WAITS = """async () => { for (let turn = 0; turn < 300; turn++) {
  if ((await navigator.serviceWorker.getRegistration()).waiting) return;
  await new Promise((next) => setTimeout(next, 50)); } throw new Error("no worker waits"); }"""
TOAST = ".wagtail-sms-toast"
SERVED = "fetch('/pwa/boot.js').then((answer) => answer.text()).then((text) => text.split('/')[3])"


@pytest.fixture
def page(handset, address, build):
    page = handset.new_page()
    page.goto(f"{address}/contact/")
    wait_until_controlled(page)
    return page


def only_cache_of(page, build):
    name = f"wagtail-sms-pre-{build.build_id}" if build else ""
    if page.evaluate(CACHES_ARE, name) != name:
        stop_idle_workers(page)
    assert page.evaluate(CACHES_ARE, name) == name, page.evaluate(STATES)


def look_for_update(page):
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")


def rebuild_now(site, **changed):
    if changed:
        PwaSettings.objects.filter(site=site).update(**changed)
    return rebuild(site, features=features_for(site), force=True).build


def test_new_build_is_announced_once_and_one_reload_brings_it_and_loses_no_input(page, handset, venue, build):
    other = handset.new_page()
    other.goto(page.url)
    form, elsewhere = page.locator("form[data-wagtail-sms-signup]"), other.locator("form[data-wagtail-sms-signup]")
    page.bring_to_front()
    form.get_by_label("Mobile number").fill("06 12 34")
    form.get_by_label("Country").select_option("DE")
    form.get_by_role("checkbox").check()
    elsewhere.get_by_label("Mobile number").fill("not sent yet")
    opened = []
    for tab in (page, other):
        tab.on("framenavigated", lambda frame: opened.append(frame.page))

    second = rebuild_now(venue, theme_colour="#402060")
    look_for_update(page)
    toast = page.locator(TOAST)
    expect(toast.get_by_role("status")).to_have_text("A new version is ready.")
    assert page.evaluate(SERVED) == build.build_id
    picture(page, "toast-update")
    assert in_both_schemes(page, TOAST) == misfits(page, TOAST) == []
    form.get_by_label("Mobile number").focus()
    with page.expect_navigation():
        toast.get_by_role("button", name="Reload").click()
    only_cache_of(page, second)
    assert page.evaluate(SERVED) == second.build_id
    expect(form.get_by_label("Mobile number")).to_have_value("06 12 34")
    expect(form.get_by_label("Country")).to_have_value("DE")
    expect(form.get_by_role("checkbox")).to_be_checked()
    page.wait_for_timeout(500)
    # The other page goes on as it was, and nothing asks twice.
    assert opened == [page]
    expect(elsewhere.get_by_label("Mobile number")).to_have_value("not sent yet")
    assert page.locator(TOAST).count() == 0
    assert handset.complaints == []


def test_page_opened_later_gets_the_new_build_unasked_and_a_put_back_one_too(page, handset, venue, build):
    second = rebuild_now(venue)
    look_for_update(page)
    expect(page.locator(TOAST)).to_have_count(1)
    # It says so a moment before it waits; a page opened in that moment leaves it to the next one.
    page.evaluate(WAITS)
    page.goto(page.url.replace("contact", "programme"))
    only_cache_of(page, second)
    assert page.locator(TOAST).count() == 0

    put_back(build, features=features_for(venue))
    wait_until_listening(page)
    look_for_update(page)
    page.locator(TOAST).wait_for()
    assert misfits(page, TOAST) == []
    with page.expect_navigation():
        page.locator(TOAST).get_by_role("button", name="Reload").click()
    only_cache_of(page, build)
    assert page.evaluate(SERVED) == build.build_id
    handset.set_offline(True)
    assert page.goto(page.url + "?away").from_service_worker
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).display") == "grid"
    assert in_both_schemes(page, "html") == misfits(page, "body") == []
    handset.set_offline(False)


def test_page_with_a_password_is_never_asked_to_reload(page, venue):
    page.evaluate(
        """() => { const field = document.createElement("input"); field.type = "password"; field.value = "secret";
          document.body.append(field); }"""
    )
    second = rebuild_now(venue)
    look_for_update(page)
    page.evaluate(WAITS)
    page.wait_for_timeout(500)
    assert page.locator(TOAST).count() == 0
    page.goto(page.url)
    only_cache_of(page, second)


def test_switched_off_pwa_leaves_nothing_in_the_browser(page, venue, address):
    page.evaluate("caches.open('wagtail-sms-outbox').then((box) => box.put('/left', new Response('+33612345678')))")
    switch_off(venue)
    page.goto(f"{address}/programme/")
    left = page.evaluate(
        """async () => { for (let turn = 0; turn < 100; turn++) {
          const kept = [...await navigator.serviceWorker.getRegistrations(), ...await caches.keys()];
          if (!kept.length) return 0; await new Promise((next) => setTimeout(next, 50)); } return "still there"; }"""
    )
    assert left == 0
    page.reload()
    assert page.locator(TOAST).count() == 0
    assert misfits(page, "body", targets=TOAST) == []
    assert page.locator("link[rel=manifest]").count() == 0
    assert current_build(venue) is None


def open_stock(handset, address, settings):
    """A page under the worker of a django-pwa as it is."""
    settings.ROOT_URLCONF = "tests.pwa.stock_urls"
    clear_url_caches()
    page = handset.new_page()
    page.goto(f"{address}/programme/")
    page.evaluate("navigator.serviceWorker.register('/serviceworker.js', {scope: '/'})")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    kept = page.evaluate("caches.keys()")
    assert kept and all(name.startswith("django-pwa-") for name in kept)
    return page


def test_stock_django_pwa_at_the_same_addresses_is_followed_by_itself(handset, venue, address, settings):
    page = open_stock(handset, address, settings)
    # Built first: a browser that looked for an update between the two would get the kill switch (the next test).
    build = build_pwa(venue)
    settings.ROOT_URLCONF = "tests.urls"
    clear_url_caches()
    page.goto(f"{address}/programme/")
    page.goto(f"{address}/programme/")
    only_cache_of(page, build)
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 1
    handset.set_offline(True)
    page.goto(f"{address}/programme/?away")
    expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    handset.set_offline(False)


def test_stock_worker_that_looks_for_an_update_before_the_first_build_is_followed_too(
    handset, venue, address, settings
):
    page = open_stock(handset, address, settings)
    settings.ROOT_URLCONF = "tests.urls"
    clear_url_caches()
    look_for_update(page)
    build = build_pwa(venue)
    for _visit in range(3):
        page.goto(f"{address}/programme/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    only_cache_of(page, build)


def test_styles_are_served_from_the_store_and_kept_fresh(page, handset, address):
    styles = "/static/wagtail_sms/pwa/popup.css"
    page.evaluate(f"import('{styles}').catch(() => fetch('{styles}'))")
    add = f"""new Promise((done, fail) => {{ const link = Object.assign(document.createElement("link"),
      {{rel: "stylesheet", href: "{styles}", onload: () => done(true), onerror: () => fail(new Error("none"))}});
      document.head.append(link); }})"""
    page.evaluate(add)
    page.wait_for_timeout(300)
    handset.set_offline(True)
    assert page.evaluate(add)
    # Pages are nobody's to keep.
    kept = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map((key) => new URL(key.url).pathname)))).flat()"""
    )
    assert "/contact/" not in kept
    assert styles in kept
    handset.set_offline(False)
