"""The whole job of the brief, in a real browser against the running sandbox: no part of it is replaced."""

import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.e2e.demo import wait_until
from tests.e2e.people import Editor, Handset, Visitor


pytestmark = [pytest.mark.e2e, pytest.mark.browser]
VISITOR = "+33612345678"
OTHER_VISITOR = "+14155550132"
MESSAGE = "Atelier Sud: open studio on Saturday, two to six. Bring paper."


def test_main_job(demo, chromium):
    editor = Editor(chromium, demo.atelier, "south")
    install_the_extension(editor)
    the_first_credits_are_there_and_nothing_else(editor)
    before_the_rebuild_nobody_can_sign_up(demo, chromium)
    rebuild_the_pwa(editor)
    a_visitor_signs_up_in_the_popup(demo, chromium)
    handset = Handset(chromium, demo, VISITOR)
    handset.wait_for("Atelier Sud: welcome!")
    handset.picture("handset-welcome")
    a_visitor_without_javascript_signs_up_in_the_page(demo, chromium)
    write_confirm_and_send(editor)
    watch_the_delivery(editor)
    assert [text["body"] for text in handset.received()].count(MESSAGE) == 1
    reply_stop(handset)
    find_it_in_the_subscriber_list(editor)
    read_and_decide_in_the_inbox(editor, handset)
    the_next_message_skips_who_stopped(editor, handset)
    find_it_in_the_ledger(editor, demo)
    see_where_the_credits_went(editor)
    start_brings_back(handset, editor)
    suspend_and_delete(editor)
    other_site_stays_closed(editor, demo)


def install_the_extension(editor: Editor) -> None:
    assert "SMS" not in editor.page.locator("nav").first.inner_text()
    assert "this site has no PWA" in editor.go("extensions/")
    editor.picture("extensions-needs-pwa")
    editor.go("pwa/")
    assert "Choose an icon" in editor.press("Rebuild my PWA")
    editor.page.get_by_label("Name", exact=True).fill("Atelier Sud")
    editor.choose_icon("Atelier Sud, icon")
    editor.press("Save")
    editor.press("Rebuild my PWA")
    assert "Build 1" in editor.text()
    editor.go("extensions/")
    editor.picture("extensions-install")
    assert "Installed on Atelier Sud" in editor.press("Install")
    wait_until(lambda: "+1 " in editor.go("extensions/"), seconds=45, every=1)
    editor.picture("extensions-installed")


def the_first_credits_are_there_and_nothing_else(editor: Editor) -> None:
    assert "500" in editor.go("sms/credits/")
    editor.picture("credits-new", in_the_dark=True)
    for name in ("spending", "purchases"):
        editor.go(f"sms/credits/{name}/")
        editor.picture(f"{name}-empty", in_the_dark=True)


