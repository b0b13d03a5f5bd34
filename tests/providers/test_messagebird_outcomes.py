"""Every row of the outcome table: what MessageBird answers, and what we make of it."""

import socket
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone

from tests.providers.fake_peer import answer, error, peer
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderOutOfFunds, ProviderUnavailable
from wagtail_sms.providers import messagebird_sending
from wagtail_sms.providers.base import OutboundBatch, Outcome
from wagtail_sms.providers.messagebird import MessageBirdProvider
from wagtail_sms.providers.messagebird_http import Api


A, B, C = "+33612345678", "+447700900123", "+31612345678"


def provider_at(url, **options):
    defaults = {"ACCESS_KEY": "live_x", "SIGNING_KEY": "s" * 32, "TIMEOUT": (1, 1)}
    return MessageBirdProvider("default", {**defaults, "REST_URL": url, "NUMBERS_URL": f"{url}/v1", **options})


def batch(*recipients, body="Hello", encoding="GSM-7"):
    recipients = recipients or (A, B)
    return OutboundBatch("reference-1", "+12015550100", body, encoding, recipients, "http://127.0.0.1:9/r/")


def outcomes(results):
    return [result.outcome for result in results]


def at(gateway, **options):
    return provider_at(gateway.url, ACCESS_KEY=gateway.access_key, **options)


# Not sent


def test_refused_connection_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ProviderUnavailable):
        provider_at(f"http://127.0.0.1:{port}").send(batch())


def test_unknown_host_sent_nothing():
    with pytest.raises(ProviderUnavailable):
        provider_at("http://no-such-host.invalid").send(batch())


def test_failed_tls_handshake_sent_nothing():
    with peer(answer(200, "this is no TLS")) as plain, pytest.raises(ProviderUnavailable):
        provider_at(plain.url.replace("http:", "https:")).send(batch())


def test_unaccepted_connection_sent_nothing():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for line in waiting:
            line.setblocking(False)
            line.connect_ex(address)
        with pytest.raises(ProviderUnavailable):
            provider_at(f"http://127.0.0.1:{address[1]}", TIMEOUT=(0.3, 0.3)).send(batch())
        for line in waiting:
            line.close()


def test_too_many_requests_sent_nothing_and_says_when(gateway):
    gateway.set_switch("answers", "busy", seconds=7)
    with pytest.raises(ProviderUnavailable) as caught:
        at(gateway).send(batch())
    assert caught.value.retry_after == 7
    assert gateway.messages() == []


def test_too_many_requests_without_a_hint(gateway):
    gateway.set_switch("answers", "busy_without_hint")
    with pytest.raises(ProviderUnavailable) as caught:
        at(gateway).send(batch())
    assert caught.value.retry_after is None


def test_out_of_service_with_a_hint_sent_nothing(gateway):
    gateway.set_switch("answers", "down", seconds=9)
    with pytest.raises(ProviderUnavailable) as caught:
        at(gateway).send(batch())
    assert caught.value.retry_after == 9


def test_retry_after_may_be_a_date():
    moment = format_datetime(timezone.now() + timedelta(seconds=60), usegmt=True)
    with peer(answer(429, error(21), headers=f"Retry-After: {moment}\r\n")) as busy:
        with pytest.raises(ProviderUnavailable) as caught:
            provider_at(busy.url).send(batch())
    assert 55 < caught.value.retry_after <= 60


# Configuration and money


@pytest.mark.parametrize("value, words", [("wrong_key", "ACCESS_KEY"), ("unknown_sender", "sender")])
def test_operators_mistake_is_a_configuration_error(gateway, value, words):
    gateway.set_switch("account", value)
    with pytest.raises(ProviderConfigurationError, match=words):
        at(gateway).send(batch())
    assert gateway.messages() == []


def test_empty_account_is_out_of_funds(gateway):
    gateway.set_switch("account", "no_money")
    with pytest.raises(ProviderOutOfFunds):
        at(gateway).send(batch())


@pytest.mark.parametrize("status", [400, 402, 422])
def test_out_of_funds_whatever_the_status(status):
    with peer(answer(status, error(25))) as poor, pytest.raises(ProviderOutOfFunds):
        provider_at(poor.url).send(batch())


