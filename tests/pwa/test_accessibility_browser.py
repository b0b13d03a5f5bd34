"""The check itself: pages broken on purpose, which it has to find."""

import pytest

from tests.pwa.accessibility import in_both_schemes, misfits


pytestmark = pytest.mark.browser
SOUND = """<!doctype html><html lang="en"><title>Sound</title><meta name="viewport" content="width=device-width">
<style>:root { color-scheme: light dark }
body { background: light-dark(#fff, #111) } button { min-width: 44px; height: 44px } %s</style>
<main><h1>Sound</h1><p id="said">Said plainly.</p><button>%s</button></main>"""


def test_sound_page_has_nothing_to_mend(chromium):
    page = chromium.new_page()
    page.set_content(SOUND % ("", "Go"))
    assert in_both_schemes(page, "main") == misfits(page, "main") == []


def test_what_is_broken_is_found(chromium):
    page = chromium.new_page()
    page.set_content(SOUND % ("@media (prefers-color-scheme: dark) { #said { color: #333 } }", ""))
    assert [line.split(" <")[0] for line in in_both_schemes(page, "main")] == [
        "dark: button-name:",
        "dark: color-contrast:",
        "light: button-name:",
    ]


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("p { width: 400px }", ["320: ", "390: "]),
        ("button { position: fixed; left: 800px }", ["320: out", "390: out"]),
        ("button { width: 30px; min-width: 0; padding: 0 }", ["320: too small", "390: too small", "1280: too small"]),
        ("main::after { content: ''; position: fixed; inset: 0 }", ["320: out", "390: out", "1280: out"]),
    ],
)
def test_what_does_not_fit_is_found(chromium, style, said):
    page = chromium.new_page()
    page.set_content(SOUND % (style, "Go"))
    found = misfits(page, "main")
    assert len(found) == len(said), found
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True)), found
