"""Whether Chromium itself would install the app, with everything that editors can choose."""

import pytest

from tests.pwa.builds import build_pwa, make_icon
from tests.pwa.phone import phone, wait_until_controlled
from tests.testapp.models import SimplePage


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complete(venue):
    programme = SimplePage.objects.get(slug="programme")
    return build_pwa(
        venue,
        description="Concerts in the north",
        theme_colour_dark="#0d3529",
        screenshot_narrow=make_icon(size=(1080, 2340), name="narrow.png"),
        screenshot_wide=make_icon(size=(1920, 1080), name="wide.png"),
        shortcuts=[("shortcut", {"name": "Programme", "page": programme})],
    )


@pytest.mark.parametrize("shape", [{"device": "Pixel 7"}, {"device": "Desktop Chrome"}], ids=["phone", "computer"])
def test_chromium_finds_nothing_wrong_with_the_app(complete, address, playwright, shape):
    with phone(playwright, **shape) as context:
        page = context.new_page()
        page.goto(f"{address}/contact/")
        wait_until_controlled(page)
        devtools = context.new_cdp_session(page)
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert devtools.send("Page.getAppId")["appId"] == f"{address}/"
        read = manifest["manifest"]
        assert [shown["formFactor"] for shown in read["screenshots"]] == ["kNarrow", "kWide"]
        assert [shortcut["url"] for shortcut in read["shortcuts"]] == [f"{address}/programme/"]
        # The pictures are there, in the size that the manifest says.
        for shown in read["screenshots"]:
            size = page.evaluate(
                """async (url) => { const picture = new Image(); picture.src = url; await picture.decode();
                  return `${picture.naturalWidth}x${picture.naturalHeight}`; }""",
                shown["image"]["url"],
            )
            assert size == shown["image"]["sizes"]
        bars = """() => [...document.querySelectorAll("meta[name=theme-color]")]
          .find(({media}) => !media || matchMedia(media).matches).content"""
        assert page.evaluate(bars) == "#1a6b54"
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(bars) == "#0d3529"
        assert context.complaints == []
