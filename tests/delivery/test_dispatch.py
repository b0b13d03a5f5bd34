from datetime import timedelta
from itertools import count
from threading import Event

import pytest
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.factories import give_credits, make_subscriber, make_subscribers
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.campaigns.steering import cancel, pause, resume
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import turn
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch, expire_leases
from wagtail_sms.delivery.lanes import acquire, reset
from wagtail_sms.delivery.lookup import look_up_uncertain
from wagtail_sms.delivery.models import Batch, Delivery, Lane
from wagtail_sms.delivery.refusals import Refusals
from wagtail_sms.delivery.reports import fold
from wagtail_sms.delivery.sweep import resume_rested, sweep
from wagtail_sms.exceptions import IllegalTransition, ProviderConfigurationError, ProviderUnavailable
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import Outcome
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SkipReason, SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db


def people_sum(found) -> int:
    states = ("waiting", "sending", "accepted", "sent", "delivered", "undelivered", "expired", "rejected")
    return sum(getattr(found, name) for name in (*states, "skipped", "uncertain", "cancelled"))


def test_everybody_is_texted_once_and_charged_what_was_confirmed(site, provider):
    make_subscribers(site, 120)
    campaign = sent(site)
    recipients = [recipient for recipient, _body in provider.texts]
    found = progress(campaign)
    assert len(recipients) == len(set(recipients)) == 120
    assert [len(batch.recipients) for batch in sorted(provider.outbox, key=lambda b: b.recipients)] == [50, 50, 20]
    assert (campaign.status, found.accepted, found.credits_charged) == (CampaignStatus.DONE, 120, 120)
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (380, 0)
    assert ledger.audit(site) == []


def test_planning_in_small_chunks_cuts_the_same_audience(site):
    make_subscribers(site, 120)
    whole, chunked = launched(site), launched(site, body="Again")
    plan(whole.pk)
    plan(chunked.pk, chunk=50)
    figures = [
        list(Batch.objects.filter(campaign=c).order_by("first_id").values_list("first_id", "last_id", "recipients"))
        for c in (whole, chunked)
    ]
    assert figures[0] == figures[1]


def test_dispatching_again_sends_nothing_twice(site, provider):
    make_subscribers(site, 60)
    campaign = sent(site)
    plan(campaign.pk)
    dispatch()
    assert len(provider.texts) == 60


def test_who_stops_between_launch_and_sending_is_skipped_and_their_credits_come_back(site, provider):
    people = make_subscribers(site, 10)
    campaign = launched(site)
    plan(campaign.pk)
    consent.stop(site, number=people[3].number)
    consent.suspend(people[4], by=None)
    consent.erase(people[5], by=None)
    dispatch()
    found = progress(campaign)
    assert {number for number, _ in provider.texts}.isdisjoint(person.number for person in people[3:6])
    assert (found.accepted, found.skipped, people_sum(found)) == (7, 3, 10)
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (493, 0)
    reasons = dict(Delivery.objects.filter(status=DeliveryStatus.SKIPPED).values_list("subscriber_id", "reason"))
    assert reasons == {people[3].pk: SkipReason.STOPPED, people[4].pk: SkipReason.SUSPENDED}


def test_who_joins_or_is_switched_on_after_the_launch_is_not_in_it(site, provider):
    make_subscribers(site, 2)
    rested = make_subscriber(site, "+12015550901", status=SubscriberStatus.SUSPENDED)
    campaign = launched(site)
    consent.resume(rested, by=None)
    make_subscriber(site, "+12015550902")
    plan(campaign.pk)
    dispatch()
    assert len(provider.texts) == 2
    assert progress(campaign).credits_charged == 2


def test_a_refused_number_is_final_and_free(site, provider):
    people = make_subscribers(site, 3)
    provider.script[people[1].number] = Outcome.REJECTED
    campaign = sent(site)
    found = progress(campaign)
    assert (found.accepted, found.rejected, found.credits_charged, found.credits_released) == (2, 1, 2, 1)
    assert campaign.status == CampaignStatus.DONE


def test_an_uncertain_recipient_keeps_the_credits_held_and_is_never_resent(site, provider):
    people = make_subscribers(site, 3)
    provider.script[people[1].number] = Outcome.UNCERTAIN
    campaign = sent(site)
    sweep()
    dispatch()
    found = progress(campaign)
    assert (found.accepted, found.uncertain, found.credits_charged, found.credits_held) == (2, 1, 2, 1)
    assert len(provider.outbox) == 1
    assert ledger.balance(site).reserved == 1


