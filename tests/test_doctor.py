"""sms_doctor: a healthy, a misconfigured and a silent installation, at the gateway and with a web server."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.delivery.sending import sent
from tests.factories import make_installed_site, make_subscribers
from tests.gateway.conftest import gateway, gateway_process
from tests.gateway.fixtures import start_gateway
from wagtail_sms.delivery import heartbeat
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.webhook_urls import PROBE_HEADER
from wagtail_sms.doctor import Level, examine
from wagtail_sms.extension import Extension
from wagtail_sms.number_requests import request_country
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.pricing.models import PriceList, RateCard
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import ExtensionPlan, SenderStatus


__all__ = ["gateway", "gateway_process"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def installation(gateway, live_server, settings):
    """Everything as it should be, but for the broker of the tests, which is in memory."""
    backend = "wagtail_sms.providers.messagebird.MessageBirdProvider"
    providers = {"default": {"BACKEND": backend, "OPTIONS": gateway.provider_options()}}
    settings.WAGTAIL_SMS = {"PROVIDERS": providers, "WEBHOOK_BASE_URL": live_server.url}
    site = make_installed_site()
    refresh()
    heartbeat.note(heartbeat.SWEEP)
    return site


def configure(settings, **more) -> None:
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **more}


def options(settings, **more) -> None:
    """Change the provider's options."""
    entry = settings.WAGTAIL_SMS["PROVIDERS"]["default"]
    configure(settings, PROVIDERS={"default": {**entry, "OPTIONS": {**entry["OPTIONS"], **more}}})


def said(level: Level) -> dict[str, str]:
    """`{subject: everything that was said of it at this level}`, without the broker."""
    found: dict[str, str] = {}
    for one in examine():
        if one.level == level and one.subject != "Broker":
            found[one.subject] = f"{found.get(one.subject, '')} {one.sentence} {one.way_on}".strip()
    return found


def test_a_healthy_installation_has_no_error(installation):
    assert said(Level.ERROR) == {}
    fine = said(Level.OK)
    assert "The key works; left in the account: 1000.0 usd" in fine["Provider default"]
    assert "is this installation" in fine["Public address"]
    assert {"Database", "Worker and beat", "Numbers", "Prices", "Webhooks of default"} <= fine.keys()


def test_a_key_that_is_refused_and_one_of_the_other_platform(installation, gateway, settings):
    gateway.set_switch("account", "wrong_key")
    assert "refuses the ACCESS_KEY" in said(Level.ERROR)["Provider default"]
    gateway.set_switch("account", "fine")
    options(settings, ACCESS_KEY="bk_eu1_abc")
    assert "key of the new Bird platform" in said(Level.ERROR)["Provider default"]


def test_an_account_without_money(installation, gateway):
    gateway.set_switch("account", "no_money")
    assert "Top it up" in said(Level.ERROR)["Provider default"]


def test_a_provider_that_is_down(installation, gateway):
    gateway.set_switch("answers", "down", times=1)
    assert "can't be reached" in said(Level.ERROR)["Provider default"]


def test_no_public_address(installation, settings):
    configure(settings, WEBHOOK_BASE_URL="")
    assert "no STOP can come in" in said(Level.ERROR)["Public address"]


def test_an_address_at_which_nobody_answers(installation, settings):
    configure(settings, WEBHOOK_BASE_URL="http://127.0.0.1:9")
    assert "can't be reached from here" in said(Level.ERROR)["Public address"]


def test_an_address_without_tls(installation, settings, monkeypatch):
    monkeypatch.setattr("wagtail_sms.doctor.machinery._call", lambda subject: iter(()))
    configure(settings, WEBHOOK_BASE_URL="http://www.example.org")
    assert "not https" in said(Level.ERROR)["Public address"]
    configure(settings, WEBHOOK_BASE_URL="https://www.example.org")
    assert "Public address" not in said(Level.ERROR)


def test_an_address_that_belongs_to_another_project(installation, gateway, settings):
    """The gateway's own web server stands for it: it knows no webhooks."""
    configure(settings, WEBHOOK_BASE_URL=gateway.url)
    assert "not as this installation would" in said(Level.ERROR)["Public address"]


def test_reports_that_come_in_are_seen(installation, settings):
    # A network of its own, whose line to the web server ends before the server does.
    with start_gateway() as network:
        options(settings, **network.provider_options())
        make_subscribers(installation, 2)
        sent(installation)
        network.wait_until_quiet()
        assert "Last delivery report" in said(Level.OK)["Webhooks of default"]


def test_the_question_is_answered_behind_the_secret_address_only_and_is_no_sign_of_life(client, installation):
    probe = {PROBE_HEADER: "x"}
    assert client.get("/sms/hooks/default/wrong/reports/", headers=probe).status_code == 404
    token = get_provider().webhook_token()
    assert client.get(f"/sms/hooks/default/{token}/reports/", headers=probe).status_code == 200
    assert heartbeat.last(heartbeat.REPORTS % "default") is None


def test_the_secret_part_of_the_webhook_address_is_not_printed(installation):
    assert get_provider().webhook_token() not in " ".join(one.sentence for one in examine())


@pytest.mark.parametrize("minutes", [4, None])
def test_no_worker(installation, minutes):
    heartbeat.Heartbeat.objects.all().delete()
    if minutes:
        heartbeat.mark(heartbeat.SWEEP, at=timezone.now() - timedelta(minutes=minutes))
    assert "Start a worker and beat" in said(Level.ERROR)["Worker and beat"]


def test_a_silence(installation, gateway):
    gateway.set_switch("reports", "off")
    make_subscribers(installation, 2)
    sent(installation)
    assert "Webhooks of default" not in said(Level.ERROR)
    Batch.objects.update(finished_at=timezone.now() - timedelta(minutes=20))
    told = said(Level.ERROR)["Webhooks of default"]
    assert "20 minutes ago and nothing was heard since" in told
    assert "Statuses are asked for meanwhile" in told


def test_no_number_and_why(installation):
    SenderNumber.objects.update(status=SenderStatus.REQUESTED, problem="The SMS provider has no number to offer.")
    assert "Halle Nord has no number at default: The SMS provider has no number" in said(Level.ERROR)["Numbers"]
    SenderNumber.objects.all().delete()
    Extension.objects.update(plan=ExtensionPlan.TRIAL)
    assert "SHARED_NUMBER" in said(Level.ERROR)["Numbers"]


def test_a_wish_that_waits(installation):
    request_country(installation, country="SE")
    assert "1 request for a number of another country" in said(Level.WARNING)["Numbers"]


def test_no_prices_and_old_ones(installation):
    PriceList.objects.update(seen_at=timezone.now() - timedelta(days=9))
    assert "9 days ago" in said(Level.WARNING)["Prices"]
    RateCard.objects.retire()
    assert "nothing can be sent" in said(Level.ERROR)["Prices"]


def test_the_command_exits_with_an_error_and_prints_the_way_on(installation, monkeypatch):
    # Also where the tests have a real broker.
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
    printed = StringIO()
    with pytest.raises(CommandError, match="1 error and"):
        call_command("sms_doctor", stdout=printed)
    assert "memory:// reaches no other process." in printed.getvalue()
    assert "-> Use Redis, RabbitMQ or files for it." in printed.getvalue()


def test_settings_that_can_not_be_read_are_one_error(settings):
    settings.WAGTAIL_SMS = {"PROVIDER": {}}
    [only] = list(examine())
    assert (only.level, "Did you mean 'PROVIDERS'" in only.sentence) == (Level.ERROR, True)