@pytest.mark.parametrize(
    "reply",
    [
        answer(403, error(2)),
        answer(401, "<h1>no</h1>"),
        answer(404, "<h1>Not found</h1>"),
        answer(404, error(98)),
        answer(405, ""),
        answer(302, "", headers="Location: http://127.0.0.1:9/\r\n"),
        answer(422, error(9, "originator", "originator is invalid")),
    ],
)
def test_refusal_of_everything_is_a_configuration_error(reply):
    with peer(reply) as server, pytest.raises(ProviderConfigurationError):
        provider_at(server.url).send(batch())


def test_redirect_is_not_followed():
    with peer(answer(307, "", headers="Location: /elsewhere\r\n"), answer(201, {})) as server:
        with pytest.raises(ProviderConfigurationError):
            provider_at(server.url).send(batch())
        assert len(server.requests) == 1


@pytest.mark.parametrize("key, words", [("", "empty"), ("bk_eu1_abc", "Bird")])
def test_unusable_key_asks_nobody(gateway, key, words):
    provider = at(gateway)
    provider.options["ACCESS_KEY"] = key
    with pytest.raises(ProviderConfigurationError, match=words):
        provider.send(batch())
    assert gateway.messages() == []
    assert [message.id for message in provider.check()] == ["wagtail_sms.E101"]


# Rejected


@pytest.mark.parametrize("status", [400, 422])
def test_refused_recipient_is_rejected_whatever_the_status(status):
    with peer(answer(status, error(9, "recipients", "no (correct) recipients found"))) as server:
        (result,) = provider_at(server.url).send(batch(A))
    assert (result.outcome, result.error_code) == (Outcome.REJECTED, "9")
    assert "recipients" in result.error_text


def test_refused_body_rejects_everybody_with_one_request():
    with peer(answer(422, error(10, "body", "too long"))) as server:
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.REJECTED] * 2
        assert len(server.requests) == 1


def test_error_in_a_successful_answer_is_a_refusal():
    with peer(answer(200, error(10, "body"))) as server:
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.REJECTED] * 2


def test_refused_number_is_found_and_the_other_forty_nine_get_their_text(gateway):
    crowd = [f"+3361234{n:04d}" for n in range(50)]
    gateway.set_switch("phone", "refused", phone=crowd[33])
    results = at(gateway).send(batch(*crowd))
    assert [result.recipient for result in results if result.outcome == Outcome.REJECTED] == [crowd[33]]
    assert sorted(text["phone"] for text in gateway.messages()) == [n.lstrip("+") for n in crowd if n != crowd[33]]


@pytest.fixture
def slow_clock(monkeypatch):
    """Each request takes three seconds by the provider's clock. Returns the seconds at which they started."""
    call, started = Api.call, []

    def slow_call(*args):
        started.append(3 * len(started))
        return call(*args)

    monkeypatch.setattr(Api, "call", slow_call)
    monkeypatch.setattr(messagebird_sending, "monotonic", lambda: 3 * len(started))
    return started


@pytest.mark.parametrize("place", [0, 24, 33, 49])
def test_refused_number_is_found_on_a_slow_network(gateway, slow_clock, place):
    crowd = [f"+3361234{n:04d}" for n in range(50)]
    gateway.set_switch("phone", "refused", phone=crowd[place])
    found = outcomes(at(gateway).send(batch(*crowd)))
    assert found.pop(place) == Outcome.REJECTED
    assert found == [Outcome.ACCEPTED] * 49


def test_search_for_refused_numbers_ends_well_within_the_lease(gateway, slow_clock, settings):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "LEASE_SECONDS": 30}
    crowd = [f"+3361234{n:04d}" for n in range(50)]
    gateway.set_switch("phone", "refused", phone=crowd[0])
    found = outcomes(at(gateway).send(batch(*crowd)))
    assert slow_clock[-1] < 12
    assert set(found[1:]) <= {Outcome.ACCEPTED, Outcome.NOT_SENT} and Outcome.NOT_SENT in found


def test_search_for_refused_numbers_makes_a_bounded_number_of_requests():
    numbers = [f"+3361234{n:04d}" for n in range(50)]
    with peer(*[answer(422, error(9, "recipients"))] * 99) as server:
        found = outcomes(provider_at(server.url).send(batch(*numbers)))
        assert len(server.requests) == 1 + messagebird_sending.MOST_REQUESTS
    assert found[0] == Outcome.REJECTED
    assert set(found) == {Outcome.REJECTED, Outcome.NOT_SENT}