def test_the_gateway_down_pauses_the_campaign_which_goes_on_by_itself_and_loses_nobody(site, provider):
    make_subscribers(site, 60)
    provider.failures.extend([ProviderUnavailable()] * 16)
    campaign = sent(site)
    assert (campaign.status, provider.texts) == (CampaignStatus.PAUSED, [])
    assert campaign.resume_at is not None
    assert progress(campaign).waiting == 60
    provider.failures.clear()
    later = campaign.resume_at + timedelta(seconds=1)
    assert resume_rested(now=later) == 1
    Batch.objects.update(next_attempt_at=timezone.now())
    reset("campaigns:default")
    dispatch()
    campaign.refresh_from_db()
    assert (campaign.status, len(provider.texts)) == (CampaignStatus.DONE, 60)
    assert ledger.balance(site).available == 440


def test_a_provider_that_is_busy_now_and_then_is_not_left_in_peace_for_longer_each_time(site, settings, monkeypatch):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "CONCURRENT_REQUESTS": 1}
    make_subscribers(site, 400)
    provider, requests = get_provider(), count(1)
    send = provider.send_batch

    def busy_at_every_third(batch):
        if next(requests) % 3 == 0:
            raise ProviderUnavailable
        return send(batch)

    monkeypatch.setattr(provider, "send_batch", busy_at_every_third)
    campaign = sent(site)
    pauses = []
    while campaign.status == CampaignStatus.PAUSED:
        pauses.append((campaign.resume_at - timezone.now()).total_seconds())
        later = campaign.resume_at + timedelta(seconds=1)
        Lane.objects.update(resume_at=timezone.now() - timedelta(seconds=1))
        resume_rested(now=later)
        Batch.objects.update(next_attempt_at=timezone.now())
        dispatch()
        campaign.refresh_from_db()
    assert len(pauses) > 2 and max(pauses) <= 5
    assert len(provider.texts) == 400


def test_who_stops_while_the_gateway_is_down_is_not_texted_when_it_is_back(site, provider):
    people = make_subscribers(site, 3)
    provider.failures.append(ProviderUnavailable())
    campaign = sent(site)
    consent.stop(site, number=people[0].number)
    resume_rested(now=campaign.resume_at + timedelta(seconds=1))
    Batch.objects.update(next_attempt_at=timezone.now())
    reset("campaigns:default")
    dispatch()
    found = progress(campaign)
    assert {number for number, _ in provider.texts} == {people[1].number, people[2].number}
    assert (found.accepted, found.skipped, found.credits_released) == (2, 1, 1)


def test_wrong_settings_pause_until_somebody_acts(site, provider):
    make_subscribers(site, 3)
    provider.failures.append(ProviderConfigurationError("wrong key"))
    campaign = sent(site)
    assert (campaign.status, campaign.resume_at) == (CampaignStatus.PAUSED, None)
    assert campaign.paused_reason
    resume(campaign)
    dispatch()
    assert len(provider.texts) == 3


def test_a_worker_that_died_leaves_its_batch_uncertain_not_requeued(site, provider):
    make_subscribers(site, 3)
    campaign = launched(site)
    plan(campaign.pk)
    claim(5, provider="default", now=timezone.now())
    assert expire_leases(now=timezone.now() + timedelta(hours=1)) == 1
    dispatch()
    found = progress(campaign)
    assert (found.uncertain, found.credits_held, provider.texts) == (3, 3, [])


def test_an_expired_batch_that_the_provider_knows_is_settled_by_lookup(site, provider):
    make_subscribers(site, 3)
    campaign = sent(site)
    Batch.objects.filter(campaign=campaign).update(status=BatchStatus.UNCERTAIN, next_attempt_at=timezone.now())
    assert look_up_uncertain() == 3
    fold()
    assert progress(campaign).sent == 3


def test_only_one_task_sends_in_a_lane(site, provider):
    make_subscribers(site, 3)
    campaign = launched(site)
    plan(campaign.pk)
    Lane.objects.update_or_create(
        name="campaigns:default", defaults={"holder": "x", "lease_until": timezone.now() + timedelta(minutes=1)}
    )
    assert dispatch() == 0
    assert provider.texts == []


def test_pause_resume_and_cancel_in_the_middle_release_the_rest(site, provider):
    make_subscribers(site, 5)
    campaign = launched(site)
    plan(campaign.pk)
    pause(campaign)
    assert dispatch() == 0
    resume(campaign)
    cancel(campaign)
    dispatch()
    assert provider.texts == []
    assert (progress(campaign).cancelled, ledger.balance(site).available) == (5, 500)
    with pytest.raises(IllegalTransition):
        resume(campaign)


def test_one_site_never_texts_from_anothers_number_or_to_its_people(site, other_site, provider):
    make_subscribers(site, 2)
    make_subscribers(other_site, 2, start=50)
    give_credits(other_site, 10)
    sent(other_site, body="Prints!")
    assert {batch.sender for batch in provider.outbox} == {"+12015550199"}
    assert len(provider.texts) == 2
    assert ledger.balance(site).available == 500


def sweep_for_days(days: int) -> None:
    for hours in range(0, 24 * days, 12):
        sweep(now=timezone.now() + timedelta(hours=hours))


