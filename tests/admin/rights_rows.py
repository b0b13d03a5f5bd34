"""Who may open which page of the admin: one row for each address, kept right by test_rights_table.

`python -m tests.admin.rights_rows` prints the rows as Markdown; with `--write` into docs/reference/rights.md.
"""

import os
import pathlib
import sys
from dataclasses import dataclass

import django


DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "rights.md"
HERE, EVERYWHERE = "this site", "all sites"


@dataclass(frozen=True, slots=True)
class Row:
    """One address. `look` are the rights to GET it, `act` those to POST to it; None: the method is not allowed.

    Each is a text with one right, several that are each enough ("a or b"), or several that are all needed ("a and b").
    `given` names what of the tests' world stands in the address, `where` for which sites the right has to be held.
    `writes`: a POST that is right changes something in the database; `logged`: a GET leaves a line in the site history.
    """

    page: str
    look: str | None
    act: str | None = None
    given: str = ""
    where: str = HERE
    writes: bool = True
    logged: bool = False

    @property
    def methods(self) -> dict[str, str | None]:
        return {"GET": self.look, "POST": self.act}


def ways(rights: str) -> list[set[str]]:
    """The sets of rights of which each one is enough."""
    return [set(way.split(" and ")) for way in rights.split(" or ")]


def named(rights: str) -> set[str]:
    return set().union(*ways(rights))


WRITE = "add_campaign or send_campaign"
PEOPLE = "view_subscriber or change_subscriber or delete_subscriber"
MESSAGES = "view_campaign or add_campaign or send_campaign"
EXPORT = " or ".join(f"{right} and export_subscriber" for right in MESSAGES.split(" or "))
CREDITS = "view_wallet"
BOUGHT = "view_wallet or buy_credits"
DECIDE_TEXT = "view_inboundevent and change_subscriber"
IMPORT = "import_subscriber and view_full_numbers_subscriber"
APP = "change_pwasettings or rebuild_pwa"
TAB = " or ".join(
    [
        *WRITE.split(" or "),
        *PEOPLE.split(" or "),
        "view_inboundevent",
        "view_campaign",
        "view_wallet",
        "change_smssettings",
    ]
)
OTHER = "view_full_numbers_subscriber or export_subscriber or import_subscriber or buy_credits or install_extension"
ANY = f"{TAB} or {OTHER} or {APP}"
OPERATOR = {"where": EVERYWHERE}

