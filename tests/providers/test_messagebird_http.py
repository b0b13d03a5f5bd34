import logging
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.providers.fake_peer import answer, peer
from wagtail_sms.exceptions import ProviderError
from wagtail_sms.providers import watched
from wagtail_sms.providers.base import OutboundBatch, Outcome
from wagtail_sms.providers.messagebird import MessageBirdProvider


BALANCE = {"payment": "prepaid", "type": "euros", "amount": 9.2}
KEY = "live_secret_key"


def provider_at(url, **options):
    return MessageBirdProvider("default", {"ACCESS_KEY": KEY, "SIGNING_KEY": "s" * 32, "REST_URL": url, **options})


def test_connection_is_kept_for_the_next_request():
    with peer(*[answer(200, BALANCE)] * 3, keep_alive=True) as server:
        provider = provider_at(server.url)
        assert [provider.balance() for _ in range(3)] == ["9.2 euros"] * 3
        assert server.lines == 1


def test_line_that_was_silent_for_long_is_not_used_again(monkeypatch):
    with peer(*[answer(200, BALANCE)] * 2, keep_alive=True) as server:
        provider = provider_at(server.url)
        provider.balance()
        monkeypatch.setattr(watched, "SILENCE_SECONDS", -1.0)
        assert provider.balance() == "9.2 euros"
        assert server.lines == 2


def test_key_travels_in_the_header_and_nowhere_else():
    with peer(answer(200, BALANCE)) as server:
        provider_at(server.url).balance()
    head = server.requests[0].decode()
    assert head.startswith("GET /balance HTTP/1.1\r\n")
    assert f"Authorization: AccessKey {KEY}\r\n" in head
    assert "wagtail-sms/" in head


def test_netrc_and_proxies_of_the_machine_change_nothing(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with peer(answer(200, BALANCE)) as server:
        provider_at(server.url).balance()
    assert f"AccessKey {KEY}" in server.requests[0].decode()


def test_path_of_the_address_is_kept():
    with peer(answer(200, BALANCE)) as server:
        provider_at(f"{server.url}/some/prefix").balance()
    assert server.requests[0].startswith(b"GET /some/prefix/balance ")


def test_cookies_are_not_taken():
    with peer(answer(200, BALANCE, headers="Set-Cookie: a=b\r\n"), answer(200, BALANCE)) as server:
        provider = provider_at(server.url)
        provider.balance()
        provider.balance()
    assert b"Cookie:" not in server.requests[1]


def test_key_is_in_no_log_and_no_error(caplog):
    caplog.set_level(logging.DEBUG)
    provider = provider_at("http://127.0.0.1:1")
    with pytest.raises(ProviderError) as caught:
        provider.balance()
    chain, error = "", caught.value
    while error is not None:
        chain, error = chain + repr(error) + str(error), error.__cause__
    assert KEY not in chain + caplog.text + repr(provider) + repr(vars(provider._rest_api.http))


def test_threads_share_the_provider(gateway):
    provider = MessageBirdProvider("default", gateway.provider_options())
    numbers = [f"+3361234{n:04d}" for n in range(40)]

    def send(number):
        return provider.send(OutboundBatch(f"r{number}", "+12015550100", "Hi", "GSM-7", (number,)))[0]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(send, numbers))
    assert [(result.recipient, result.outcome) for result in results] == [(n, Outcome.ACCEPTED) for n in numbers]
    assert len({result.provider_id for result in results}) == 40


def test_forked_worker_opens_its_own_connection():
    with peer(answer(200, BALANCE), answer(200, BALANCE), keep_alive=True) as server:
        http = provider_at(server.url)._rest_api.http
        http.request("balance")
        before = http._pool
        http._process = os.getpid() + 1
        assert http._open_pool() is not before


def test_closed_client_opens_again():
    with peer(answer(200, BALANCE), answer(200, BALANCE), keep_alive=False) as server:
        provider = provider_at(server.url)
        provider.balance()
        provider.close()
        assert provider.balance() == "9.2 euros"
        assert server.lines == 2


def test_one_figure_is_both_timeouts():
    assert provider_at("http://127.0.0.1:1", TIMEOUT=3)._rest_api.http.timeout == (3, 3)
