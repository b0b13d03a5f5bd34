"""A phone-sized Chromium with a profile of its own, as a visitor's browser is."""

import shutil
import tempfile
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from tests.browser import ARGUMENTS, CHROMIUM, MISSING


WATCH_POLICY = """
addEventListener("securitypolicyviolation", (event) => {
  console.error("CSP violation", event.violatedDirective, event.blockedURI);
});
"""
CONTROLLED = """new Promise((done, fail) => {
  setTimeout(async () => fail(new Error(JSON.stringify((await navigator.serviceWorker.getRegistrations())
    .map(({active, waiting, installing}) => [active?.state, waiting?.state, installing?.state])))), 15000);
  navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller
    ? done(true) : navigator.serviceWorker.addEventListener("controllerchange", () => done(true), {once: true}));
})"""
LISTENING = """async () => { for (let turn = 0; turn < 300; turn++) {
  if (navigator.serviceWorker.onmessage) return;
  await new Promise((next) => setTimeout(next, 50)); } throw new Error("The page has registered no worker."); }"""


class PerTest:
    """Middleware: that of ``PER_TEST_MIDDLEWARE``, looked up at each request.

    The live server reads MIDDLEWARE once, when the first test asks for it; what a test changes there has no effect.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        get_response = self.get_response
        for path in reversed(getattr(settings, "PER_TEST_MIDDLEWARE", [])):
            get_response = import_string(path)(get_response)
        return get_response(request)


class StrictPolicy:
    """Middleware: the strictest policy a host may have."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response


@contextmanager
def phone(playwright, *, device="Pixel 7", **options):
    """A browser context; `.complaints` collects console errors, `.asked` every address requested."""
    if not CHROMIUM:
        pytest.skip(MISSING)
    # An incognito context would always report itself as not installable.
    given = {name: value for name, value in playwright.devices[device].items() if name != "default_browser_type"}
    profile = tempfile.mkdtemp(prefix="wagtail-sms-profile-")
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, headless=True, args=ARGUMENTS, **{"locale": "en-GB", **given, **options}
    )
    context.complaints, context.asked = [], []

    def keep(text):
        if not text.startswith("Failed to load resource"):
            context.complaints.append(text)

    context.add_init_script(WATCH_POLICY)
    # Addresses that answer with an error are the page's business; what scripts and policies say is ours.
    context.on("console", lambda said: said.type == "error" and keep(said.text))
    context.on("weberror", lambda error: context.complaints.append(str(error.error)))
    context.on("request", lambda request: context.asked.append(request.url))
    try:
        yield context
    finally:
        context.close()
        shutil.rmtree(profile, ignore_errors=True)


def open_pages(page, url, count):
    """Open the page so many times: each is one of the actions the popup waits for."""
    for _page in range(count):
        page.goto(url)
        page.wait_for_load_state("load")


def wait_until_controlled(page):
    """Only for the page that registered the worker: one that is opened while a worker takes over stays without it."""
    page.evaluate(CONTROLLED)
    wait_until_listening(page)


def wait_until_listening(page):
    """Until the page has registered the worker and hears it; before that a waiting worker takes over unasked."""
    page.evaluate(LISTENING)


def stop_idle_workers(page):
    """What the browser does by itself after half a minute, but never while something like Playwright is attached.

    A worker that was given one more request while it was asked to give way idles on, and keeps the next one waiting.
    """
    session = page.context.new_cdp_session(page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    session.detach()
