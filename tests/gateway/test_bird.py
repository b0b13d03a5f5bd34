"""The gateway speaks the Bird platform's protocol as its official package does."""

import json

import pytest
import requests

from tests.gateway.fixtures import BIRD_KEY, BIRD_SECRET
from tests.gateway.site import running_site
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.bird_http import load


A, B, OURS = "+33612345678", "+447700900123", "+12015550100"


def message(to=A, **changes):
    return {
        "from_": OURS,
        "to": to,
        "text": "Hello",
        "category": "marketing",
        "metadata": {"reference": "r"},
        **changes,
    }


@pytest.fixture
def bird():
    """The official package. It takes seconds to import, so only tests that need it do so."""
    return load()[0]


@pytest.fixture
def client(gateway, bird):
    httpx = load()[1]
    with httpx.Client(trust_env=False) as http:
        yield bird.Bird(api_key=BIRD_KEY, base_url=gateway.url, http_client=http, max_retries=0)


@pytest.fixture
def site(gateway):
    with running_site() as site:
        gateway.send_bird_events_to(f"{site.url}/hook/")
        yield site
        gateway.send_bird_events_to("")


def test_official_package_sends_reads_and_lists(gateway, client):
    sent = client.sms.send_batch(messages=[message(A), message(B)])
    assert sent.summary.accepted_count == 2
    assert [one.to for one in sent.data] == [A, B]
    assert client.sms.get(sent.data[0].id).metadata == {"reference": "r"}
    assert [one.id for one in client.sms.list(to=B)] == [sent.data[1].id]
    assert client.sms.send(**message(A)).status.value == "accepted"
    assert [text["phone"] for text in gateway.messages()] == [A[1:], B[1:], A[1:]]


def test_list_comes_in_pages(client):
    sent = client.sms.send_batch(messages=[message() for _ in range(5)])
    assert [one.id for one in client.sms.list(to=A, limit=2)] == [one.id for one in reversed(sent.data)]


def test_same_key_is_the_same_texts_and_another_body_is_refused(gateway, client, bird):
    options = {"idempotency_key": "key-1"}
    first = client.sms.send_batch(messages=[message()], options=options)
    assert client.sms.send_batch(messages=[message()], options=options) == first
    with pytest.raises(bird.APIStatusError) as caught:
        client.sms.send_batch(messages=[message(text="Other")], options=options)
    assert (caught.value.status_code, caught.value.code) == (409, "E01005")
    assert len(gateway.messages()) == 1
    assert gateway.keys() == [{"key": "key-1", "status": 202, "uses": 2}]


def test_errors_are_not_kept_under_a_key(gateway, client, bird):
    options = {"idempotency_key": "key-1"}
    gateway.set_switch("answers", "error", times=1)
    with pytest.raises(bird.APIStatusError):
        client.sms.send_batch(messages=[message()], options=options)
    assert client.sms.send_batch(messages=[message()], options=options).summary.accepted_count == 1


def test_one_wrong_message_refuses_all_and_is_named(gateway, client, bird):
    gateway.set_switch("phone", "refused", phone=B)
    with pytest.raises(bird.ValidationError) as caught:
        client.sms.send_batch(messages=[message(A), message(B), message("12")])
    assert [detail.param for detail in caught.value.details] == ["messages[1].to", "messages[2].to"]
    assert gateway.messages() == []


@pytest.mark.parametrize(
    "changes, param",
    [
        ({"from_": ""}, "messages[0].from"),
        ({"text": ""}, "messages[0].text"),
        ({"text": "x" * 1837}, "messages[0].text"),
        ({"category": "fun"}, "messages[0].category"),
        ({"metadata": {"much": "x" * 2048}}, "messages[0].metadata"),
    ],
)
def test_wrong_fields_are_named(client, changes, param, bird):
    with pytest.raises(bird.ValidationError) as caught:
        client.sms.send_batch(messages=[message(**changes)])
    assert [detail.param for detail in caught.value.details] == [param]


def test_hundred_and_one_messages_are_too_many(client, bird):
    with pytest.raises(bird.ValidationError):
        client.sms.send_batch(messages=[message()] * 101)


def test_without_the_key_nothing_is_told(gateway):
    response = requests.get(f"{gateway.url}/v1/sms/messages", headers={"Authorization": "Bearer x"}, timeout=10)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "auth_error")


# What it tells the site


def calls(gateway, site):
    gateway.wait_until_quiet()
    return [(json.loads(call.body), call) for call in site.calls]


def test_reports_are_signed_and_carry_the_metadata(gateway, client, site):
    client.sms.send_batch(messages=[message()])
    told = calls(gateway, site)
    assert sorted(event["type"] for event, _call in told) == ["sms.delivered", "sms.sent"]
    provider = BirdProvider("default", gateway.bird_options())
    for event, call in told:
        provider.verify_signature(call.request())
        assert event["data"]["metadata"] == {"reference": "r"}
        assert client.webhooks.unwrap(call.body, call.headers, secret=BIRD_SECRET).root.type == event["type"]


@pytest.mark.parametrize(
    "behaviour, word, status, code",
    [
        ("unreachable", "undelivered", ReportStatus.UNDELIVERED, "unreachable"),
        ("opted_out", "rejected", ReportStatus.REJECTED, "recipient_opted_out"),
    ],
)
def test_a_phone_that_gets_nothing_is_reported(gateway, client, site, behaviour, word, status, code):
    gateway.set_switch("phone", behaviour, phone=A)
    client.sms.send_batch(messages=[message()])
    (call,) = [call for event, call in calls(gateway, site) if event["type"] == f"sms.{word}"]
    (report,) = BirdProvider("default", gateway.bird_options()).parse_reports(call.request())
    assert (report.status, report.error_code, report.reference) == (status, code, "r")


def test_stop_comes_as_a_text_and_as_a_suppression_and_blocks_the_pair(gateway, client, site):
    client.sms.send_batch(messages=[message()])
    gateway.reply(A, "STOP")
    told = calls(gateway, site)
    kinds = [client.webhooks.unwrap(call.body, call.headers, secret=BIRD_SECRET).root.type for _event, call in told]
    assert kinds.count("sms.received") == kinds.count("sms_suppression.created") == 1
    blocked = client.get("/v1/sms/suppressions")["data"]
    assert [(one["destination"], one["originator"]) for one in blocked] == [(A, OURS)]
    client.sms.send_batch(messages=[message(text="Again")])
    assert [event["type"] for event, _call in calls(gateway, site)].count("sms.rejected") == 1
    gateway.reply(A, "START")
    client.sms.send_batch(messages=[message(text="Once more")])
    assert [event["type"] for event, _call in calls(gateway, site)].count("sms.rejected") == 1
