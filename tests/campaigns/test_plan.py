"""How an audience becomes batches: whole, once, for the right provider, and within the credits that were confirmed."""

from datetime import timedelta

import pytest

from tests.delivery.sending import launched
from tests.factories import give_credits, make_card, make_number, make_subscribers
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import dispatch
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.delivery.sweep import resume_rested, sweep
from wagtail_sms.providers.base import Outcome
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import CampaignStatus, DeliveryStatus, SenderStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db
HERE, THERE = "+12015550123", "+12015550155"


@pytest.fixture
def both(site, second):
    """The site with a number at two providers, of which one serves the US and the other France."""
    make_card({"US": (1, "default"), "FR": (8, "second")})
    make_number(site, THERE, provider="second")
    give_credits(site, 5000)
    return site


def interleaved(site, people: int) -> list[Subscriber]:
    """Americans and French who signed up in turns."""
    for position in range(people):
        make_subscribers(site, 1, country="FR" if position % 3 == 2 else "US", start=position)
    return list(Subscriber.objects.order_by("pk"))


def cut(campaign) -> list[tuple]:
    """The batches as (provider, sender, people, credits), with the people's place in the audience instead of keys."""
    place = {pk: n for n, pk in enumerate(Subscriber.objects.order_by("pk").values_list("pk", flat=True))}
    rows = Batch.objects.filter(campaign=campaign).order_by("pk")
    return [
        (row.provider, row.sender, place[row.first_id], place[row.last_id], row.recipients, row.credits) for row in rows
    ]


def test_batches_are_cut_per_provider_with_the_sites_number_there(both, second, monkeypatch):
    monkeypatch.setattr(type(second), "max_recipients_per_request", 4)
    interleaved(both, 15)
    campaign = launched(both)
    plan(campaign.pk)
    # The same rows on PostgreSQL and SQLite.
    assert cut(campaign) == [
        ("default", HERE, 0, 4, 4, 4),
        ("second", THERE, 2, 11, 4, 32),
        ("default", HERE, 6, 10, 4, 4),
        ("default", HERE, 12, 13, 2, 2),
        ("second", THERE, 14, 14, 1, 8),
    ]


def test_each_provider_has_its_own_limit_of_recipients(both, second, monkeypatch):
    monkeypatch.setattr(second, "max_recipients_per_request", 2, raising=False)
    interleaved(both, 15)
    campaign = launched(both)
    plan(campaign.pk)
    assert [row[4] for row in cut(campaign) if row[0] == "second"] == [2, 2, 1]
    assert [row[4] for row in cut(campaign) if row[0] == "default"] == [10]


def test_cutting_one_person_at_a_time_loses_and_doubles_nobody(both):
    people = interleaved(both, 9)
    campaign = launched(both)
    assert plan(campaign.pk, chunk=1) == 9
    assert cut(campaign) == [
        (("second", THERE) if person.country == "FR" else ("default", HERE))
        + (place, place, 1, 8 if person.country == "FR" else 1)
        for place, person in enumerate(people)
    ]


def test_a_crash_between_two_chunks_loses_and_doubles_nobody(both, monkeypatch):
    people = interleaved(both, 12)
    campaign = launched(both)
    save, saved = Campaign.save, []

    def crash_at_the_third(self, **kwargs):
        saved.append(self.planned_through)
        if len(saved) == 3:
            raise SystemError("killed")
        save(self, **kwargs)

    monkeypatch.setattr(Campaign, "save", crash_at_the_third)
    with pytest.raises(SystemError):
        plan(campaign.pk, chunk=5)
    monkeypatch.undo()
    campaign.refresh_from_db()
    assert campaign.planned_through == people[9].pk
    plan(campaign.pk, chunk=5)
    assert sum(row[4] for row in cut(campaign)) == 12
    dispatch()
    dispatch(provider="second")
    assert Delivery.objects.filter(campaign=campaign, status=DeliveryStatus.HANDED).count() == 12


def reach(campaign, *, credits: int, through: int, recipients: int, cost: int) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(
        reach_credits=credits, reach_through=through, recipients=recipients, credits=cost
    )


