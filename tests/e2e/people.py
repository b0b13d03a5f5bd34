"""What people do in front of the demo: an editor at a desk, a visitor with a phone, a handset."""

import io
import pathlib
import re

from PIL import Image, ImageChops

from tests.e2e.demo import Demo, wait_until


IMAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "images"
PATIENCE = 20_000  # milliseconds
NEWS = 0.002  # of the pixels

# Each phone of a preview shows its popup, or its page with the form.
DRAWN = """
    [...document.querySelectorAll('.wagtail-sms-look__frame')].every(
        (frame) => frame.contentDocument.querySelector('h2, .wagtail-sms-signup')
    )
"""


class Editor:
    """Somebody signed in to the admin of one site."""

    def __init__(self, chromium, address: str, name: str):
        self.address = address
        self.context = chromium.new_context(viewport={"width": 1280, "height": 860})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.go("login/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(name)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/admin/")

    def go(self, path: str) -> str:
        """Open a page of the admin; returns what stands on it."""
        self.page.goto(f"{self.address}/admin/{path}")
        return self.text()

    def text(self) -> str:
        return self.page.locator("main").inner_text() if self.page.locator("main").count() else ""

    def press(self, name: str) -> str:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).first.click()
        return self.text()

    def choose_icon(self, title: str) -> None:
        self.page.locator("#id_icon-chooser").get_by_role("button", name="Choose an image").click()
        self.page.get_by_role("link", name=title).first.click()
        self.page.locator(".modal-body").wait_for(state="hidden")

    def write(self, message: str, *, expecting: str) -> str:
        """Type a message in the Send tab and wait until the live estimate says something."""
        self.go("sms/send/")
        self.page.get_by_label("Message").fill(message)
        self.page.get_by_text(expecting, exact=False).first.wait_for()
        return self.text()

    def wait_for(self, words: str) -> None:
        self.page.locator("main").get_by_text(words, exact=False).first.wait_for()

    def row(self, words: str):
        return self.page.locator("tr", has_text=words)

    def picture(self, name: str, *, in_the_dark: bool = False) -> None:
        """Keep the page, and beside it how it looks in dark mode."""
        self.page.locator(".wagtail-sms-look__place:empty").first.wait_for(state="detached")
        self.page.wait_for_function(DRAWN)
        picture(self.page, name)
        if in_the_dark:
            self.page.emulate_media(color_scheme="dark")
            picture(self.page, f"{name}-dark")
            self.page.emulate_media(color_scheme="light")


class Visitor:
    """Somebody with a phone in the hand."""

    def __init__(self, chromium, address: str, *, script: bool = True):
        self.address = address
        self.context = chromium.new_context(**chromium.phone, locale="en-GB", java_script_enabled=script)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)

    def open_pages(self, count: int) -> None:
        for _ in range(count):
            self.page.goto(f"{self.address}/")
            self.page.wait_for_load_state("networkidle")

    @property
    def popup(self):
        return self.page.locator("dialog[open]")

    def sign_up(self, form, *, country: str, number: str) -> None:
        form.get_by_label("Country").select_option(country)
        form.get_by_label("Mobile number").fill(number)
        form.get_by_role("checkbox").check()
        form.get_by_role("button", name=re.compile("Sign me up")).click()

    def picture(self, name: str) -> None:
        picture(self.page, name)


class Handset:
    """One phone of the local telephone network, as its page shows it."""

    def __init__(self, chromium, demo: Demo, number: str):
        self.demo, self.number = demo, number
        self.page = chromium.new_page(viewport={"width": 1280, "height": 860})
        self.page.set_default_timeout(PATIENCE)
        self.open()

    def open(self) -> None:
        self.page.goto(f"{self.demo.hall}/gateway/phones/{self.number}/")

    def wait_for(self, words: str, *, seconds: float = 30) -> None:
        wait_until(lambda: any(words in text["body"] for text in self.received()), seconds=seconds)
        self.open()
        assert words in self.page.locator("body").inner_text()

    def received(self) -> list[dict]:
        return [text for text in self.demo.texts(self.number) if text["direction"] == "to_phone"]

    def reply(self, word: str) -> None:
        self.page.get_by_role("button", name=word, exact=True).click()

    def picture(self, name: str) -> None:
        picture(self.page, name)


def picture(page, name: str) -> None:
    """Keep what is seen for the documents, so that their pictures can't rot; a clock that moved on is no news."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready.then(() => true)")
    seen, kept = page.screenshot(animations="disabled"), IMAGES / f"{name}.png"
    if not kept.exists() or _share_that_differs(kept.read_bytes(), seen) > NEWS:
        kept.write_bytes(seen)


def _share_that_differs(before: bytes, after: bytes) -> float:
    """Share of the pixels that differ, 0 to 1; 1 when the sizes do."""
    old, new = (Image.open(io.BytesIO(picture)).convert("L") for picture in (before, after))
    if old.size != new.size:
        return 1
    unequal = ImageChops.difference(old, new).point(lambda grey: 255 if grey > 24 else 0).histogram()[255]
    return unequal / (new.width * new.height)
