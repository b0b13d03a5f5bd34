"""What is Bird's own: one request under one key, its packages, its keys, its list."""

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.gateway.fixtures import BIRD_KEY, BIRD_SECRET
from tests.providers.fake_peer import answer, peer
from wagtail_sms.exceptions import ProviderConfigurationError, ProviderError, ProviderUnavailable
from wagtail_sms.providers import bird_http, key_families
from wagtail_sms.providers.base import OutboundBatch, Outcome, ReportStatus
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.messagebird import MessageBirdProvider


A, B, C = "+33612345678", "+447700900123", "+31612345678"
MADE = []
TAKEN = {"data": [{"id": "sms_1", "to": A, "status": "accepted"}], "summary": {"accepted_count": 1}}


@pytest.fixture(autouse=True)
def _close():
    """Connections of a test end with it."""
    yield
    while MADE:
        MADE.pop().close()


def provider_at(url, **options):
    options = {"API_KEY": BIRD_KEY, "WEBHOOK_SECRET": BIRD_SECRET, "API_URL": url, **options}
    MADE.append(BirdProvider("default", options))
    return MADE[-1]


def batch(*recipients, **changes):
    return OutboundBatch("reference-1", "+12015550100", "Hello", "GSM-7", recipients or (A, B), **changes)


def request_body(raw):
    return json.loads(raw.partition(b"\r\n\r\n")[2])


def an_hour_ago():
    return timezone.now() - timedelta(hours=1)


# One request under one key


def test_request_carries_our_key_the_reference_and_a_category():
    with peer(answer(202, TAKEN)) as server:
        provider_at(server.url).send(batch(A))
    (raw,) = server.requests
    assert raw.startswith(b"POST /v1/sms/batches HTTP/1.1\r\n")
    assert f"idempotency-key: {batch(A).idempotency_key}".encode() in raw.lower()
    (message,) = request_body(raw)["messages"]
    assert message == {
        "to": A,
        "from": "+12015550100",
        "text": "Hello",
        "category": "marketing",
        "metadata": {"reference": "reference-1"},
    }


@pytest.mark.parametrize(
    "purpose, category", [("campaign", "transactional"), ("code", "authentication"), ("help_reply", "service")]
)
def test_category_says_what_the_text_is_for(purpose, category):
    with peer(answer(202, TAKEN)) as server:
        provider_at(server.url, CATEGORY="transactional").send(batch(A, purpose=purpose))
    assert request_body(server.requests[0])["messages"][0]["category"] == category


@pytest.mark.parametrize("reply", [answer(500, ""), answer(429, {}), answer(503, ""), answer(408, ""), b""])
def test_nothing_is_repeated_by_the_package(reply):
    with peer(*[reply] * 5) as server:
        try:
            provider_at(server.url).send(batch(A))
        except ProviderUnavailable:
            pass
        assert len(server.requests) == 1


def test_same_request_has_the_same_key_and_any_other_another():
    keys = {batch(A, B).idempotency_key, batch(A).idempotency_key, batch(B, A).idempotency_key}
    keys |= {batch(A, report_url="https://x").idempotency_key, batch(A, purpose="code").idempotency_key}
    assert len(keys) == 5
    assert batch(A, B).idempotency_key == batch(A, B).idempotency_key
    assert A.lstrip("+") not in "".join(keys)


def test_refused_people_are_rejected_and_the_others_wait_for_the_next_request(gateway):
    for phone in (A, C):
        gateway.set_switch("phone", "refused", phone=phone)
    results = provider_at(gateway.url).send(batch(A, B, C))
    assert [result.outcome for result in results] == [Outcome.REJECTED, Outcome.NOT_SENT, Outcome.REJECTED]
    assert results[0].error_code == "SMSInvalidRecipient"
    assert gateway.messages() == []


def test_a_hundred_people_go_out_in_one_request(gateway):
    crowd = [f"+3361234{n:04d}" for n in range(100)]
    results = provider_at(gateway.url).send(batch(*crowd))
    assert {result.outcome for result in results} == {Outcome.ACCEPTED}
    assert len({result.provider_id for result in results}) == 100
    assert len(gateway.keys()) == 1


