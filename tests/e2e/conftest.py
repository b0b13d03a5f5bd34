import pytest

from tests.browser import ARGUMENTS, CHROMIUM, MISSING
from tests.e2e.demo import running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """One running sandbox for all end-to-end tests."""
    with running_demo(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        browser.phone = playwright.devices["Pixel 7"]
        yield browser
        browser.close()
