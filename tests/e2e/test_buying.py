"""Out of credits in the middle of a message: buy on the demo's payment page, come back to it, see where it went."""

import re

import pytest

from tests.e2e.demo import wait_until
from tests.e2e.people import Editor


pytestmark = [pytest.mark.e2e, pytest.mark.browser]
# Sixty-seven characters a segment, so that everybody of Halle Nord costs more than a pack.
LONG = "Halle Nord 🎹 " + "an evening for two pianos and one very old tram, and everybody sings. " * 3


def test_out_of_credits_buy_and_come_back_to_the_same_message(demo, chromium):
    editor = Editor(chromium, demo.hall, "editor")
    before = credits_left(editor)
    editor.write(LONG, expecting="credits are missing")
    missing = number(editor.press("Send"), r"([\d,]+) credits are missing")
    assert "Send it to those the credits reach" in editor.text()
    editor.picture("send-too-dear")
    bought = buy_what_is_missing(editor, missing)
    come_back_to_the_message(editor)
    assert "Send to" in editor.text() and "credits are missing" not in editor.text()
    assert credits_left(editor) == before + bought
    see_where_the_credits_are(editor)
    demo.manage("sms_check_ledger")


def buy_what_is_missing(editor: Editor, missing: int) -> int:
    follow(editor, "Buy credits")
    assert f"{missing:,} credits are missing" in editor.text()
    editor.picture("buy", in_the_dark=True)
    editor.press("Go to payment")
    answer(editor, "Decline the card")
    assert "The payment failed" in editor.text()
    editor.picture("purchase-declined")
    follow(editor, "Try again")
    assert number(editor.text(), r"([\d,]+) credits for") >= missing
    editor.press("Go to payment")
    answer(editor, "Abandon and go back")
    assert "was not paid" in editor.text() or "Nothing was charged" in editor.text()
    follow(editor, "Try again")
    editor.press("Go to payment")
    editor.picture("demo-payment")
    answer(editor, "Pay")
    bought = number(editor.text(), r"([\d,]+) credits were added")
    assert bought >= missing
    editor.picture("purchase-paid")
    return bought


def come_back_to_the_message(editor: Editor) -> None:
    follow(editor, "Back to your message")
    assert editor.page.get_by_label("Message").input_value().strip() == LONG.strip()
    editor.press("Send")


def see_where_the_credits_are(editor: Editor) -> None:
    editor.go("sms/credits/")
    editor.picture("credits-bought", in_the_dark=True)
    for name, picture in (("Purchases", "purchases"), ("Prices by country", "prices"), ("Spending", "spending")):
        editor.go("sms/credits/")
        follow(editor, name)
        wait_until(lambda: editor.text().strip() != "", seconds=5)
        editor.picture(picture, in_the_dark=True)
    editor.go("sms/credits/purchases/")
    editor.row("Paid").first.get_by_role("link").first.click()
    editor.wait_for("credits were added")
    follow(editor, "Receipt")
    editor.picture("receipt", in_the_dark=True)


def follow(editor: Editor, name: str) -> None:
    with editor.page.expect_navigation():
        editor.page.get_by_role("link", name=name, exact=True).first.click()


def answer(editor: Editor, name: str) -> None:
    """A button of the payment page, and the page it leads back to."""
    with editor.page.expect_navigation():
        editor.page.get_by_role("button", name=re.compile(f"^{name}")).first.click()
    editor.page.wait_for_url("**/sms/credits/purchases/**")


def credits_left(editor: Editor) -> int:
    return number(editor.go("sms/send/"), r"([\d,]+) credits left")


def number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    assert found, text
    return int(found[1].replace(",", ""))