def test_cancelling_while_a_request_is_refused_gives_all_credits_back(site, provider):
    make_subscribers(site, 60)
    campaign = launched(site)
    plan(campaign.pk)
    claimed = claim(10, provider="default", now=timezone.now())
    cancel(Campaign.objects.get(pk=campaign.pk))
    acquire("campaigns:default", now=timezone.now())
    refusals = Refusals("campaigns:default")
    for one in claimed:
        refusals.add(one.batch, ProviderUnavailable())
    refusals.settle(now=timezone.now())
    sweep()
    assert set(Batch.objects.values_list("status", flat=True)) == {BatchStatus.CANCELLED}
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (500, 0)


@pytest.mark.parametrize("seen", ["by the plan", "by the claim"])
def test_a_sign_up_committed_too_late_costs_nobody_else_the_message_and_nothing_more(site, provider, seen):
    people = make_subscribers(site, 100)
    late = people[20]
    Subscriber.objects.filter(pk=late.pk).delete()
    campaign = launched(site)
    late.status_changed_at = campaign.launched_at - timedelta(milliseconds=1)
    if seen == "by the claim":
        plan(campaign.pk)
    late.save(force_insert=True)
    plan(campaign.pk)
    dispatch()
    found = progress(Campaign.objects.get(pk=campaign.pk))
    assert len(provider.texts) >= 98
    assert found.credits_charged <= campaign.credits
    assert (found.uncertain, people_sum(found), ledger.balance(site).reserved) == (0, 99, 0)
    assert ledger.audit(site) == []


def test_a_killed_batch_with_nobody_to_text_holds_no_credits(site):
    people = make_subscribers(site, 5)
    campaign = launched(site)
    plan(campaign.pk)
    for person in people:
        consent.stop(site, number=person.number)
    claim(10, provider="default", now=timezone.now())
    sweep_for_days(2)
    assert (ledger.balance(site).available, ledger.balance(site).reserved) == (500, 0)


def test_somebody_deleted_while_uncertain_holds_no_credits_for_ever(site, provider):
    [person] = make_subscribers(site, 1)
    provider.script[person.number] = Outcome.UNCERTAIN
    campaign = sent(site)
    consent.erase(person, by=None)
    sweep_for_days(2)
    assert (progress(campaign).uncertain, ledger.balance(site).reserved) == (1, 0)


def test_a_stop_while_others_are_being_sent_is_in_time(site, provider, settings, monkeypatch):
    """People are looked at when their own request is near, not when the message began to go out."""
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "CONCURRENT_REQUESTS": 2}
    provider = get_provider()
    people = make_subscribers(site, 300)
    send_batch = provider.send_batch

    def stop_the_last(batch):
        if people[0].number in batch.recipients:
            stopped.set()
        return send_batch(batch)

    stopped, claim_before = Event(), turn.claim

    def claim_after_a_stop(*args, **kwargs):
        if stopped.is_set():
            consent.stop(site, number=people[-1].number)
        return claim_before(*args, **kwargs)

    monkeypatch.setattr(provider, "send_batch", stop_the_last)
    monkeypatch.setattr(turn, "claim", claim_after_a_stop)
    campaign = sent(site)
    assert people[-1].number not in {number for number, _body in provider.texts}
    assert (progress(campaign).accepted, progress(campaign).skipped) == (299, 1)


def test_a_recipient_that_surely_got_nothing_is_tried_again_alone(site, provider):
    people = make_subscribers(site, 3)
    provider.script[people[1].number] = Outcome.NOT_SENT
    campaign = sent(site)
    assert (progress(campaign).accepted, progress(campaign).waiting) == (2, 1)
    provider.script.clear()
    Batch.objects.update(next_attempt_at=timezone.now())
    dispatch()
    campaign.refresh_from_db()
    recipients = [number for number, _body in provider.texts]
    assert sorted(recipients) == sorted(person.number for person in people)
    assert (campaign.status, progress(campaign).accepted, progress(campaign).skipped) == (CampaignStatus.DONE, 3, 0)
    assert progress(campaign).credits_charged == 3


def test_a_mixed_answer_keeps_each_recipients_own_truth(site, provider):
    people = make_subscribers(site, 4)
    provider.script[people[0].number] = Outcome.UNCERTAIN
    provider.script[people[1].number] = Outcome.REJECTED
    provider.script[people[2].number] = Outcome.NOT_SENT
    campaign = sent(site)
    provider.script.clear()
    Batch.objects.update(next_attempt_at=timezone.now())
    dispatch()
    found = progress(campaign)
    assert (found.accepted, found.uncertain, found.rejected, people_sum(found)) == (2, 1, 1, 4)
    assert (found.credits_charged, found.credits_held, found.credits_released) == (2, 1, 1)
    assert len(provider.outbox[1].recipients) == 1
