"""Where the credits went: the tables agree with each other and with the ledger, to the credit."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from tests.delivery.sending import launched, sent
from tests.delivery.test_notices import opt_in
from tests.delivery.test_reports import report
from tests.factories import give_credits, make_subscribers
from wagtail_sms.campaigns import spending
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.plan import plan
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.campaigns.spending import UNKNOWN, Span, by_campaign, by_country, by_month
from wagtail_sms.campaigns.steering import cancel
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation, Wallet
from wagtail_sms.delivery.claim import claim
from wagtail_sms.delivery.dispatch import dispatch, expire_leases
from wagtail_sms.delivery.models import Batch, Delivery, Notice
from wagtail_sms.delivery.notice_queue import send_notices
from wagtail_sms.delivery.notices import pay_for_waiting
from wagtail_sms.delivery.reports import append, fold
from wagtail_sms.delivery.settle import REFUNDABLE
from wagtail_sms.delivery.sweep import sweep
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.providers.base import Outcome, ReportStatus
from wagtail_sms.states import BatchStatus, DeliveryStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import Subscriber


pytestmark = pytest.mark.django_db


def by_ledger(site) -> int:
    """What the reservations say, in Python and without any of the code under test."""
    rows = Reservation.objects.filter(wallet=ledger.wallet_for(site)).values_list("captured", "refunded")
    return sum(captured - refunded for captured, refunded in rows)


def credits_of(rows) -> int:
    return sum(row.credits for row in rows)


def countries(site, **options) -> dict[str, tuple[int, int]]:
    return {row.country: (row.texts, row.credits) for row in by_country(site, **options)}


def move(reservation, moment: datetime) -> None:
    """As if it had been made at that moment, with its campaign."""
    Reservation.objects.filter(pk=reservation.pk).update(created_at=moment)
    Campaign.objects.filter(reservation=reservation).update(launched_at=moment)


def report_all(campaign, status: ReportStatus, people) -> None:
    """The network's word on these people of a campaign, folded in."""
    numbers = {person.pk: person.number for person in people}
    rows = Delivery.objects.filter(campaign=campaign, subscriber_id__in=numbers)
    batches = Batch.objects.in_bulk(set(rows.values_list("batch_id", flat=True)))
    found = [report(batches[batch], numbers[pk], status) for pk, batch in rows.values_list("subscriber_id", "batch_id")]
    append(found, provider="default")
    fold()


def refund_undelivered(campaign) -> int:
    """What the operator's policy gives back: the credits of every text that was not delivered."""
    failed = Delivery.objects.filter(campaign=campaign, status__in=REFUNDABLE)
    amount = failed.aggregate(credits=Sum("credits"))["credits"] or 0
    ledger.refund(campaign.reservation, amount=amount, key=f"refund:{campaign.pk}:{amount}")
    return amount


def test_a_mix_of_everything_adds_up_to_the_ledger_in_every_table(site, other_site, provider):
    """Rejected, undelivered and refunded, uncertain, cancelled, erased, welcome texts, waiting texts; two sites."""
    give_credits(site, 20_000)
    chance = random.Random(20261123)
    people = [*make_subscribers(site, 130), *make_subscribers(site, 60, country="FR")]
    people += make_subscribers(site, 40, country="GB")
    for number in range(6):
        chosen = chance.sample(people, 60)
        for person in chosen:
            provider.script[person.number] = chance.choice([Outcome.REJECTED, Outcome.UNCERTAIN, Outcome.ACCEPTED])
        campaign = sent(site, body=f"Message {number} " + "long " * 40 * (number % 2))
        provider.script.clear()
        texted = Subscriber.objects.filter(site=site, pk__in=[person.pk for person in people])
        heard = chance.sample(list(texted), 80)
        report_all(campaign, ReportStatus.UNDELIVERED, heard[:20])
        report_all(campaign, ReportStatus.EXPIRED, heard[20:40])
        report_all(campaign, ReportStatus.DELIVERED, heard[40:])
        if number % 3:
            refund_undelivered(campaign)
        consent.erase(chance.choice(heard), by=None)
        opt_in(site, f"+3361299990{number}")
        assert credits_of(by_country(site)) == by_ledger(site)
    stopped = launched(site, body="Cancelled at once")
    plan(stopped.pk)
    cancel(stopped)
    send_notices()
    sweep()
    make_subscribers(other_site, 7)
    sent(other_site, body="Elsewhere")

    assert spending.total(site) == by_ledger(site) > 1000
    assert credits_of(by_month(site)) == by_ledger(site)
    assert credits_of(by_campaign(site)) == by_ledger(site)
    assert credits_of(by_country(site)) == by_ledger(site)
    assert set(countries(site)) == {"US", "FR", "GB"}
    assert countries(other_site) == {"US": (7, 7)}
    assert ledger.audit(site) == []