@pytest.mark.parametrize("chunk", [1, 4, 50_000])
def test_only_those_whom_the_credits_reach_are_planned_and_texted(both, provider, second, chunk):
    people = interleaved(both, 12)
    campaign = launched(both)
    # All 8 Americans and the first two of the French.
    reach(campaign, credits=8, through=people[5].pk, recipients=10, cost=24)
    plan(campaign.pk, chunk=chunk)
    assert (sum(row[4] for row in cut(campaign)), sum(row[5] for row in cut(campaign))) == (10, 24)
    dispatch()
    dispatch(provider="second")
    assert len(provider.texts) == 8
    assert {number for number, _body in second.texts} == {people[2].number, people[5].number}
    found = progress(Campaign.objects.get(pk=campaign.pk))
    assert (found.total, found.accepted, found.skipped, found.credits_charged) == (10, 10, 0, 24)
    assert not Delivery.objects.exclude(status=DeliveryStatus.HANDED).exists()


def test_who_is_out_of_reach_gets_no_row_even_when_they_leave_meanwhile(both):
    people = interleaved(both, 6)
    campaign = launched(both)
    reach(campaign, credits=8, through=people[2].pk, recipients=5, cost=12)
    plan(campaign.pk)
    consent.stop(both, number=people[5].number)
    consent.stop(both, number=people[2].number)
    dispatch()
    dispatch(provider="second")
    skipped = Delivery.objects.filter(status=DeliveryStatus.SKIPPED).values_list("subscriber_id", flat=True)
    assert list(skipped) == [people[2].pk]
    assert Delivery.objects.count() == 5


def test_a_dear_sign_up_seen_too_late_costs_nobody_else_the_message(both, provider, second):
    people = interleaved(both, 12)
    late = people[5]
    Subscriber.objects.filter(pk=late.pk).delete()
    campaign = launched(both)
    late.status_changed_at = campaign.launched_at - timedelta(milliseconds=1)
    late.save(force_insert=True)
    plan(campaign.pk)
    dispatch()
    dispatch(provider="second")
    sent = {number for number, _body in provider.texts + second.texts}
    assert sent == {person.number for person in people} - {late.number}
    found = progress(Campaign.objects.get(pk=campaign.pk))
    assert (found.credits_charged, found.credits_held) == (campaign.credits, 0)


def test_a_number_that_is_gone_at_the_cut_pauses_the_campaign_and_nobody_is_left_out(both, second):
    people = interleaved(both, 6)
    campaign = launched(both)
    SenderNumber.objects.filter(provider="second").update(status=SenderStatus.REQUESTED)
    plan(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.status, Batch.objects.count()) == (CampaignStatus.PAUSED, 0)
    assert "sender number" in campaign.paused_reason
    SenderNumber.objects.filter(provider="second").update(status=SenderStatus.ACTIVE)
    assert resume_rested(now=campaign.resume_at) == 1
    plan(campaign.pk)
    assert sum(row[4] for row in cut(campaign)) == len(people)


def test_a_provider_taken_out_of_the_settings_pauses_the_campaign_until_the_operator_acts(both, settings):
    interleaved(both, 6)
    campaign = launched(both)
    everything = settings.WAGTAIL_SMS
    only = {"default": everything["PROVIDERS"]["default"]}
    settings.WAGTAIL_SMS = {**everything, "PROVIDERS": only}
    plan(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.resume_at) == (CampaignStatus.PAUSED, None)
    settings.WAGTAIL_SMS = everything
    Campaign.objects.filter(pk=campaign.pk).update(status=CampaignStatus.SENDING)
    plan(campaign.pk)
    assert sum(row[4] for row in cut(campaign)) == 6


def test_planning_wakes_the_lane_of_each_provider(both, monkeypatch, django_capture_on_commit_callbacks):
    interleaved(both, 6)
    campaign = launched(both)
    woken = []
    monkeypatch.setattr("wagtail_sms.wake._publish", lambda task, args: woken.append((task, *args)))
    with django_capture_on_commit_callbacks(execute=True):
        plan(campaign.pk)
    assert sorted(woken) == [("wagtail_sms.dispatch", "default"), ("wagtail_sms.dispatch", "second")]
    woken.clear()
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    assert {("wagtail_sms.dispatch", "default"), ("wagtail_sms.dispatch", "second")} <= set(woken)


def test_credits_of_who_left_before_the_cut_come_back_though_somebody_else_stays_uncertain(site, provider):
    people = make_subscribers(site, 3)
    provider.script[people[0].number] = Outcome.UNCERTAIN
    campaign = launched(site)
    consent.erase(people[1], by=None)
    plan(campaign.pk)
    dispatch()
    found = progress(Campaign.objects.get(pk=campaign.pk))
    assert (found.uncertain, found.accepted, found.skipped) == (1, 1, 1)
    assert (found.credits_held, found.credits_charged, found.credits_released) == (1, 1, 1)
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (498, 1)
    assert ledger.audit(site) == []
