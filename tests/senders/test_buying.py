"""Nothing is bought twice: what a lost answer leaves open is looked up first. At the real gateway."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_site
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import provision, request_number
from wagtail_sms.states import SenderStatus


pytestmark = pytest.mark.django_db


@pytest.fixture
def network(gateway, settings):
    """The site's provider is MessageBird's protocol, spoken by the gateway."""
    backend = "wagtail_sms.providers.messagebird.MessageBirdProvider"
    options = gateway.provider_options(TIMEOUT=(1, 1))
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return gateway


def later(sender, **after) -> SenderNumber:
    return provision(sender.pk, now=timezone.now() + timedelta(**after))


def bought(network) -> dict[str, int]:
    return {row["number"]: row["purchases"] for row in network.get("/control/numbers")}


def test_a_lost_answer_is_looked_up_at_once_and_the_number_is_used(network):
    sender = request_number(make_site())
    network.set_switch("answers", "lost", times=1)
    assert provision(sender.pk).status == SenderStatus.ACTIVE
    assert list(bought(network).values()) == [1]


def test_a_purchase_that_nobody_can_look_up_yet_is_not_repeated(network, monkeypatch):
    """The answer is lost, and for a while the list of numbers doesn't know of it either."""
    sender = request_number(make_site())
    network.set_switch("answers", "lost", times=1)
    monkeypatch.setattr(type(get_provider()), "owned_number", lambda self, number: None)
    monkeypatch.setattr("wagtail_sms.providers.messagebird_numbers.owned", lambda api, number: None)
    for minutes in (0, 2, 4, 60):
        found = later(sender, minutes=minutes)
    assert found.status == SenderStatus.REQUESTED
    assert "not known" in found.problem
    assert list(bought(network).values()) == [1]
    monkeypatch.undo()
    assert later(sender, minutes=70).status == SenderStatus.ACTIVE
    assert list(bought(network).values()) == [1]


def test_what_was_surely_not_bought_is_bought_when_it_is_still_for_sale_long_after(network):
    sender = request_number(make_site())
    network.set_switch("answers", "error", times=1)
    assert provision(sender.pk).status == SenderStatus.REQUESTED
    assert later(sender, minutes=3).status == SenderStatus.REQUESTED
    assert bought(network) == {}
    assert later(sender, minutes=12).status == SenderStatus.ACTIVE
    assert list(bought(network).values()) == [1]


def test_a_number_that_somebody_else_bought_meanwhile_is_given_up_after_a_day(network, monkeypatch):
    sender = request_number(make_site())
    network.set_switch("answers", "error", times=1)
    lost = provision(sender.pk).number
    get_provider().buy_number(lost, "US")
    owned = type(get_provider()).owned_number
    theirs = lambda self, number: None if number == lost else owned(self, number)  # noqa: E731
    monkeypatch.setattr(type(get_provider()), "owned_number", theirs)
    assert later(sender, hours=2).number == lost
    found = later(sender, hours=25)
    assert found.status == SenderStatus.ACTIVE
    assert found.number not in (lost, "")


def test_a_busy_provider_costs_no_waiting_for_a_list(network):
    """429: surely not bought, so it is simply tried again."""
    sender = request_number(make_site())
    network.set_switch("answers", "busy", times=1)
    assert provision(sender.pk).buying_since is None
    assert later(sender, minutes=2).status == SenderStatus.ACTIVE