def test_whoever_is_left_out_of_the_answer_is_uncertain(gateway):
    gateway.set_switch("phone", "left_out", phone=B)
    results = provider_at(gateway.url).send(batch(A, B))
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.UNCERTAIN]


def test_text_that_failed_at_once_is_rejected():
    failed = {"id": "sms_1", "to": A, "status": "rejected"}
    failed |= {"last_error": {"code": "recipient_opted_out", "description": "on a list"}}
    with peer(answer(202, {"data": [failed]})) as server:
        (result,) = provider_at(server.url).send(batch(A))
    assert (result.outcome, result.error_code) == (Outcome.REJECTED, "recipient_opted_out")


# The package


def test_the_package_is_imported_by_requests_only():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; import django; django.setup(); "
        "import wagtail_sms.providers.bird, wagtail_sms.webhooks, wagtail_sms.tasks; "
        "from wagtail_sms.providers.bird import BirdProvider; "
        f"BirdProvider('default', {{'API_KEY': '{BIRD_KEY}', 'WEBHOOK_SECRET': '{BIRD_SECRET}'}}).check(); "
        "sys.exit('bird' in sys.modules or 'httpx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def test_missing_package_is_explained_by_the_check_and_by_the_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "bird", None)
    monkeypatch.setattr("wagtail_sms.providers.bird.find_spec", lambda name: None)
    provider = provider_at("http://127.0.0.1:1")
    assert [message.id for message in provider.check()] == ["wagtail_sms.E105"]
    with pytest.raises(ProviderConfigurationError, match=r"wagtail-sms\[bird\]"):
        provider.send(batch(A))