def before_the_rebuild_nobody_can_sign_up(demo, chromium) -> None:
    visitor = Visitor(chromium, demo.atelier)
    visitor.open_pages(12)
    assert visitor.popup.count() == 0
    form = urllib.parse.urlencode({"country": "FR", "phone": "0612345678", "consent": "on"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{demo.atelier}/sms/subscribe/", data=form)
    assert refused.value.code == 404
    visitor.context.close()


def rebuild_the_pwa(editor: Editor) -> None:
    editor.go("sms/settings/")
    editor.page.get_by_label("Show the popup after this many pages").fill("2")
    editor.picture("settings")
    assert "rebuilt" in editor.press("Save")
    editor.go("pwa/")
    editor.picture("pwa-out-of-date")
    assert "Build 2" in editor.press("Rebuild my PWA")
    editor.picture("pwa")
    editor.page.locator(".wagtail-sms-builds").scroll_into_view_if_needed()
    editor.picture("pwa-builds")
    editor.go("pwa/off/")
    editor.picture("pwa-off")


def a_visitor_signs_up_in_the_popup(demo, chromium) -> None:
    visitor = Visitor(chromium, demo.atelier)
    visitor.open_pages(3)
    visitor.popup.wait_for()
    visitor.picture("popup")
    assert not visitor.popup.get_by_role("checkbox").is_checked()
    visitor.sign_up(visitor.popup, country="FR", number="06 12 ab")
    visitor.popup.get_by_text("Enter a phone number, using digits only.").wait_for()
    visitor.picture("popup-error")
    visitor.sign_up(visitor.popup, country="FR", number="06 12 34 56 78")
    visitor.popup.get_by_text("A welcome text is on its way").wait_for()
    visitor.picture("popup-thanks")
    visitor.open_pages(3)
    assert visitor.popup.count() == 0
    visitor.context.close()


def a_visitor_without_javascript_signs_up_in_the_page(demo, chromium) -> None:
    visitor = Visitor(chromium, demo.atelier, script=False)
    visitor.open_pages(1)
    form = visitor.page.locator("form[action*='/sms/subscribe/']")
    form.scroll_into_view_if_needed()
    visitor.sign_up(form, country="US", number="(415) 555-0132")
    visitor.page.get_by_text("A welcome text is on its way").wait_for()
    visitor.picture("inline-form-thanks")
    visitor.context.close()


def write_confirm_and_send(editor: Editor) -> None:
    # Two welcome texts were paid from 500 free credits: 9 for France, 1 for the United States.
    page = editor.write(MESSAGE, expecting="France")
    assert "490 credits left" in page
    assert "10" in page and "480" in page
    editor.picture("send")
    editor.press("Send")
    assert "480" in editor.text() and MESSAGE in editor.text()
    editor.picture("send-confirm")
    editor.press("Send now")


def watch_the_delivery(editor: Editor) -> None:
    delivered = editor.page.locator("tr", has_text="Delivered").first
    wait_until(lambda: "2" in delivered.inner_text().split(), seconds=40)
    editor.picture("campaign")
    assert "Open studio" in editor.go("sms/history/") or "open studio" in editor.text()
    editor.picture("history")


def reply_stop(handset: Handset) -> None:
    handset.open()
    handset.reply("STOP")
    handset.wait_for("you are unsubscribed")
    handset.picture("handset-stop")


def find_it_in_the_subscriber_list(editor: Editor) -> None:
    editor.go("sms/subscribers/")
    stopped = editor.row("France")
    assert "Unsubscribed" in stopped.inner_text()
    assert stopped.get_by_role("button", name="Suspend").count() == 0
    editor.picture("subscribers")


def read_and_decide_in_the_inbox(editor: Editor, handset: Handset) -> None:
    """What was replied is there; a text that only speaks of stopping waits for the editor."""
    assert "STOP" in editor.go("sms/inbox/")
    handset.demo.text_from(handset.number, "Is there a bus stop near you?")
    wait_until(lambda: "1 text may ask to stop" in editor.go("sms/inbox/"), seconds=20)
    with editor.page.expect_navigation():
        editor.page.get_by_role("button", name="No STOP").click()
    assert "may ask to stop" not in editor.text()


def the_next_message_skips_who_stopped(editor: Editor, handset: Handset) -> None:
    page = editor.write("Atelier Sud: doors open at two.", expecting="United States")
    assert "France" not in page
    editor.press("Send")
    editor.press("Send now")
    delivered = editor.page.locator("tr", has_text="Delivered").first
    wait_until(lambda: "1" in delivered.inner_text().split(), seconds=40)
    assert "doors open" not in str(handset.received())


def find_it_in_the_ledger(editor: Editor, demo) -> None:
    ledger = editor.go("sms/credits/")
    assert "479" in ledger
    for cause in ("Credits added", "Reserved", "Spent", "Welcome text", "Atelier Sud: open studio"):
        assert cause in ledger, cause
    editor.picture("credits")
    demo.manage("sms_check_ledger")


def see_where_the_credits_went(editor: Editor) -> None:
    assert "21 credits spent" in editor.go("sms/credits/spending/messages/")
    assert "France" in editor.go("sms/credits/spending/countries/")
    editor.picture("spending-countries")


def start_brings_back(handset: Handset, editor: Editor) -> None:
    handset.open()
    handset.reply("START")
    handset.wait_for("welcome back")
    editor.go("sms/subscribers/")
    assert "Receives messages" in editor.row("France").inner_text()


def suspend_and_delete(editor: Editor) -> None:
    with editor.page.expect_navigation():
        editor.row("France").locator("form button").first.click()
    assert "Suspended" in editor.row("France").inner_text()
    with editor.page.expect_navigation():
        editor.row("France").get_by_role("link", name="Delete").click()
    assert "PWA" in editor.text()
    editor.picture("subscriber-delete")
    with editor.page.expect_navigation():
        editor.page.locator("main form button[type=submit]").first.click()
    assert editor.row("France").count() == 0


def other_site_stays_closed(editor: Editor, demo) -> None:
    editor.address = demo.hall
    page = editor.page
    page.goto(f"{demo.hall}/admin/login/")
    page.get_by_label("Username").fill("south")
    page.get_by_label("Password").fill("south")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/")
    assert "Halle Nord" not in editor.go("sms/subscribers/")
    assert "Halle Nord" not in editor.go("sms/history/")


def test_the_gateway_down_while_sending_pauses_and_goes_on_by_itself(demo, chromium):
    editor = Editor(chromium, demo.hall, "editor")
    demo.switch_network("answers", "down")
    try:
        editor.write("Halle Nord: the doors open at seven tonight.", expecting="United States")
        editor.press("Send")
        editor.press("Send now")
        editor.wait_for("Paused")
        editor.picture("campaign-paused")
    finally:
        demo.switch_network("answers", "normal")
    waiting = editor.page.locator("#wagtail-sms-live-state")
    wait_until(lambda: "Sent" in waiting.inner_text(), seconds=120, every=1)
    assert "Uncertain" not in editor.text()
    demo.manage("sms_check_ledger")
