import os
import time
from datetime import timedelta
from itertools import pairwise
from subprocess import Popen

import pytest
from django.utils import timezone

from benchmarks.parts.pace import ahead
from tests.delivery.sending import sent
from tests.factories import make_subscribers
from wagtail_sms.delivery import pace
from wagtail_sms.delivery.lanes import Lease
from wagtail_sms.delivery.turn import Turn
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.locmem import LocmemProvider


pytestmark = pytest.mark.django_db


class TimedProvider(LocmemProvider):
    """One recipient a request; notes when each is made."""

    max_recipients_per_request = 1

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.times = []

    def send_batch(self, batch):
        self.times.append(time.monotonic())
        return super().send_batch(batch)


@pytest.fixture
def twenty_a_second(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_REQUESTS_PER_SECOND": 20}


def test_turns_are_spaced_by_the_rate_and_taken_a_quarter_of_a_second_at_a_time(twenty_a_second):
    turns = pace.take("default", 64, now=timezone.now())
    assert turns.starts() == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


def test_whoever_comes_next_waits_until_the_turns_before_are_over(twenty_a_second):
    now = timezone.now()
    starts = [start for _lane in range(4) for start in pace.take("default", 5, now=now).starts()]
    assert starts == pytest.approx([position * 0.05 for position in range(20)])


def test_an_idle_account_saves_up_no_burst(twenty_a_second):
    now = timezone.now()
    pace.take("default", 5, now=now)
    later = pace.take("default", 5, now=now + timedelta(hours=1))
    assert (later.wait, later.count) == (0, 5)


def test_each_provider_has_its_own_rate(twenty_a_second):
    now = timezone.now()
    assert pace.take("default", 5, now=now).wait == pace.take("second", 5, now=now).wait == 0


def test_a_slow_account_still_gets_a_turn(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_REQUESTS_PER_SECOND": 1}
    now = timezone.now()
    assert [pace.take("default", 50, now=now).wait for _ in range(3)] == pytest.approx([0, 1, 2])


def test_turns_that_went_by_while_people_were_claimed_are_not_caught_up_with(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_REQUESTS_PER_SECOND": 100, "CONCURRENT_REQUESTS": 32}
    turn = Turn("default", Lease("campaigns:default", "a"), end=0.0)
    turns = pace.take("default", 20, now=timezone.now())
    now = time.monotonic()
    # Half of them are older than a tenth of a second.
    starts = turn.starts(turns, now - 0.2, wanted=turns.count)
    assert len(starts) == turns.count and min(starts) >= now - 0.1
    assert min(later - earlier for earlier, later in pairwise(starts)) > 0.009


def test_a_turn_that_is_hardly_late_is_kept(settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "MAX_REQUESTS_PER_SECOND": 500}
    turn = Turn("default", Lease("campaigns:default", "a"), end=0.0)
    turns = pace.take("default", 20, now=timezone.now())
    begin = time.monotonic() - 0.03
    assert turn.starts(turns, begin, wanted=20) == [begin + start for start in turns.starts()]


def test_a_process_that_stood_still_does_not_make_up_for_it_in_a_burst(site, settings):
    """Stopped for 0.6 s at 250 requests a second: 150 turns went by, of which a few may be caught up with."""
    rate = {"MAX_REQUESTS_PER_SECOND": 250, "CONCURRENT_REQUESTS": 128}
    timed = {"default": {"BACKEND": f"{__name__}.TimedProvider"}}
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, **rate, "PROVIDERS": timed}
    make_subscribers(site, 300)
    stop = Popen(["sh", "-c", f"sleep 0.7; kill -STOP {os.getpid()}; sleep 0.6; kill -CONT {os.getpid()}"])
    sent(site)
    stop.wait()
    times = sorted(get_provider().times)
    assert len(times) == 300
    assert max(later - earlier for earlier, later in pairwise(times)) > 0.5, "it was not stopped while it sent"
    assert ahead(times, 250) < 60
