"""Turns: one process at a time, and not before it is due again."""

from datetime import UTC, datetime, timedelta

import pytest

from wagtail_sms.timetable import LEASE, turn


pytestmark = pytest.mark.django_db
NOON, HOUR = datetime(2026, 11, 5, 12, tzinfo=UTC), timedelta(hours=1)


def taken(*, now: datetime, every: timedelta = HOUR) -> bool:
    with turn("work", every=every, now=now) as mine:
        return mine


def test_a_turn_is_due_again_when_its_time_is_over():
    assert [taken(now=NOON + minutes * HOUR / 60) for minutes in (0, 1, 59, 60, 119, 121)] == [
        *[True, False, False, True, False, True]
    ]


def test_while_one_does_it_nobody_else_does():
    with turn("work", now=NOON) as mine, turn("work", now=NOON) as theirs, turn("other work", now=NOON) as other:
        assert (mine, theirs, other) == (True, False, True)
    assert taken(now=NOON)


def test_work_that_failed_is_due_at_once():
    with pytest.raises(ZeroDivisionError), turn("work", every=HOUR, now=NOON):
        1 / 0  # noqa: B018
    assert taken(now=NOON)


def test_work_of_a_process_that_was_killed_is_due_after_the_lease():
    with pytest.raises(SystemExit), turn("work", every=HOUR, now=NOON):
        raise SystemExit
    assert not taken(now=NOON + LEASE / 2)
    assert taken(now=NOON + LEASE)


def test_a_clock_that_ran_ahead_holds_nothing_up():
    assert taken(now=NOON + timedelta(days=400))
    assert taken(now=NOON)
    with pytest.raises(SystemExit), turn("work", every=HOUR, now=NOON + timedelta(days=400)):
        raise SystemExit
    assert taken(now=NOON + 2 * HOUR)


def test_a_clock_that_is_a_second_behind_does_not_do_it_again():
    assert taken(now=NOON)
    assert not taken(now=NOON - timedelta(seconds=1))