def test_the_condition_for_spent_deliveries_says_what_each_batch_was_charged(site, provider):
    people = make_subscribers(site, 110)
    provider.script.update({person.number: Outcome.UNCERTAIN for person in people[:10]})
    provider.script.update({person.number: Outcome.REJECTED for person in people[60:70]})
    campaign = sent(site)
    found = dict(
        Delivery.objects.filter(spending.spent(), campaign=campaign)
        .values_list("batch")
        .annotate(credits=Sum("credits"))
        .order_by()
    )
    assert found == dict(Batch.objects.filter(campaign=campaign).values_list("pk", "charged_credits"))
    assert Batch.objects.filter(campaign=campaign, status=BatchStatus.UNCERTAIN).count() == 1


def test_countries_count_the_texts_that_were_paid_for(site, provider):
    us, fr = make_subscribers(site, 5), make_subscribers(site, 3, country="FR")
    provider.script[us[0].number], provider.script[fr[0].number] = Outcome.REJECTED, Outcome.UNCERTAIN
    sent(site)
    assert countries(site) == {"US": (4, 4), "FR": (2, 2 * credits_for("FR"))}


def test_deleted_people_still_count_for_their_country(site):
    people = make_subscribers(site, 2, country="FR")
    campaign = sent(site)
    for person in people:
        consent.erase(person, by=None)
    cost = 2 * credits_for("FR")
    assert countries(site) == {"FR": (2, cost)}
    row = {"country": "FR", "recipients": 2, "delivered": 0, "failed": 0, "credits": cost}
    assert progress(campaign).by_country == (row,)


def test_the_campaign_page_charges_by_country_what_the_ledger_charged(site, provider):
    us, fr = make_subscribers(site, 4), make_subscribers(site, 2, country="FR")
    provider.script[us[0].number] = Outcome.REJECTED
    campaign = sent(site)
    report_all(campaign, ReportStatus.DELIVERED, [us[1], fr[0]])
    found = progress(campaign)
    assert found.by_country == (
        {"country": "US", "recipients": 4, "delivered": 1, "failed": 1, "credits": 3},
        {"country": "FR", "recipients": 2, "delivered": 1, "failed": 0, "credits": 2 * credits_for("FR")},
    )
    assert sum(row["credits"] for row in found.by_country) == found.credits_charged


def test_what_came_back_for_undelivered_texts_comes_off_their_country(site):
    us, fr = make_subscribers(site, 3), make_subscribers(site, 3, country="FR")
    campaign = sent(site)
    report_all(campaign, ReportStatus.UNDELIVERED, [us[0], fr[0], fr[1]])
    refund_undelivered(campaign)
    assert countries(site) == {"US": (3, 2), "FR": (3, credits_for("FR"))}


def test_a_refund_that_no_texts_explain_is_told_apart_and_the_total_still_agrees(site):
    us, _fr = make_subscribers(site, 3), make_subscribers(site, 3, country="FR")
    campaign = sent(site)
    report_all(campaign, ReportStatus.UNDELIVERED, us[:2])
    ledger.refund(campaign.reservation, amount=1, key="one of two")
    assert countries(site) == {"US": (3, 3), "FR": (3, 3 * credits_for("FR")), UNKNOWN: (0, -1)}
    assert credits_of(by_country(site)) == spending.total(site)


def test_messages_under_way_count_with_what_the_ledger_spent_so_far(site, provider):
    """A batch that is tried again for one of its people is not settled, although the others were taken."""
    people = make_subscribers(site, 70)
    provider.script[people[60].number] = Outcome.NOT_SENT
    campaign = launched(site)
    plan(campaign.pk)
    dispatch()
    again = Batch.objects.get(campaign=campaign, status=BatchStatus.QUEUED)
    assert again.deliveries.filter(status=DeliveryStatus.ACCEPTED).count() == 19
    assert spending.total(site) == by_ledger(site) == 50
    assert countries(site) == {"US": (50, 50)}


def test_texts_whose_answer_was_lost_are_not_spent_in_any_country(site):
    make_subscribers(site, 70)
    campaign = launched(site)
    plan(campaign.pk)
    [lost, _accepted] = Batch.objects.filter(campaign=campaign).order_by("pk")
    assert len(claim(1, provider="default", now=timezone.now())) == 1
    assert not Delivery.objects.filter(spending.spent(), campaign=campaign).exists()
    expire_leases(now=timezone.now() + timedelta(hours=1))
    dispatch()
    lost.refresh_from_db()
    assert lost.status == BatchStatus.UNCERTAIN
    assert countries(site) == {"US": (20, 20)}
    assert by_ledger(site) == 20


