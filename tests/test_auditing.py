"""The daily look at the books: once a day, logged each time, mailed once."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from tests.factories import give_credits
from wagtail_sms import auditing, extension, tasks
from wagtail_sms.credits.models import Wallet


pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _admins(settings):
    settings.ADMINS = [("Ops", "ops@example.org")]


def found_on(day: int) -> list[str]:
    return [one.sentence for one in auditing.audit_daily(now=timezone.now() + day * DAY)]


def tamper(**figures) -> None:
    Wallet.objects.update(**figures)


def test_the_hourly_task_looks_at_the_books_once_a_day(site, monkeypatch, caplog):
    looked = []
    monkeypatch.setattr(auditing, "findings", lambda: looked.append(1) or [])
    for _hour in range(3):
        tasks.daily()
    auditing.audit_daily(now=timezone.now() + DAY)
    assert len(looked) == 2


def test_a_figure_that_nothing_explains_is_logged_each_day_and_mailed_once(site, caplog):
    tamper(available=9999)
    with caplog.at_level(logging.ERROR, "wagtail_sms"):
        tasks.daily()
        assert found_on(0) == []
        give_credits(site, 10)
        (sentence,) = found_on(1)
    assert sentence == f"Wallet of {site}: available is 10009, but its history says 510."
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    (letter,) = mail.outbox
    assert letter.to == ["ops@example.org"]
    assert f"Wallet of {site}: available is 9999, but its history says 500." in letter.body


def test_another_finding_is_news_and_so_is_one_that_comes_back(site):
    tamper(available=9999)
    found_on(0)
    tamper(reserved=3)
    assert len(found_on(1)) == 2
    assert len(mail.outbox) == 2
    tamper(available=500, reserved=0)
    assert found_on(2) == []
    tamper(available=9999)
    found_on(3)
    assert len(mail.outbox) == 3


def test_a_calendar_that_rests_although_installed_is_found_and_so_is_the_reverse(site):
    tamper(resting_since=timezone.now())
    assert found_on(0) == [f"{site} has SMS notifications, but its wallet gets no free credits."]
    tamper(resting_since=None)
    assert found_on(1) == []
    extension.uninstall(site)
    assert found_on(2) == []
    tamper(resting_since=None)
    assert found_on(3) == [f"{site} has no SMS notifications any more, but its wallet still gets free credits."]


def test_a_site_without_a_wallet_is_found_too(site):
    Wallet.objects.update(site=None)
    assert f"{site} has SMS notifications, but no wallet." in found_on(0)


def test_a_letter_names_the_first_of_very_many(site):
    found = [auditing.Finding(f"Grant {number}: spent", f"Grant {number} is wrong.") for number in range(60)]
    auditing._report(found, timezone.now())
    assert "Grant 49 is wrong.\nAnd 10 more." in mail.outbox[0].body
