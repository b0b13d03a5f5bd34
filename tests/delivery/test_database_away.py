import pytest
from django.db import InterfaceError, OperationalError

from tests.delivery.sending import launched
from tests.factories import make_subscribers
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.delivery import turn
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.record import record


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_for_a_moment_costs_no_answer(site, monkeypatch):
    make_subscribers(site, 60)
    campaign = launched(site)
    plan(campaign.pk)
    errors = [OperationalError("server closed the connection unexpectedly"), InterfaceError("connection is closed")]

    def away(*args, **kwargs):
        if errors:
            raise errors.pop(0)
        return record(*args, **kwargs)

    monkeypatch.setattr(turn, "record", away)
    dispatch()
    found = progress(campaign)
    assert (found.accepted, found.uncertain, found.credits_charged, errors) == (60, 0, 60, [])
