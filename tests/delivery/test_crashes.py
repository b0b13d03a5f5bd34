"""What is found after a worker was killed: its claims have expired, and perhaps its journal is there."""

from datetime import timedelta
from itertools import count
from time import sleep

import pytest
from django.utils import timezone

from tests.delivery.sending import launched
from tests.factories import give_credits, make_subscribers
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.delivery import journal, notice_queue, turn
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch, expire_leases
from wagtail_sms.delivery.journal import Journal, begun
from wagtail_sms.delivery.lookup import look_up_uncertain
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.delivery.notices import welcome
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.phone import parse
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import Outcome, ReportStatus, StatusReport
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SkipReason
from wagtail_sms.subscribers.consent import opt_in
from wagtail_sms.subscribers.texts import current_wording


pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    journal = str(tmp_path / "journal")
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "JOURNAL_FOLDER": journal, "CONCURRENT_REQUESTS": 2}
    return tmp_path / "journal"


@pytest.fixture
def campaign(site, folder):
    make_subscribers(site, 120)
    campaign = launched(site)
    plan(campaign.pk)
    return campaign


def killed(task: str, *, begun: int = 0, claims: int = 1) -> list:
    """What a task leaves that was killed after it had claimed everything and begun so many requests."""
    notes = Journal(task)
    claimed = claim(10, provider="default", now=timezone.now(), token=f"{task}:{claims}")
    for one in claimed[:begun]:
        notes.begin(one.batch.claim, one.batch.pk)
    return claimed


def expired() -> int:
    """Ten minutes after the kill."""
    Batch.objects.filter(status=BatchStatus.SENDING).update(lease_until=timezone.now() - LATER)
    return expire_leases(now=timezone.now())


def test_what_was_not_begun_is_sent_by_another_and_the_rest_is_uncertain(campaign, provider):
    [doubtful, *_untouched] = killed("first", begun=1)
    assert expired() == 3
    dispatch()
    found = progress(campaign)
    assert (found.accepted, found.uncertain, found.credits_charged, found.credits_held) == (70, 50, 70, 50)
    texted = {number for number, _body in provider.texts}
    assert texted.isdisjoint(doubtful.numbers.values())
    assert ledger.audit(campaign.site) == []


@pytest.mark.parametrize("reason", ["another machine", "the machine was started again", "no such journal"])
def test_without_a_journal_that_can_be_trusted_everything_is_uncertain(campaign, provider, folder, monkeypatch, reason):
    killed("first")
    if reason == "the machine was started again":
        (folder / "first").write_text("another boot\n")
    elif reason == "another machine":
        monkeypatch.setattr(journal, "_running_system", lambda: "their kernel")
    else:
        (folder / "first").unlink()
    expired()
    dispatch()
    assert (progress(campaign).uncertain, provider.texts) == (120, [])


def test_an_earlier_claim_of_the_same_task_says_nothing_about_this_one(campaign):
    notes = Journal("first")
    [one, *_rest] = claim(1, provider="default", now=timezone.now(), token="first:2")
    notes.begin("first:1", one.batch.pk)
    expired()
    assert Batch.objects.get(pk=one.batch.pk).status == BatchStatus.QUEUED


def test_who_stopped_after_the_crash_is_not_texted_by_the_next_worker(campaign, provider):
    from wagtail_sms.subscribers import consent

    claimed = killed("first")
    number = next(iter(claimed[0].numbers.values()))
    consent.stop(campaign.site, number=number)
    expired()
    dispatch()
    assert number not in {texted for texted, _body in provider.texts}
    assert (progress(campaign).accepted, progress(campaign).skipped) == (119, 1)


def test_a_batch_that_takes_its_worker_along_each_time_is_given_up_while_the_others_go_out(campaign, provider):
    poison = Batch.objects.order_by("pk").first()
    for time in range(10):
        claimed = killed(f"task{time}")
        alone = [one.batch.pk for one in claimed] == [poison.pk]
        if time == 0:
            expired()
            Batch.objects.exclude(pk=poison.pk).update(crashes=0)
            dispatch_all_but(poison)
        elif not claimed:
            break
        else:
            assert alone, "whoever was killed before is claimed alone, so that it can't take others along"
            expired()
    sweep()
    found = progress(Campaign.objects.get(pk=campaign.pk))
    poison.refresh_from_db()
    assert (poison.status, poison.crashes, poison.error_code) == (BatchStatus.CANCELLED, 4, "quarantined")
    assert (found.accepted, found.cancelled, found.credits_charged) == (70, 50, 70)
    assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.DONE
    assert (ledger.balance(campaign.site).available, ledger.balance(campaign.site).reserved) == (430, 0)
    assert ledger.audit(campaign.site) == []


def dispatch_all_but(poison: Batch) -> None:
    soon = timezone.now() + timedelta(hours=1)
    Batch.objects.filter(pk=poison.pk).update(next_attempt_at=soon)
    dispatch()
    Batch.objects.filter(pk=poison.pk).update(next_attempt_at=timezone.now())


def test_a_journal_that_cannot_be_written_is_never_trusted(folder, monkeypatch):
    notes = Journal("first")
    assert begun("first") == set()

    def disk_full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(journal.os, "write", disk_full)
    notes.begin("first:1", 7)
    assert begun("first") is None


def test_a_journal_of_a_task_that_ended_is_gone(campaign, folder):
    dispatch()
    assert list(folder.iterdir()) == []


