"""`sms_tick`: for a host that has cron and no worker, all that beat would start."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from wagtail_sms import tasks
from wagtail_sms.credits.models import Grant
from wagtail_sms.delivery.models import Lane
from wagtail_sms.pricing.cards import current_card


pytestmark = pytest.mark.django_db


def tick() -> None:
    call_command("sms_tick", stdout=io.StringIO())


def an_hour_passes() -> None:
    for row in Lane.objects.exclude(resume_at=None):
        Lane.objects.filter(pk=row.pk).update(resume_at=row.resume_at - timedelta(hours=1))


def test_free_credits_lapse(site):
    Grant.objects.update(expires_at=timezone.now() - timedelta(days=1))
    tick()
    assert Grant.objects.get().available == 0


def test_new_prices_come_into_force(site, provider):
    provider.prices["FR"] = "0.0123"
    before = current_card()
    tick()
    assert current_card() != before


def test_the_hourly_turn_is_taken_once_an_hour(site, provider):
    tick()
    for price, is_new in [("0.08", False), ("0.09", True)]:
        provider.prices["FR"], before = price, current_card()
        if is_new:
            an_hour_passes()
        tick()
        assert (current_card() != before) is is_new


def test_an_hourly_turn_that_failed_is_taken_at_the_next_tick(site, monkeypatch):
    taken = []
    monkeypatch.setattr(tasks, "daily", lambda: taken.append(1) or 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            tick()
    assert len(taken) == 2
