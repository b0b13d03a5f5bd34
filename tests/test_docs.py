"""The reference must not drift from the code."""

import pathlib
import re

from django.core.management import get_commands
from django.test import override_settings

from wagtail_sms.conf import AppSettings, app_settings
from wagtail_sms.payments.stripe import StripeCheckout
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.messagebird import MessageBirdProvider


ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"


def table_rows(text: str) -> dict[str, list[str]]:
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in rows}


def test_every_setting_is_documented_with_its_default():
    documented = table_rows((REFERENCE / "settings.md").read_text())
    with override_settings(WAGTAIL_SMS={}):
        defaults = {name: repr(getattr(app_settings, name)) for name in AppSettings.names() - {"NUMBER_PEPPERS"}}
    assert {name: documented[name][0].strip("`") for name in defaults} == defaults
    assert "NUMBER_PEPPERS" in documented


def test_every_provider_option_is_documented_with_its_default():
    documented = table_rows((REFERENCE / "settings.md").read_text())
    defaults = {name: repr(value) for name, value in MessageBirdProvider.default_options.items()}
    assert {name: documented[name][0].strip("`") for name in defaults} == defaults


def test_every_option_of_bird_is_documented_with_its_default():
    documented = table_rows((REFERENCE / "settings.md").read_text())
    for name, value in BirdProvider.default_options.items():
        assert documented[f"BirdProvider.{name}"][0].strip("`") == repr(value)


def test_every_option_of_stripe_is_documented_with_its_default():
    documented = table_rows((REFERENCE / "settings.md").read_text())
    for name, value in StripeCheckout.default_options.items():
        assert documented[f"StripeCheckout.{name}"][0].strip("`") == repr(value)


def test_every_check_is_documented_and_exists():
    sources = [ROOT / "wagtail_sms" / "checks.py"]
    sources += [path for part in ("providers", "payments") for path in (ROOT / "wagtail_sms" / part).glob("*.py")]
    source = "".join(path.read_text() for path in sources)
    documented = table_rows((REFERENCE / "settings.md").read_text())
    assert {name for name in documented if name.startswith("wagtail_sms.")} == set(
        re.findall(r'id="(wagtail_sms\.[EW]\d+)"', source)
    )


def test_every_command_is_documented():
    ours = {name for name, app in get_commands().items() if app == "wagtail_sms"}
    assert set(table_rows((REFERENCE / "commands.md").read_text())) == ours


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        (document.name, target)
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert broken == []