def test_a_folder_that_others_can_write_to_is_not_used(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    Journal("first")
    assert (begun("first"), list(folder.iterdir())) == (None, [])


# What the provider surely never had


def test_what_the_provider_surely_never_had_is_given_up_in_ten_minutes_and_costs_nothing(campaign, provider):
    for batch in claim(10, provider="default", now=timezone.now()):
        assert batch.numbers
    now = timezone.now() + LATER
    expire_leases(now=now)
    look_up_uncertain(now=now)
    assert progress(campaign).uncertain == 120
    look_up_uncertain(now=now + timedelta(minutes=6))
    sweep()
    found = progress(campaign)
    assert (found.uncertain, found.lost, found.credits_held, found.credits_released) == (0, 120, 0, 120)
    assert (found.skipped, found.waiting, found.fraction) == (0, 0, 1.0)
    assert set(Delivery.objects.values_list("reason", flat=True)) == {SkipReason.LOST}
    assert provider.texts == []
    assert Campaign.objects.get(pk=campaign.pk).status == CampaignStatus.DONE


def test_a_report_that_comes_after_all_is_believed_and_charged_to_nobody(campaign, provider):
    test_what_the_provider_surely_never_had_is_given_up_in_ten_minutes_and_costs_nothing(campaign, provider)
    batch = Batch.objects.order_by("pk").first()
    person = Delivery.objects.filter(batch=batch).order_by("subscriber_id").first().subscriber
    said = StatusReport(batch.reference, "id", person.number, ReportStatus.DELIVERED, timezone.now(), "late")
    append([said], provider="default")
    fold()
    found = progress(campaign)
    assert (found.delivered, found.lost, found.skipped, found.credits_charged) == (1, 119, 0, 0)
    assert ledger.audit(campaign.site) == []


def test_a_provider_that_is_never_sure_leaves_it_to_a_person(campaign, provider, monkeypatch):
    monkeypatch.setattr(provider, "lookup_is_final_after", None)
    claim(10, provider="default", now=timezone.now())
    for hours in range(0, 72, 6):
        sweep(now=timezone.now() + timedelta(hours=hours, minutes=10))
    assert (progress(campaign).uncertain, progress(campaign).credits_held) == (120, 120)


# Fair turns, and too much that goes wrong


def test_a_small_campaign_does_not_wait_behind_a_large_one(site, other_site):
    make_subscribers(site, 450)
    make_subscribers(other_site, 60, start=600)
    give_credits(other_site, 100)
    large, small = launched(site, body="large"), launched(other_site, body="small")
    for campaign in (large, small):
        plan(campaign.pk)
    first = claim(4, provider="default", now=timezone.now())
    assert {one.batch.campaign.body for one in first} == {"large", "small"}
    assert len(first) == 4


def test_a_campaign_of_which_too_much_goes_wrong_pauses_and_says_so(site):
    provider = get_provider()
    people = make_subscribers(site, 450)
    for person in people[:400]:
        provider.script[person.number] = Outcome.REJECTED
    campaign = launched(site)
    plan(campaign.pk)
    dispatch()
    campaign.refresh_from_db()
    found = progress(campaign)
    assert (campaign.status, campaign.paused_reason[:5]) == (CampaignStatus.PAUSED, "100% ")
    assert 200 <= found.rejected < 400 and found.waiting > 0


def test_several_lanes_share_the_work_and_one_that_is_held_is_passed_over(campaign, settings, provider):
    from wagtail_sms.delivery import lanes

    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "SENDING_LANES": 2}
    kind, now = lanes.CAMPAIGNS % "default", timezone.now()
    first, second = lanes.acquire(kind, now=now), lanes.acquire(kind, now=now)
    assert {first.name, second.name} == {kind, f"{kind}:2"}
    assert lanes.acquire(kind, now=now) is None
    first.leave()
    assert lanes.acquire(kind, now=now).name == kind


def test_deliveries_say_who_was_handed_over_whatever_the_number_of_batches(campaign):
    claimed = claim(10, provider="default", now=timezone.now())
    rows = Delivery.objects.filter(campaign=campaign, status=DeliveryStatus.HANDED)
    assert sorted(rows.values_list("subscriber_id", flat=True)) == sorted(p for one in claimed for p in one.numbers)
    assert {batch.handed for batch in Batch.objects.filter(campaign=campaign)} == {50, 20}


def test_a_worker_that_stood_still_between_claim_and_request_sends_nothing_that_others_may_send(
    campaign, settings, monkeypatch
):
    """SIGSTOP right after the claim, for longer than the lease: meanwhile its batches were given to others."""
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "LEASE_SECONDS": 1}

    def claim_and_stand_still(*args, **kwargs):
        claimed = claim(*args, **kwargs)
        if next(claims) == 1:
            sleep(0.6)
            expired()
        return claimed

    claims = count(1)
    monkeypatch.setattr(turn, "claim", claim_and_stand_still)
    for _turn in range(5):
        dispatch()
    texted = [number for number, _body in get_provider().texts]
    assert (len(texted), len(set(texted))) == (120, 120)


def test_a_worker_that_stood_still_before_a_text_to_one_person_does_not_send_it(site, settings, monkeypatch):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "LEASE_SECONDS": 1}
    give_credits(site, 500)
    welcome(opt_in(site, number=parse("+12015550100"), wording=current_wording(site)))
    claim_notices = notice_queue._claim

    def claim_and_stand_still(*args, **kwargs):
        claimed = claim_notices(*args, **kwargs)
        sleep(0.6)
        return claimed

    monkeypatch.setattr(notice_queue, "_claim", claim_and_stand_still)
    notice_queue.send_notices(provider="default", turn_seconds=0.1)
    assert get_provider().texts == []