def test_busy_provider_is_waited_for_when_a_part_went_out():
    refused, busy = error(9, "recipients"), answer(429, error(21), headers="Retry-After: 0\r\n")
    taken = {"id": "m", "recipients": {"totalCount": 1, "items": [{"recipient": 33612345678, "status": "sent"}]}}
    other = {"id": "n", "recipients": {"totalCount": 1, "items": [{"recipient": 447700900123, "status": "sent"}]}}
    with peer(answer(422, refused), answer(201, taken), busy, answer(201, other)) as server:
        started = time.monotonic()
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.ACCEPTED] * 2
        assert time.monotonic() - started < 5


def test_after_a_part_went_out_a_lasting_failure_is_a_result():
    refused = error(9, "recipients")
    taken = {"id": "m", "recipients": {"totalCount": 1, "items": [{"recipient": 33612345678, "status": "sent"}]}}
    with peer(answer(422, refused), answer(201, taken), answer(401, error(2))) as server:
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.ACCEPTED, Outcome.NOT_SENT]


def test_text_that_failed_at_once_is_rejected():
    item = {"recipient": 33612345678, "status": "delivery_failed", "statusErrorCode": 103, "statusReason": "opted out"}
    with peer(answer(201, {"id": "m", "recipients": {"totalCount": 1, "items": [item]}})) as server:
        (result,) = provider_at(server.url).send(batch(A))
    assert (result.outcome, result.error_code, result.error_text) == (Outcome.REJECTED, "103", "opted out")


# Uncertain


@pytest.mark.parametrize("fault", ["lost", "cut", "garbled"])
def test_lost_answer_is_uncertain_for_everybody(gateway, fault):
    gateway.set_switch("answers", fault)
    assert outcomes(at(gateway).send(batch())) == [Outcome.UNCERTAIN] * 2
    assert len(gateway.messages()) == 2


def test_answer_after_the_timeout_is_uncertain(gateway):
    gateway.set_switch("answers", "slow", seconds=0.6)
    assert outcomes(at(gateway, TIMEOUT=(1, 0.2)).send(batch())) == [Outcome.UNCERTAIN] * 2
    assert len(gateway.messages()) == 2


def test_internal_error_is_uncertain(gateway):
    gateway.set_switch("answers", "error")
    assert outcomes(at(gateway).send(batch())) == [Outcome.UNCERTAIN] * 2


@pytest.mark.parametrize(
    "reply",
    [
        answer(500, error(99)),
        answer(502, "<h1>Bad gateway</h1>"),
        answer(504, ""),
        answer(503, "no hint"),
        answer(408, ""),
        answer(400, "<h1>Bad request</h1>"),
        answer(201, ""),
        answer(204, ""),
        answer(201, "[]"),
        answer(201, '{"errors": null}'),
        answer(201, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")),
        answer(201, {"id": "m"}),
        answer(201, {"recipients": {"items": []}}),
        answer(201, {"id": "m", "recipients": []}),
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_unreadable_answer_is_uncertain(reply):
    with peer(reply) as server:
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.UNCERTAIN] * 2
        assert len(server.requests) == 1


def test_recipient_missing_without_a_count_is_uncertain():
    items = [{"recipient": 33612345678, "status": "sent"}, "not an object"]
    with peer(answer(201, {"id": "m", "recipients": {"totalCount": 2, "items": items}})) as server:
        assert outcomes(provider_at(server.url).send(batch())) == [Outcome.ACCEPTED, Outcome.UNCERTAIN]


# Accepted


def test_accepted_text_carries_reference_report_address_and_coding(gateway):
    results = at(gateway).send(batch(A, body="Grüße\n€5"))
    (text,) = gateway.messages()
    assert outcomes(results) == [Outcome.ACCEPTED]
    assert (results[0].provider_id, results[0].segments) == (text["id"], 1)
    assert (text["reference"], text["number"], text["body"]) == ("reference-1", "12015550100", "Grüße\n€5")
    assert text["datacoding"] == "plain"


def test_other_alphabets_travel_as_unicode(gateway):
    at(gateway).send(batch(A, body="Привет ☎ " * 10, encoding="UCS-2"))
    (text,) = gateway.messages()
    assert (text["body"], text["datacoding"], text["parts"]) == ("Привет ☎ " * 10, "unicode", 2)
