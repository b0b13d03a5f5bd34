"""Another country: a new number is bought, the old one listens for a month, then it is given back."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.delivery.test_inbound import PERSON, text_in
from tests.factories import SENDER, make_number, make_subscriber
from wagtail_sms import number_requests, tasks
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.steering import pause
from wagtail_sms.delivery.giving_back import give_back
from wagtail_sms.exceptions import IllegalTransition, ProviderUnavailable
from wagtail_sms.phone import parse
from wagtail_sms.providers.base import AvailableNumber, OwnedNumber
from wagtail_sms.senders.changing import cancel_change, change_number
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.senders.provisioning import due, provision, sender_for
from wagtail_sms.states import CountryRequestStatus, ExtensionPlan, SenderStatus, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
SWEDISH = "+46701740605"


@pytest.fixture
def swedish(site, provider, monkeypatch):
    """The site's American number is the account's, and the provider has one Swedish number for sale."""
    provider.numbers[SENDER] = OwnedNumber(SENDER, "US")
    offer = lambda country: AvailableNumber(SWEDISH, country, ("sms",)) if country == "SE" else None  # noqa: E731
    monkeypatch.setattr(provider, "find_number", offer)
    return site


def changed(site) -> SenderNumber:
    change_number(site, country="SE")
    for pk in due():
        provision(pk)
    return SenderNumber.objects.get(site=site, status=SenderStatus.ACTIVE)


def days(number: float):
    return timezone.now() + timedelta(days=number)


def test_the_site_texts_from_the_old_number_until_the_new_one_is_there(swedish, provider):
    change_number(swedish, country="SE")
    assert sender_for(swedish).number == SENDER
    for pk in due():
        provision(pk)
    assert (sender_for(swedish).number, sender_for(swedish).country) == (SWEDISH, "SE")
    make_subscriber(swedish)
    sent(swedish)
    assert {batch.sender for batch in provider.outbox} == {SWEDISH}


def test_a_late_stop_to_the_old_number_counts_and_is_answered_from_there(client, swedish, provider):
    person = make_subscriber(swedish, PERSON)
    changed(swedish)
    assert text_in(client, "STOP", recipient=SENDER).status_code == 200
    person.refresh_from_db()
    assert person.status == SubscriberStatus.STOPPED
    tasks.send_notices()
    assert [batch.sender for batch in provider.outbox] == [SENDER]


def test_the_old_number_is_given_back_after_thirty_days_and_not_before(swedish, provider):
    changed(swedish)
    assert give_back(now=days(29)) == 0
    assert SENDER in provider.numbers
    assert give_back(now=days(31)) == 1
    assert give_back(now=days(32)) == 0
    assert set(provider.numbers) == {SWEDISH}
    assert sender_for(swedish).number == SWEDISH


def test_a_number_from_which_something_still_goes_out_is_kept(swedish, provider):
    make_subscriber(swedish)
    campaign = launched(swedish)
    plan(campaign.pk)
    pause(campaign, by=None)
    changed(swedish)
    assert give_back(now=days(31)) == 0
    assert SENDER in provider.numbers


def test_a_provider_that_does_not_take_it_back_is_asked_again(swedish, provider, monkeypatch):
    changed(swedish)

    def down(number):
        raise ProviderUnavailable()

    monkeypatch.setattr(provider, "release_number", down)
    assert give_back(now=days(31)) == 0
    old = SenderNumber.objects.get(number=SENDER)
    assert (old.status, bool(old.problem)) == (SenderStatus.LISTENING, True)
    monkeypatch.undo()
    assert give_back(now=days(31.1)) == 1


def test_asking_for_a_third_country_before_the_second_is_there_changes_what_is_obtained(swedish):
    change_number(swedish, country="FR")
    for pk in due():
        provision(pk)
    waiting = SenderNumber.objects.get(status=SenderStatus.REQUESTED)
    assert (waiting.country, bool(waiting.problem)) == ("FR", True)
    assert changed(swedish).number == SWEDISH
    assert SenderNumber.objects.count() == 2


def test_a_change_can_be_called_off_while_the_number_is_not_there(swedish, provider):
    change_number(swedish, country="FR")
    assert cancel_change(swedish)
    assert due() == []
    assert sender_for(swedish).number == SENDER
    assert not cancel_change(swedish)
    assert set(provider.numbers) == {SENDER}


def test_the_first_number_of_a_site_is_not_called_off(site):
    SenderNumber.objects.update(status=SenderStatus.REQUESTED, number="")
    assert not cancel_change(site)
    assert SenderNumber.objects.get().status == SenderStatus.REQUESTED


def test_a_number_that_may_have_been_bought_for_the_first_wish_is_given_back(swedish, provider):
    sender = change_number(swedish, country="FR")
    bought = OwnedNumber("+33700000001", "FR")
    provider.numbers[bought.number] = bought
    SenderNumber.objects.filter(pk=sender.pk).update(number=bought.number, buying_since=timezone.now())
    changed(swedish)
    assert give_back(now=days(1)) == 1
    assert set(provider.numbers) == {SENDER, SWEDISH}


def test_nothing_is_changed_while_a_purchase_is_under_way(swedish):
    sender = change_number(swedish, country="FR")
    SenderNumber.objects.filter(pk=sender.pk).update(lease_until=days(0.001))
    with pytest.raises(IllegalTransition, match="two minutes"):
        change_number(swedish, country="SE")


def test_the_database_refuses_a_second_number_in_use_and_one_that_still_listens_elsewhere(swedish, other_site):
    changed(swedish)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_number(swedish, "+12015550166")
    SenderNumber.objects.filter(site=other_site).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_number(other_site, SENDER)


def test_a_number_that_came_back_to_the_market_hears_the_stops_of_both_its_owners(client, swedish, other_site):
    changed(swedish)
    give_back(now=days(31))
    SenderNumber.objects.filter(site=other_site).delete()
    make_number(other_site, SENDER)
    old_friend, stranger = make_subscriber(swedish, PERSON), make_subscriber(other_site, "+12015550177")
    text_in(client, "STOP", recipient=SENDER)
    old_friend.refresh_from_db()
    stranger.refresh_from_db()
    assert (old_friend.status, stranger.status) == (SubscriberStatus.STOPPED, SubscriberStatus.ACTIVE)
    text_in(client, "Hello", recipient=SENDER, key="in-2")
    from wagtail_sms.delivery.models import InboundEvent

    assert list(InboundEvent.objects.filter(body="Hello").values_list("site", flat=True)) == [other_site.pk]


# The number that sites in trial share


@pytest.fixture
def shared(site, other_site, settings):
    """Both sites texted the same person from the shared number once; the second has a number of its own by now."""
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "SHARED_NUMBER": "+12015550177"}
    SenderNumber.objects.all().delete()
    make_number(None, "+12015550177")
    return "+12015550177"


def test_a_stop_to_the_shared_number_is_for_every_site_that_texted_the_person_from_it(client, site, other_site, shared):
    third = make_third(site)
    people = [make_subscriber(one, PERSON) for one in (site, other_site, third)]
    for one in (site, other_site):
        sent(one)
    make_number(other_site, "+12015550199")
    text_in(client, "STOP", recipient=shared)
    for person in people:
        person.refresh_from_db()
    stopped, active = SubscriberStatus.STOPPED, SubscriberStatus.ACTIVE
    assert [person.status for person in people] == [stopped, stopped, active]


def test_a_start_to_the_shared_number_is_for_the_site_that_they_signed_up_at_again(client, site, other_site, shared):
    """They left one site; at the other one they signed up and were told to text START, since the network blocks."""
    left = make_subscriber(site, PERSON)
    sent(site)
    text_in(client, "STOP", recipient=shared, key="stop")
    wanted = consent.opt_in(
        other_site, number=parse(PERSON), wording=current_wording(other_site), waits_for_start=True
    ).subscriber
    text_in(client, "START", recipient=shared, key="start")
    left.refresh_from_db()
    wanted.refresh_from_db()
    assert (left.status, wanted.status) == (SubscriberStatus.STOPPED, SubscriberStatus.ACTIVE)


def test_a_start_of_somebody_whom_only_a_sign_up_knows_is_heard(client, site, other_site, shared):
    wanted = consent.opt_in(site, number=parse(PERSON), wording=current_wording(site), waits_for_start=True).subscriber
    text_in(client, "START", recipient=shared)
    wanted.refresh_from_db()
    assert wanted.status == SubscriberStatus.ACTIVE


def make_third(site):
    from tests.factories import make_installed_site

    return make_installed_site("third.example", name="Third", number="+12015550188")


# Asking the operator


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", "boss@example.org", "secret")


def test_a_request_is_mailed_to_the_operator_once(swedish, boss):
    request, is_new = number_requests.request_country(swedish, country="SE", reason="Our guests are Swedish.", by=boss)
    assert is_new
    assert number_requests.request_country(swedish, country="FR") == (request, False)
    tasks.tell_operators()
    tasks.tell_operators()
    [letter] = mail.outbox
    assert letter.to == ["boss@example.org"]
    assert "Sweden" in letter.subject
    assert "Our guests are Swedish." in letter.body
    assert "/sms/numbers/" in letter.body


def test_operators_are_those_who_may_change_senders(swedish, boss, django_user_model):
    from tests.admin.conftest import permission

    support = django_user_model.objects.create_user("support", "support@example.org", "secret")
    support.user_permissions.add(permission("change_sender"))
    assert list(number_requests.operators()) == [support]


def test_a_mail_that_fails_is_sent_with_the_next_sweep(swedish, boss, monkeypatch):
    number_requests.request_country(swedish, country="SE")
    monkeypatch.setattr(number_requests, "send_mail", lambda *args: 1 / 0)
    assert number_requests.tell_operators() == 0
    monkeypatch.undo()
    assert number_requests.tell_operators(now=days(0.1)) == 1


def test_granting_changes_the_number_and_closes_the_request(swedish, boss):
    request, _new = number_requests.request_country(swedish, country="SE")
    number_requests.grant(request, country="SE", by=boss)
    for pk in due():
        provision(pk)
    assert sender_for(swedish).number == SWEDISH
    assert CountryRequest.objects.get().status == CountryRequestStatus.DONE
    with pytest.raises(IllegalTransition, match="already"):
        number_requests.decline(request, answer="No.", by=boss)


def test_granting_twice_asks_for_one_number(swedish, boss):
    request, _new = number_requests.request_country(swedish, country="SE")
    number_requests.grant(request, country="SE", by=boss)
    with pytest.raises(IllegalTransition):
        number_requests.grant(request, country="FR", by=boss)
    assert [wanted.country for wanted in SenderNumber.objects.filter(status="requested")] == ["SE"]


def test_declining_leaves_the_number_and_a_word(swedish, boss):
    request, _new = number_requests.request_country(swedish, country="FR")
    number_requests.decline(request, answer="French numbers need papers.", by=boss)
    assert CountryRequest.objects.get().answer == "French numbers need papers."
    assert sender_for(swedish).number == SENDER
    assert number_requests.request_country(swedish, country="SE")[1]


def test_a_site_in_trial_can_not_ask(swedish):
    from wagtail_sms.extension import Extension

    Extension.objects.filter(site=swedish).update(plan=ExtensionPlan.TRIAL)
    with pytest.raises(IllegalTransition, match="trial"):
        number_requests.request_country(swedish, country="SE")
