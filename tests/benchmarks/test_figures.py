"""What the benchmark makes of its measurements."""

from benchmarks.figures import Figure, at_most, faster, table
from benchmarks.parts.pace import ahead


def test_a_time_is_better_when_it_is_shorter_and_a_rate_when_it_is_higher():
    assert faster("estimate", 2.0, 300.0, "ms", at_least=100).ratio == 150
    assert faster("send", 300.0, 2.0, "recipients/s", at_least=200).ok is False


def test_the_table_marks_what_misses_its_bound():
    lines = table([at_most("memory", 9.0, "MB", 8), at_most("requests", 0.02, "each", 0.021)]).splitlines()
    assert lines[1].startswith("MISSED  memory")
    assert lines[2].startswith("ok")


def test_a_line_can_be_read_back():
    import json

    figure = faster("send", 300.0, 2.0, "recipients/s", at_least=100, note="one each")
    assert Figure(**json.loads(figure.line())) == figure


def test_an_even_pace_is_never_ahead_of_the_limit_by_more_than_one_request():
    assert ahead([place / 500 for place in range(2000)], 500) < 1.01


def test_a_burst_after_a_pause_is_seen():
    even = [place / 500 for place in range(500)]
    assert 49 < ahead([*even, *[5 + place / 1e6 for place in range(50)]], 500) < 51
