from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import SENDER, make_card, make_site
from wagtail_sms import extension, tasks
from wagtail_sms.checks import check_senders
from wagtail_sms.exceptions import NoSenderNumber, ProviderUnavailable, PWARequired
from wagtail_sms.extension import end_trials
from wagtail_sms.providers.base import AvailableNumber, OwnedNumber
from wagtail_sms.providers.locmem import LocmemProvider
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import due, provision, request_number, sender_for, senders_for, share
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


class NumberlessProvider(LocmemProvider):
    """Sells no numbers; all sites text from the one of its account."""

    supports_numbers = False
    default_options = {**LocmemProvider.default_options, "SENDER": ""}


def configure(settings, **aliases: dict) -> None:
    providers = {alias: {"BACKEND": f"{__name__}.NumberlessProvider", "OPTIONS": o} for alias, o in aliases.items()}
    settings.WAGTAIL_SMS = {
        **settings.WAGTAIL_SMS,
        "PROVIDERS": {"default": settings.WAGTAIL_SMS["PROVIDERS"]["default"], **providers},
    }


def test_installing_asks_for_a_number_at_each_provider_in_use(second, provider):
    make_card({"US": (1, "default"), "FR": (8, "second")})
    site = site_with_pwa("localhost")
    extension.install(site)
    tasks.obtain_numbers()
    senders = senders_for(site, ["default", "second"])
    assert senders["default"].number in provider.numbers
    assert senders["second"].number in second.numbers
    assert senders["default"].number != senders["second"].number


def test_a_provider_that_serves_no_country_costs_no_number(second, provider):
    make_card({"US": (1, "default")})
    site = site_with_pwa("localhost")
    extension.install(site)
    tasks.obtain_numbers()
    assert (len(provider.numbers), len(second.numbers)) == (1, 0)
    with pytest.raises(NoSenderNumber):
        senders_for(site, ["default", "second"])


def test_a_card_that_brings_a_provider_into_use_brings_its_number_to_every_full_site_once(second, provider):
    make_card({"US": (1, "default")})
    sites = [site_with_pwa("localhost"), site_with_pwa("other.example")]
    for site in sites:
        extension.install(site)
    uninstalled = site_with_pwa("third.example")
    extension.install(uninstalled)
    extension.uninstall(uninstalled)
    tasks.obtain_numbers()
    assert second.numbers == {}
    make_card({"US": (1, "default"), "FR": (8, "second")})
    tasks.obtain_numbers()
    tasks.obtain_numbers()
    assert {sender_for(site, "second").number for site in sites} == set(second.numbers)
    assert len(second.numbers) == 2
    assert len(provider.numbers) == 3


def test_a_number_that_was_given_back_is_not_bought_again_by_itself(second, provider):
    make_card({"US": (1, "default"), "FR": (8, "second")})
    site = site_with_pwa("localhost")
    extension.install(site)
    tasks.obtain_numbers()
    SenderNumber.objects.filter(provider="second").update(status=SenderStatus.RELEASED)
    tasks.obtain_numbers()
    assert (sender_for(site, "second"), len(second.numbers)) == (None, 1)


def test_two_shops_with_the_same_number_on_offer_give_it_to_one_site(second, provider, monkeypatch):
    monkeypatch.setattr(second, "find_number", provider.find_number)
    site = make_site("localhost")
    obtain(site)
    request_number(site, provider="second")
    offered = iter([sender_for(site).number])
    monkeypatch.setattr(second, "find_number", lambda country: AvailableNumber(next(offered), "US", ("sms",), False))
    [waiting] = due()
    provision(waiting)
    assert SenderNumber.objects.get(pk=waiting).status == SenderStatus.REQUESTED


def test_a_provider_that_sells_no_numbers_lends_its_own_to_all_sites(settings):
    configure(settings, second={"SENDER": "+12015550155"})
    make_card({"US": (1, "default"), "FR": (8, "second")})
    sites = [site_with_pwa("localhost"), site_with_pwa("other.example")]
    for site in sites:
        extension.install(site)
    tasks.obtain_numbers()
    assert {sender_for(site, "second").number for site in sites} == {"+12015550155"}
    assert len({sender_for(site).number for site in sites}) == 2
    assert SenderNumber.objects.filter(provider="second").count() == 1
    assert check_senders(None) == []


def test_a_provider_without_any_number_is_a_warning_and_lets_nothing_out(settings):
    configure(settings, second={})
    make_card({"US": (1, "default"), "FR": (8, "second")})
    site = site_with_pwa("localhost")
    extension.install(site)
    tasks.obtain_numbers()
    assert [message.id for message in check_senders(None)] == ["wagtail_sms.W005"]
    with pytest.raises(NoSenderNumber, match="operator"):
        senders_for(site, ["second"])


def test_a_trial_site_texts_from_the_number_shared_at_each_provider(second, settings):
    make_card({"US": (1, "default"), "FR": (8, "second")})
    shared = {"default": "+12015550100", "second": "+12015550155"}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": shared}
    assert check_senders(None) == []
    site = site_with_pwa("localhost")
    extension.install(site)
    tasks.obtain_numbers()
    assert {alias: sender.number for alias, sender in senders_for(site, shared).items()} == shared
    assert SenderNumber.objects.filter(site=site).count() == 0


def test_the_number_that_the_settings_state_now_is_the_shared_one(settings):
    def stated(number: str) -> str | None:
        settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": number}
        share()
        sender = sender_for(site)
        return sender and sender.number

    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": "+12015550100"}
    site = site_with_pwa("localhost")
    extension.install(site)
    seen = [stated(number) for number in ("+12015550100", "+12015550166", "+12015550100", "")]
    assert seen == ["+12015550100", "+12015550166", "+12015550100", None]


def test_a_number_of_one_site_is_not_shared_and_stops_nothing_else(site, settings, caplog):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "SHARED_NUMBER": SENDER}
    assert share() is None
    assert f"{SENDER} can't be shared: it belongs to Halle Nord" in caplog.text
    assert SenderNumber.objects.get(number=SENDER).site == site


def test_a_trial_site_has_no_number_where_none_is_shared_and_the_operator_is_warned(second, settings):
    make_card({"US": (1, "default"), "FR": (8, "second")})
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "TRIAL_DAYS": 30, "SHARED_NUMBER": "+12015550100"}
    assert [message.id for message in check_senders(None)] == ["wagtail_sms.W006"]
    site = site_with_pwa("localhost")
    extension.install(site)
    with pytest.raises(NoSenderNumber, match="operator"):
        senders_for(site, ["default", "second"])
    extension.leave_trial(site)
    tasks.obtain_numbers()
    assert len({sender.number for sender in senders_for(site, ["default", "second"]).values()}) == 2


def test_a_provider_taken_out_of_the_settings_keeps_no_other_site_waiting(second, provider, settings):
    request_number(make_site("localhost"), provider="second")
    waiting = request_number(make_site("other.example"))
    only = {"default": settings.WAGTAIL_SMS["PROVIDERS"]["default"]}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": only}
    tasks.obtain_numbers()
    waiting.refresh_from_db()
    assert waiting.status == SenderStatus.ACTIVE
    assert SenderNumber.objects.get(provider="second").problem