ROWS = {
    "index": Row("SMS: leads to the first tab", TAB, TAB, writes=False),
    "switch_site": Row("Work on another site", None, ANY, writes=False),
    "send": Row("Send: the message box; sending", WRITE, "send_campaign"),
    "estimate": Row("Send: the cost, while typing", None, WRITE, writes=False),
    "save_draft": Row("Send: keep a draft", None, WRITE),
    "save_template": Row("Send: keep a template", None, WRITE),
    "test": Row("Send: a test to one's own phone", None, "send_campaign"),
    "scheduled": Row("A scheduled message", WRITE, given="scheduled"),
    "unschedule": Row("Take a scheduled message back", None, "send_campaign", given="scheduled"),
    "drafts": Row("Drafts", WRITE),
    "drafts_results": Row("Drafts: the list", WRITE),
    "draft_delete": Row("Delete a draft", WRITE, WRITE, given="draft"),
    "templates": Row("Templates", WRITE),
    "templates_results": Row("Templates: the list", WRITE),
    "template_delete": Row("Delete a template", WRITE, WRITE, given="template"),
    "subscribers": Row("Subscribers", PEOPLE),
    "subscribers_results": Row("Subscribers: the list", PEOPLE),
    "subscriber_toggle": Row("Switch a subscriber off and on", None, "change_subscriber", given="subscriber"),
    "subscriber_delete": Row("Delete a subscriber", "delete_subscriber", "delete_subscriber", given="subscriber"),
    "subscriber": Row("A subscriber", PEOPLE, given="subscriber"),
    "subscribers_suspend": Row("Suspend everybody found", "change_subscriber", "change_subscriber"),
    "subscribers_resume": Row("Resume everybody found", "change_subscriber", "change_subscriber"),
    "subscribers_import": Row("Import subscribers: the file", IMPORT, IMPORT),
    "subscribers_import_columns": Row("Import subscribers: the columns", IMPORT, IMPORT, given="import"),
    "subscribers_import_page": Row("Import subscribers: the dry run and the report", IMPORT, IMPORT, given="import"),
    "subscribers_import_state": Row("Import subscribers: how far it is", IMPORT, given="import"),
    "subscribers_import_problems": Row("Import subscribers: what can't be imported", IMPORT, given="import"),
    "subscribers_export": Row("Export subscribers", "export_subscriber", logged=True),
    "inbox": Row("Inbox", "view_inboundevent"),
    "inbox_results": Row("Inbox: the list", "view_inboundevent"),
    "inbox_stop": Row("Treat a text as STOP", DECIDE_TEXT, DECIDE_TEXT, given="text"),
    "inbox_leave": Row("Leave a doubtful text as it is", None, DECIDE_TEXT, given="text"),
    "history": Row("History", MESSAGES),
    "history_results": Row("History: the list", MESSAGES),
    "campaign": Row("A message that was sent", MESSAGES, given="running"),
    "campaign_progress": Row("A message: its figures", MESSAGES, given="running"),
    "campaign_pause": Row("Pause a message", None, "send_campaign", given="running"),
    "campaign_resume": Row("Resume a message", None, "send_campaign", given="paused"),
    "campaign_cancel": Row("Cancel a message", "send_campaign", "send_campaign", given="running"),
    "campaign_retry": Row("A second try of a message", "send_campaign", "send_campaign", given="running", writes=False),
    "campaign_export": Row("Export a message's people", EXPORT, given="running", logged=True),
    "credits": Row("Credits", CREDITS),
    "credits_results": Row("Credits: the list", CREDITS),
    "credits_threshold": Row("Credits: when to warn", "buy_credits", "buy_credits"),
    "buy_credits": Row("Buy credits", "buy_credits", "buy_credits"),
    "buy_total": Row("Buy credits: the total", None, "buy_credits", writes=False),
    "spending": Row("Spending by month, and its files", CREDITS),
    "spending_countries": Row("Spending by country, and its files", CREDITS),
    "spending_campaigns": Row("Spending by message, and its files", CREDITS),
    "purchases": Row("Purchases", BOUGHT),
    "purchases_results": Row("Purchases: the list", BOUGHT),
    "purchase": Row("A purchase", BOUGHT, given="order"),
    "purchase_state": Row("A purchase: how it stands", BOUGHT, given="order"),
    "purchase_pay": Row("A purchase: on to the payment", None, "buy_credits", given="order", writes=False),
    "purchase_give_up": Row("A purchase: give it up", None, "buy_credits", given="order"),
    "receipt": Row("A receipt", BOUGHT, given="paid"),
    "dummy_payment": Row("The demo's payment page (only with DEBUG)", "buy_credits", "buy_credits", given="order"),
    "wallets": Row("SMS credits of all sites", "adjust_credits", **OPERATOR),
    "wallets_results": Row("SMS credits: the list", "adjust_credits", **OPERATOR),
    "wallet": Row("Give and take credits", "adjust_credits", "adjust_credits", given="wallet", **OPERATOR),
    "uncertain": Row("Uncertain SMS", "adjust_credits", **OPERATOR),
    "decide_campaign": Row(
        "Decide about a message", "adjust_credits", "adjust_credits", given="uncertain_campaign", **OPERATOR
    ),
    "decide_batch": Row(
        "Decide about one request", "adjust_credits", "adjust_credits", given="uncertain_batch", **OPERATOR
    ),
    "decide_notices": Row(
        "Decide about texts to single people",
        "adjust_credits",
        "adjust_credits",
        given="uncertain_notices",
        **OPERATOR,
    ),
    "prices": Row("Prices by country", CREDITS),
    "prices_results": Row("Prices by country: the list", CREDITS),
    "all_prices": Row("SMS prices", "change_prices", **OPERATOR),
    "all_prices_results": Row("SMS prices: the list", "change_prices", **OPERATOR),
    "price_rule": Row("What a country costs", "change_prices", "change_prices", given="country", **OPERATOR),
    "price_unit": Row("Price of one credit", "change_prices", "change_prices", **OPERATOR),
    "price_upload": Row("Import a price list", "change_prices", "change_prices", writes=False, **OPERATOR),
    "price_upload_apply": Row(
        "Import a price list: put it in force", "change_prices", "change_prices", writes=False, **OPERATOR
    ),
    "price_history": Row("Rate cards", "change_prices", **OPERATOR),
    "rate_card": Row("A rate card", "change_prices", given="card", **OPERATOR),
    "price_lists": Row("Price lists", "change_prices", **OPERATOR),
    "price_list": Row("A price list", "change_prices", "change_prices", given="list", writes=False, **OPERATOR),
    "settings": Row("Settings", "change_smssettings", "change_smssettings"),
    "settings_preview": Row(
        "Settings: a text, while typing", None, "change_smssettings", given="text_name", writes=False
    ),
    "popup_look": Row("Settings: how the popup looks", None, "change_smssettings", writes=False),
    "look_script": Row("What the pictures of the popup load: script", f"change_smssettings or {APP}"),
    "look_styles": Row("What the pictures of the popup load: styles", f"change_smssettings or {APP}"),
    "extensions": Row("Extensions", "install_extension"),
    "extension_install": Row("Install SMS notifications", None, "install_extension", writes=False),
    "extension_uninstall": Row("Uninstall SMS notifications", None, "install_extension"),
    "number": Row("Sender number; asking for another country", TAB, "change_smssettings"),
    "all_numbers": Row("SMS numbers of all sites", "change_sender", **OPERATOR),
    "all_numbers_results": Row("SMS numbers: the list", "change_sender", **OPERATOR),
    "site_numbers": Row("The numbers of a site", "change_sender", "change_sender", given="site", **OPERATOR),
    "pwa": Row("PWA", APP, "change_pwasettings"),
    "pwa_rebuild": Row("Rebuild the PWA", None, "rebuild_pwa"),
    "pwa_put_back": Row("Put a build back", None, "rebuild_pwa", given="build"),
    "pwa_off": Row("Switch the PWA off", "rebuild_pwa", "rebuild_pwa"),
    "app_look": Row("PWA: how the app looks", None, "change_pwasettings", writes=False),
    "app_icon": Row("PWA: an icon as it will be drawn", "change_pwasettings", given="icon_name"),
}

