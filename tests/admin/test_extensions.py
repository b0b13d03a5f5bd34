"""Extensions: installing, uninstalling, and what the page says about both."""

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests import factories
from tests.admin.conftest import make_build, make_editor, signed_in
from wagtail_sms import extension
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Transfer
from wagtail_sms.extension import Extension
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import ExtensionPlan, SenderStatus
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


PAGE, INSTALL, UNINSTALL = "extensions", "extension_install", "extension_uninstall"


@pytest.fixture
def client(superuser):
    return signed_in(superuser)


def page_of(client, site) -> str:
    return client.get(reverse(f"wagtail_sms:{PAGE}"), {"sms_site": site.pk}).content.decode()


def press(client, button: str, site):
    return client.post(reverse(f"wagtail_sms:{button}"), {"sms_site": site.pk}, follow=True)


def told(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def test_without_a_pwa_the_page_says_why_and_offers_no_button(client, bare_site):
    page = page_of(client, bare_site)
    assert "can't be installed on Halle Neu yet" in page
    assert f"{reverse('wagtail_sms:pwa')}?sms_site={bare_site.pk}" in page
    assert reverse(f"wagtail_sms:{INSTALL}") not in page


def test_installing_without_a_pwa_is_refused_with_the_reason(client, bare_site):
    answer = press(client, INSTALL, bare_site)
    assert "this site has no PWA yet" in told(answer)
    assert not extension.is_installed(bare_site)
    assert not SenderNumber.objects.filter(site=bare_site).exists()


def test_installing_is_free_and_brings_credits_and_asks_for_a_number(client, bare_site, superuser):
    make_build(bare_site)
    assert "500 free credits" in page_of(client, bare_site)
    press(client, INSTALL, bare_site)
    assert ledger.balance(bare_site).available == 500
    assert SenderNumber.objects.get(site=bare_site).status == SenderStatus.REQUESTED
    assert extension.extension_for(bare_site).installed_by == superuser
    page = page_of(client, bare_site)
    assert "Installed on Halle Neu" in page
    assert "by Ada Lindqvist" in page
    assert "Being obtained" in page


def test_installing_twice_changes_nothing(client, bare_site):
    make_build(bare_site)
    press(client, INSTALL, bare_site)
    before = (extension.extension_for(bare_site).installed_at, Transfer.objects.count())
    assert "already installed" in told(press(client, INSTALL, bare_site))
    assert (extension.extension_for(bare_site).installed_at, Transfer.objects.count()) == before
    assert SenderNumber.objects.filter(site=bare_site).count() == 1


def test_installing_one_site_leaves_the_other_alone(client, bare_site, other_site):
    make_build(bare_site)
    before = Extension.objects.get(site=other_site).installed_at
    press(client, INSTALL, bare_site)
    press(client, UNINSTALL, bare_site)
    assert Extension.objects.get(site=other_site).installed_at == before
    assert extension.is_installed(other_site)


def test_uninstalling_keeps_everything(client, site):
    person = factories.make_subscriber(site)
    number = SenderNumber.objects.get(site=site).number
    press(client, UNINSTALL, site)
    assert not extension.is_installed(site)
    assert Subscriber.objects.filter(pk=person.pk).exists()
    assert ledger.balance(site).available == 500
    assert SenderNumber.objects.get(site=site).number == number
    assert SmsSettings.for_site(site).brand == "Halle Nord"


def test_what_was_uninstalled_can_be_installed_again_with_what_it_had(client, site):
    make_build(site)
    press(client, UNINSTALL, site)
    assert "It was uninstalled on" in page_of(client, site)
    press(client, INSTALL, site)
    assert extension.is_installed(site)
    assert ledger.balance(site).available == 500


def test_uninstalling_twice_is_no_error(client, site):
    press(client, UNINSTALL, site)
    answer = press(client, UNINSTALL, site)
    assert answer.status_code == 200
    assert ModelLogEntry.objects.filter(action="wagtail_sms.uninstall").count() == 1


def test_the_dialog_says_what_stays(client, site):
    page = page_of(client, site)
    assert "Uninstall SMS notifications from Halle Nord?" in page
    assert "These stay" in page


def test_both_are_in_the_log_with_who_did_it(client, bare_site, superuser):
    make_build(bare_site)
    press(client, INSTALL, bare_site)
    press(client, UNINSTALL, bare_site)
    logged = ModelLogEntry.objects.filter(user=superuser).order_by("pk").values_list("action", flat=True)
    assert list(logged) == ["wagtail_sms.install", "wagtail_sms.uninstall"]


@pytest.mark.parametrize("button", [INSTALL, UNINSTALL])
def test_links_and_crawlers_install_nothing(client, site, button):
    assert client.get(reverse(f"wagtail_sms:{button}")).status_code == 405
    assert extension.is_installed(site)


@pytest.mark.parametrize("name", [PAGE, INSTALL, UNINSTALL])
def test_without_the_right_nothing_opens(site, name):
    client = signed_in(make_editor("eva", site, "send_campaign"))
    assert client.post(reverse(f"wagtail_sms:{name}")).url == reverse("wagtailadmin_home")
    assert extension.is_installed(site)


def test_the_page_leads_to_the_rebuild_until_the_popup_is_in_the_pwa(client, site):
    make_build(site)
    assert "visitors don't see the popup yet" in page_of(client, site)
    assert reverse("wagtail_sms:pwa_rebuild") in page_of(client, site)


def test_a_popup_left_in_the_pwa_after_uninstalling_is_told(client, site):
    make_build(site, sms={"title": "Get our news"})
    press(client, UNINSTALL, site)
    assert "The PWA still has the popup" in page_of(client, site)


def test_the_page_shows_the_number_and_who_to_ask_when_there_is_none(client, site):
    assert "+1 201-555-0123" in page_of(client, site)
    SenderNumber.objects.filter(site=site).update(status=SenderStatus.FAILED, problem="Company not verified.")
    page = page_of(client, site)
    assert "Could not be obtained. Ask the operator." in page
    assert "Company not verified." in page


def test_a_trial_site_shows_the_shared_number_and_says_so(client, bare_site, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": "+12015550177"}
    make_build(bare_site)
    press(client, INSTALL, bare_site)
    assert extension.extension_for(bare_site).plan == ExtensionPlan.TRIAL
    page = page_of(client, bare_site)
    assert "+1 201-555-0177" in page
    assert "Shared by all sites in trial" in page
    assert "Trial" in page


def test_the_page_has_no_inline_script_and_no_inline_style(client, site):
    page = client.get(reverse(f"wagtail_sms:{PAGE}"))
    card = page.content.decode().split('class="wagtail-sms-bar', 1)[1].split("</section>", 1)[0]
    assert "<script" not in card
    assert "style=" not in card
