import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import override_settings

from wagtail_sms import checks
from wagtail_sms.checks import check_providers, check_settings
from wagtail_sms.conf import app_settings


def test_an_unknown_setting_names_the_nearest_known_one():
    with override_settings(WAGTAIL_SMS={"FREE_CREDIT_PER_MONTH": 1}):
        with pytest.raises(ImproperlyConfigured, match="FREE_CREDITS_PER_MONTH"):
            app_settings.PROVIDERS  # noqa: B018


@pytest.mark.parametrize(
    ("configured", "found"),
    [
        ({}, ["wagtail_sms.E001"]),
        ({"NONSENSE": 1}, ["wagtail_sms.E002"]),
        ({"PROVIDERS": {"default": {}}}, ["wagtail_sms.W001"]),
        ({"PROVIDERS": {"default": {}}, "WEBHOOK_BASE_URL": "https://x.example"}, []),
    ],
)
def test_checks_say_what_is_missing(configured, found):
    with override_settings(WAGTAIL_SMS=configured):
        assert [message.id for message in check_settings(None)] == found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"ACESS_KEY": "x"}, ["wagtail_sms.E004"]),
        ({"ACCESS_KEY": "bk_eu1_x", "SIGNING_KEY": "s" * 32}, ["wagtail_sms.E101"]),
        ({"ACCESS_KEY": "live_x"}, ["wagtail_sms.E102"]),
        ({"ACCESS_KEY": "live_x", "SIGNING_KEY": "s" * 32}, []),
    ],
)
def test_checks_say_what_is_wrong_with_a_provider(options, found):
    backend = {"BACKEND": "wagtail_sms.providers.messagebird.MessageBirdProvider", "OPTIONS": options}
    with override_settings(WAGTAIL_SMS={"PROVIDERS": {"default": backend}}):
        assert [message.id for message in check_providers(None)] == found


@pytest.mark.django_db
def test_one_tick_does_all_periodic_work_without_a_worker(site, provider, capsys):
    from tests.delivery.sending import launched
    from tests.factories import make_subscribers

    make_subscribers(site, 3)
    campaign = launched(site)
    call_command("sms_tick")
    campaign.refresh_from_db()
    assert (campaign.status, len(provider.texts)) == ("done", 3)


@pytest.mark.parametrize(
    ("main", "broker", "found"), [("mysite", "memory://", 0), ("mysite", None, 1), (None, None, 1)]
)
def test_a_project_without_a_celery_app_or_broker_is_told(monkeypatch, main, broker, found):
    # Celery reads the variable by itself, and the services' round sets it.
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    # A lone app of the test's own: current_app of this process belongs to the tests.
    lone = Celery(main, broker=broker, set_as_current=False, changes={"broker_url": broker})
    monkeypatch.setattr(checks, "current_app", lone)
    assert len(checks.check_celery(None)) == found


def test_a_worker_without_an_app_says_so_instead_of_waiting_for_nothing(monkeypatch):
    monkeypatch.setattr(checks, "current_app", Celery(None, set_as_current=False))
    with pytest.raises(CommandError, match="no Celery app"):
        call_command("sms_worker")