INTRODUCTION = """\
# Who may do what

Administrators give these rights to groups, for single sites (Settings > Groups, "Rights on single sites") or for all of
them; superusers have them all. This table says for every address of the admin which right opens it (GET) and which one
acts (POST). "or": one of them is enough; "and": all of them are needed; "–": there is no such request.

- Whoever is not signed in is sent to the login. Whoever lacks the right is led to the admin's home with "Sorry, you do
  not have permission to access this area.", and nothing changes.
- "this site": the right counts on the site that the page is about. Something of another site does not exist there: its
  address is a 404.
- "all sites": the right has to be given for all sites. On a single site it opens nothing.
- Phone numbers are shown whole only with `view_full_numbers_subscriber`; pages, files and the site history hide all but
  their ends otherwise.
- An import is continued only by who chose its file; for everybody else it does not exist.
- The demo's payment page answers 404 instead of refusing, and exists only while `DEBUG` is on.

The test of this table asks every address as every kind of user, so a page without a row does not pass. The table is
printed by `python -m tests.admin.rights_rows` (`--write` puts it here).

"""


def as_markdown() -> str:
    return INTRODUCTION + "\n".join([*_table_of_pages(), "", "## The rights", "", *_table_of_rights()]) + "\n"


def _table_of_pages() -> list[str]:
    lines = ["| Page | Address | GET | POST | Where |", "|---|---|---|---|---|"]
    for name, row in ROWS.items():
        cells = [row.page, f"`{name}`", _in_words(row.look), _in_words(row.act), row.where]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _in_words(rights: str | None) -> str:
    if rights is None:
        return "–"
    if rights in (ANY, TAB):
        return "any right of an editor" if rights == ANY else "the right to any tab"
    return " ".join(word if word in ("or", "and") else f"`{word}`" for word in rights.split())


def _table_of_rights() -> list[str]:
    from django.apps import apps

    from wagtail_sms.admin.access import APP_LABEL, EDITOR_RIGHTS, OPERATOR_RIGHTS

    names = dict(right for model in apps.get_app_config(APP_LABEL).get_models() for right in model._meta.permissions)
    lines = ["| Right | Allows |", "|---|---|"]
    lines += [f"| `{right}` | {label} |" for right, label in EDITOR_RIGHTS.items()]
    lines += [f"| `{right}` | {names[right]} (operators, for all sites) |" for right in OPERATOR_RIGHTS]
    return lines


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    if "--write" in sys.argv:
        DOCUMENT.write_text(as_markdown(), encoding="utf-8")
    else:
        sys.stdout.write(as_markdown())
