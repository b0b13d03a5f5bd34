"""The benchmark's gateway speaks enough of MessageBird's protocol, and counts."""

import time

from benchmarks.baselines import clients
from wagtail_sms.providers import get_provider
from wagtail_sms.providers.base import OutboundBatch, Outcome


def batch(*recipients: str) -> OutboundBatch:
    return OutboundBatch("a-reference", "+12015550100", "Tonight: piano.", "GSM-7", recipients)


def test_our_provider_reads_its_answer(gateway):
    results = get_provider().send(batch("+33612345678", "+12015550101"))
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 2
    assert results[0].provider_id
    stats = gateway.stats()
    assert (stats["requests"], stats["recipients"], stats["duplicates"]) == (1, 2, 0)


def test_the_official_package_reads_its_answer(gateway, monkeypatch):
    monkeypatch.setenv("BENCH_GATEWAY", gateway.url)
    assert clients.post_alone("+33612345678", "text-1")
    assert gateway.stats()["recipients"] == 1


def test_whoever_is_texted_twice_is_counted_until_the_next_reset(gateway):
    for _ in range(2):
        get_provider().send(batch("+33612345678"))
    assert gateway.stats()["duplicates"] == 1
    gateway.reset()
    assert gateway.stats()["recipients"] == 0


def test_it_answers_as_late_as_it_is_told(gateway):
    gateway.reset(latency_ms=50)
    start = time.monotonic()
    get_provider().send(batch("+33612345678"))
    assert time.monotonic() - start >= 0.05
    assert len(gateway.times()) == 1
