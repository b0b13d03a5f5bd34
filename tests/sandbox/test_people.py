"""The numbers of the thousand: mobile, valid, nobody twice, always the same."""

import pytest

from sandbox.gateway.prices import COUNTRIES
from sandbox.loading import subscribers


@pytest.fixture(scope="module")
def people():
    return [number for _place, number in subscribers._people()]


def test_there_are_a_thousand_in_forty_countries(people):
    assert len(people) == len({person.number for person in people}) == 1000
    assert len({person.country for person in people}) == 40


def test_all_of_them_can_receive_texts(people):
    assert all(person.can_receive_texts for person in people)


def test_the_demo_network_serves_every_one_of_their_countries(people):
    unserved = {person.country for person in people if COUNTRIES[person.country][3] is None}
    assert unserved == set()


def test_north_american_numbers_are_the_fictional_ones(people):
    american = [person.number for person in people if person.country in ("US", "CA")]
    assert all(number[5:10] == "55501" for number in american)


def test_the_same_people_come_every_time(people):
    assert people == [number for _place, number in subscribers._people()]
