import pytest

from tests import factories
from tests.browser import ARGUMENTS, CHROMIUM, MISSING
from wagtail_sms.delivery import heartbeat
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.locmem import LocmemProvider


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest files first, so that the other worker has something to do meanwhile.

    Tests with transactions of their own stay last, where pytest-django puts them: they leave an empty database behind.
    """
    items.sort(key=lambda item: "e2e" not in item.keywords)


@pytest.fixture(autouse=True)
def _fresh_provider():
    """No text of one test is in another's outbox."""
    provider = get_provider()
    if isinstance(provider, LocmemProvider):
        provider.reset()
    heartbeat.forget()
    yield


@pytest.fixture
def provider(request) -> LocmemProvider:
    if "second" in request.fixturenames:
        request.getfixturevalue("second")  # changed settings make new instances
    return get_provider()


@pytest.fixture
def second(settings) -> LocmemProvider:
    """Another provider, under the alias "second"."""
    backend = {"BACKEND": "wagtail_sms.providers.locmem.LocmemProvider", "OPTIONS": {}}
    configured = settings.WAGTAIL_SMS["PROVIDERS"] | {"second": backend}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": configured}
    return get_provider("second")


@pytest.fixture
def site(db):
    """A site with the feature installed, 500 free credits and a sender number."""
    return factories.make_installed_site()


@pytest.fixture
def other_site(db):
    """A second installed site, with a number of its own."""
    return factories.make_installed_site("other.example", name="Atelier Sud", number="+12015550199")


@pytest.fixture(scope="module")
def playwright():
    """One Playwright at a time: it keeps an event loop in this thread, in which Django would refuse the database."""
    if not CHROMIUM:
        pytest.skip(MISSING)
    from playwright.sync_api import expect, sync_playwright

    # A machine that does much else at the same time answers late, not wrongly.
    expect.set_options(timeout=20_000)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield started


@pytest.fixture(scope="module")
def chromium(playwright):
    """A headless Chromium; each context of it is a stranger."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    browser.phone = {k: v for k, v in playwright.devices["Pixel 7"].items() if k != "default_browser_type"}
    yield browser
    browser.close()