def test_environment_and_netrc_of_the_machine_change_nothing(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    netrc.chmod(0o600)
    for name, value in {"NETRC": str(netrc), "http_proxy": "http://127.0.0.1:9", "BIRD_API_KEY": "bk_eu1_x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BIRD_BASE_URL", "http://127.0.0.1:9")
    with peer(answer(202, TAKEN)) as server:
        provider_at(server.url).send(batch(A))
    assert f"authorization: bearer {BIRD_KEY}".encode() in server.requests[0].lower()
    assert b"bird-caller" not in server.requests[0].lower()


def test_connection_is_kept_and_a_closed_client_opens_again():
    with peer(*[answer(202, TAKEN)] * 3, keep_alive=True) as server:
        provider = provider_at(server.url)
        provider.send(batch(A))
        provider.send(batch(A))
        assert server.lines == 1
        provider.close()
    with peer(answer(202, TAKEN)) as server:
        provider = provider_at(server.url)
        provider.close()
        assert provider.send(batch(A))[0].outcome == Outcome.ACCEPTED


def test_forked_worker_opens_its_own_connections():
    api = provider_at("http://127.0.0.1:1")._unchecked_api
    first = api._open(*bird_http.load())
    api._process = os.getpid() + 1
    assert api._open(*bird_http.load()) is not first


def test_threads_share_the_provider(gateway):
    provider = provider_at(gateway.url)
    numbers = [f"+3361234{n:04d}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: provider.send(batch(number))[0], numbers))
    assert [result.recipient for result in results] == numbers
    assert len({result.provider_id for result in results}) == 40


def test_key_is_in_no_log_and_no_error(caplog):
    caplog.set_level(logging.DEBUG)
    provider = provider_at("http://127.0.0.1:1")
    with pytest.raises(ProviderError) as caught:
        provider.lookup("reference-1", A, an_hour_ago())
    with peer(answer(202, TAKEN)) as server:
        provider_at(server.url).send(batch(A))
    chain, error = "", caught.value
    while error is not None:
        chain, error = chain + repr(error) + str(error), error.__cause__
    assert BIRD_KEY not in chain + caplog.text + repr(provider) + repr(vars(provider._unchecked_api))


# Keys of the wrong family


@pytest.mark.parametrize(
    "key, family",
    [
        ("bk_eu1_abc", key_families.BIRD),
        ("bm_us1_abc", key_families.BIRD),
        ("bt_eu1_abc", key_families.BIRD),
        ("bird_live_abc", key_families.BIRD),
        ("live_abc", key_families.CLASSIC),
        ("test_abc", key_families.CLASSIC),
        ("AbCdEfGhIjKlMnOpQrStUvWx9", key_families.CLASSIC),
        ("something-else", key_families.UNKNOWN),
        ("", key_families.UNKNOWN),
    ],
)
def test_keys_tell_their_family(key, family):
    assert key_families.family(key) == family


@pytest.mark.parametrize("key", ["live_abcdef", "test_abcdef", "AbCdEfGhIjKlMnOpQrStUvWx9"])
def test_classic_key_is_explained_by_the_check_and_by_the_error(gateway, key):
    provider = BirdProvider("default", gateway.bird_options(API_KEY=key))
    (message,) = provider.check()
    assert message.id == "wagtail_sms.E103"
    assert "wagtail_sms.providers.messagebird.MessageBirdProvider" in message.msg
    with pytest.raises(ProviderConfigurationError, match="classic") as caught:
        provider.send(batch(A))
    assert key not in message.msg + str(caught.value)
    assert gateway.messages() == []


@pytest.mark.parametrize("key", ["bk_eu1_abc", "bm_us1_abc", "bird_live_abc"])
def test_birds_key_is_explained_to_the_classic_provider_too(gateway, key):
    provider = MessageBirdProvider("default", gateway.provider_options(ACCESS_KEY=key))
    (message,) = provider.check()
    assert (message.id, "wagtail_sms.providers.bird.BirdProvider" in message.msg) == ("wagtail_sms.E101", True)
    with pytest.raises(ProviderConfigurationError, match="Bird") as caught:
        provider.send(batch(A))
    assert key not in message.msg + str(caught.value)


@pytest.mark.parametrize(
    "options", [{"API_KEY": ""}, {"API_KEY": "odd", "API_URL": ""}, {"API_URL": "platform.bird.com"}]
)
def test_unusable_key_or_address_asks_nobody(options):
    provider = provider_at("http://127.0.0.1:1", **options)
    assert [message.id for message in provider.check()] == ["wagtail_sms.E103"]
    with pytest.raises(ProviderConfigurationError):
        provider.send(batch(A))


def test_address_follows_from_the_region_in_the_key():
    assert provider_at("", API_KEY="bk_us1_abc")._unchecked_api.base_url == "https://us1.platform.bird.com"


@pytest.mark.parametrize("secret", ["", [], "whsec_", "whsec_not base64!"])
def test_missing_webhook_secret_is_found_by_the_checks(secret):
    assert [message.id for message in provider_at("http://x", WEBHOOK_SECRET=secret).check()] == ["wagtail_sms.E104"]


# Lookup


def test_lookup_finds_a_text_whose_answer_was_lost(gateway):
    provider = provider_at(gateway.url)
    gateway.set_switch("answers", "lost", times=1)
    provider.send(OutboundBatch("lost-one", "+12015550100", "Hello", "GSM-7", (A, B)))
    for number in range(3):
        provider.send(OutboundBatch(f"later-{number}", "+12015550100", "Hello", "GSM-7", (A,)))
    found = provider.lookup("lost-one", A, an_hour_ago())
    assert (found.reference, found.recipient) == ("lost-one", A)
    assert found.status in (ReportStatus.SENT, ReportStatus.DELIVERED)


def test_lookup_turns_pages():
    other = {"id": "sms_1", "to": A, "status": "sent", "metadata": {"reference": "other"}}
    mine = {"id": "sms_2", "to": A, "status": "delivered", "metadata": {"reference": "mine"}}
    first, last = {"data": [other], "next_cursor": "abc"}, {"data": [mine], "next_cursor": None}
    with peer(answer(200, first), answer(200, last)) as server:
        found = provider_at(server.url).lookup("mine", A, an_hour_ago())
    assert (found.provider_id, found.status) == ("sms_2", ReportStatus.DELIVERED)
    assert b"starting_after=abc" in server.requests[1]


@pytest.mark.parametrize(
    "replies",
    [
        [answer(200, {"data": [], "next_cursor": "more"})] * 9,
        [answer(500, "")],
        [answer(200, "<h1>")],
        [answer(200, {})],
        [answer(422, {"error": {"code": "E01001"}})],
    ],
)
def test_lookup_without_a_readable_list_to_its_end_is_an_error(replies):
    with peer(*replies, keep_alive=True) as server, pytest.raises(ProviderError):
        provider_at(server.url).lookup("mine", A, an_hour_ago())