def test_months_begin_and_end_in_utc(site):
    make_subscribers(site, 1)
    moments = [
        datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    ]
    for number, moment in enumerate(moments):
        move(sent(site, body=f"Message {number}").reservation, moment)
    with timezone.override("America/New_York"):
        assert [row.month for row in by_month(site, now=moments[-1]) if row.credits] == [
            "2026-09",
            "2026-10",
            "2026-12",
            "2027-01",
        ]
        quarter = Span("2026-10", "2026-12")
        assert [row.credits for row in by_month(site, span=quarter)] == [1, 0, 1]
        assert countries(site, span=quarter) == {"US": (2, 2)}
        assert [row.body for row in by_campaign(site, span=quarter)] == ["Message 2", "Message 1"]
        assert spending.total(site, span=quarter) == 2


def test_a_refund_belongs_to_the_month_of_what_it_refunds(site):
    people = make_subscribers(site, 3)
    campaign = sent(site)
    move(campaign.reservation, datetime(2026, 3, 5, tzinfo=UTC))
    report_all(campaign, ReportStatus.EXPIRED, people[:1])
    refund_undelivered(campaign)
    march = Span("2026-03", "2026-03")
    assert by_month(site, span=march)[0].credits == credits_of(by_country(site, span=march)) == 2
    assert spending.total(site, span=Span("2026-04")) == 0


def test_a_text_that_waited_for_credits_counts_when_it_was_paid(site):
    held = ledger.reserve(site, amount=500, key="all", purpose="test")
    _found, notice = opt_in(site)
    Notice.objects.filter(pk=notice.pk).update(created_at=datetime(2026, 1, 31, tzinfo=UTC))
    ledger.close(held, key="all")
    pay_for_waiting(now=timezone.now() + timedelta(minutes=2))
    Notice.objects.update(next_attempt_at=timezone.now())
    send_notices()
    move(Reservation.objects.get(key=f"notice:{notice.pk}"), datetime(2026, 2, 1, tzinfo=UTC))
    february = Span("2026-02", "2026-02")
    assert spending.total(site, span=Span("2026-01", "2026-01")) == 0
    assert countries(site, span=february) == {"FR": (1, notice_cost(notice))}
    assert [(row.purpose, row.recipients, row.number) for row in by_campaign(site, span=february)] == [
        ("welcome", 1, None)
    ]


def notice_cost(notice) -> int:
    return credits_for("FR") * notice.segments


def test_months_without_spending_are_listed_and_none_from_before_the_site_had_credits(site):
    Wallet.objects.filter(site=site).update(opened_at=datetime(2026, 8, 20, tzinfo=UTC))
    make_subscribers(site, 1)
    move(sent(site).reservation, datetime(2026, 9, 2, tzinfo=UTC))
    rows = by_month(site, span=Span("2026-01"), now=datetime(2026, 11, 3, tzinfo=UTC))
    assert [(row.month, row.messages, row.credits) for row in rows] == [
        ("2026-08", 0, 0),
        ("2026-09", 1, 1),
        ("2026-10", 0, 0),
        ("2026-11", 0, 0),
    ]


def test_a_month_tells_messages_and_other_texts_apart(site):
    make_subscribers(site, 3)
    sent(site)
    _found, notice = opt_in(site)
    send_notices()
    [row] = [row for row in by_month(site) if row.credits]
    assert (row.messages, row.message_credits) == (1, 3)
    assert (row.others, row.other_credits) == (1, notice_cost(notice))


def test_spending_of_neither_a_message_nor_a_text_is_a_row_of_its_own(site):
    odd = ledger.reserve(site, amount=9, key="odd", purpose="something else")
    ledger.capture(odd, amount=9, key="odd")
    assert [(row.purpose, row.credits) for row in by_campaign(site)] == [("something else", 9)]
    assert countries(site) == {UNKNOWN: (0, 9)}


def test_a_site_that_spent_nothing_and_one_without_a_wallet_have_empty_tables(site, db):
    from tests.factories import make_site

    bare = make_site("bare.example", name="Bare")
    for place in (site, bare):
        assert (spending.total(place), by_country(place), by_campaign(place)) == (0, [], [])
    assert [row.credits for row in by_month(site)] == [0]
    assert by_month(bare) == []


def test_the_tables_cost_the_same_few_queries_whatever_they_hold(site, django_assert_max_num_queries):
    make_subscribers(site, 120)
    for number in range(4):
        sent(site, body=f"Message {number}")
    with django_assert_max_num_queries(10):
        by_month(site), by_country(site), by_campaign(site)
