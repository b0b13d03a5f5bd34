from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import make_site
from wagtail_sms import extension
from wagtail_sms.exceptions import ProviderUnavailable, PWARequired
from wagtail_sms.extension import end_trials
from wagtail_sms.providers.base import OwnedNumber
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import due, provision, request_number, sender_for
from wagtail_sms.states import SenderStatus


pytestmark = pytest.mark.django_db


def site_with_pwa(hostname: str):
    site = make_site(hostname)
    PwaBuild.objects.create(
        site=site, number=1, build_id=f"1-{hostname}", inputs_hash="x", features={}, is_current=True
    )
    return site


def obtain(site):
    request_number(site)
    for pk in due():
        provision(pk)


def test_each_site_gets_an_american_number_of_its_own(provider):
    sites = [make_site("localhost"), make_site("other.example")]
    for site in sites:
        obtain(site)
    numbers = [sender_for(site).number for site in sites]
    assert all(number.startswith("+1") for number in numbers)
    assert len(set(numbers)) == 2
    assert set(provider.numbers) == set(numbers)


def test_asking_twice_buys_once(provider):
    site = make_site("localhost")
    obtain(site)
    obtain(site)
    assert len(provider.numbers) == 1


def test_a_purchase_whose_answer_was_lost_is_found_and_not_repeated(provider):
    site = make_site("localhost")
    sender = request_number(site)
    offered = provider.find_number("US")
    provider.numbers[offered.number] = OwnedNumber(offered.number, "US")
    SenderNumber.objects.filter(pk=sender.pk).update(number=offered.number)
    provision(sender.pk)
    assert sender_for(site).number == offered.number
    assert len(provider.numbers) == 1


def test_no_number_for_sale_says_so_and_is_tried_again(provider, monkeypatch):
    site = make_site("localhost")
    sender = request_number(site)
    monkeypatch.setattr(provider, "find_number", lambda country: None)
    provision(sender.pk)
    sender.refresh_from_db()
    assert (sender.status, bool(sender.problem), due()) == (SenderStatus.REQUESTED, True, [])
    monkeypatch.undo()
    provision(sender.pk, now=timezone.now() + timedelta(minutes=2))
    assert sender_for(site) is not None


def test_a_provider_that_is_down_is_tried_again(provider, monkeypatch):
    sender = request_number(make_site("localhost"))

    def down(country):
        raise ProviderUnavailable()

    monkeypatch.setattr(provider, "find_number", down)
    provision(sender.pk)
    sender.refresh_from_db()
    assert sender.status == SenderStatus.REQUESTED
    assert due(now=timezone.now() + timedelta(minutes=2)) == [sender.pk]


def test_the_database_refuses_a_number_to_a_second_site():
    now, sites = timezone.now(), [make_site("localhost"), make_site("other.example")]
    fields = {"number": "+12015550111", "country": "US", "status": "active", "requested_at": now}
    SenderNumber.objects.create(site=sites[0], next_attempt_at=now, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        SenderNumber.objects.create(site=sites[1], next_attempt_at=now, **fields)


def test_trial_sites_share_a_number_and_get_their_own_when_the_trial_ends(provider, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": "+12015550100"}
    sites = [site_with_pwa("localhost"), site_with_pwa("other.example")]
    for site in sites:
        extension.install(site)
    assert {sender_for(site).number for site in sites} == {"+12015550100"}
    assert provider.numbers == {}
    later = timezone.now() + timedelta(days=31)
    end_trials(now=later)
    for pk in due(now=later):
        provision(pk, now=later)
    assert len({sender_for(site).number for site in sites} - {"+12015550100"}) == 2


def test_a_site_without_a_pwa_cannot_install_and_is_told_why():
    with pytest.raises(PWARequired, match="PWA"):
        extension.install(make_site("localhost"))
