"""Standard Webhooks signatures, and what Bird's events mean."""

import json
import time
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from sandbox.gateway.bird_messages import signed
from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.providers.base import ReportStatus
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.bird_http import load


KEY = "whsec_" + b64encode(b"a secret of the tests, long enough").decode()
OTHER_KEY = "whsec_" + b64encode(b"another one of them, long enough").decode()
HOOK = "/sms/hooks/default/token/reports/"
A, OURS = "+33612345678", "+12015550100"
AT = datetime(2026, 5, 21, 12, 0, tzinfo=UTC)


def make_provider(**options):
    return BirdProvider("default", {"API_KEY": "bk_eu1_x", "WEBHOOK_SECRET": KEY, **options})


def event(kind, **data):
    return json.dumps({"type": kind, "timestamp": "2026-05-21T12:00:00Z", "data": data}).encode()


def post(rf, body, *, key=KEY, now=None, event_id="msg_1", **changes):
    headers = signed(key, body, event_id=event_id, now=now) | changes
    return rf.post(HOOK, body, content_type="application/json", headers=headers)


DELIVERED = event("sms.delivered", sms_id="sms_1", to=A, metadata={"reference": "ref"})


# Signatures


def test_reference_vector_of_the_specification_passes(rf, monkeypatch):
    """The example of the Standard Webhooks libraries."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    monkeypatch.setattr("wagtail_sms.providers.bird_webhooks.time.time", lambda: 1614265330)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    request = rf.post(HOOK, body, content_type="application/json", headers=headers)
    assert make_provider(WEBHOOK_SECRET=secret).verify_signature(request).until.timestamp() == 1614265330 + 600


def test_a_call_that_bird_repeats_is_known_again(rf):
    """A repeat has another timestamp and another signature, and the same id."""
    provider, now = make_provider(), int(time.time())
    first, again = (provider.verify_signature(post(rf, DELIVERED, now=now - age)) for age in (60, 0))
    assert (first.token, first.until) < (again.token, again.until) and first.token == again.token
    assert provider.verify_signature(post(rf, DELIVERED, event_id="msg_2")).token != first.token


def test_signature_of_the_official_package_is_ours(rf):
    bird, _httpx = load()
    headers = signed(KEY, DELIVERED, event_id="msg_1")
    with pytest.raises(bird.WebhookVerificationError, match="not a valid event"):
        # It wants every field of its schema, so it gets this far only behind a signature that fits.
        bird.Bird(webhook_secret=KEY).webhooks.unwrap(DELIVERED, headers)
    make_provider().verify_signature(post(rf, DELIVERED))


def test_every_secret_of_a_rotation_and_every_signature_of_a_header_counts(rf):
    make_provider(WEBHOOK_SECRET=[OTHER_KEY, KEY]).verify_signature(post(rf, DELIVERED))
    mine = signed(KEY, DELIVERED, event_id="msg_1")["webhook-signature"]
    both = f"v1a,xyz v1,AAAA {mine}"
    make_provider().verify_signature(post(rf, DELIVERED, **{"webhook-signature": both}))


@pytest.mark.parametrize("changes", [{"key": OTHER_KEY}, {"now": 1_000_000_000}, {"now": 99_999_999_999}])
def test_wrong_secret_and_wrong_time_are_rejected(rf, changes):
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(post(rf, DELIVERED, **changes))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "x", "v1,", "v1,é", "v2,abc", "-1", "١٢", "9" * 400, "v1," + "A" * 5000])
def test_strange_headers_are_rejected_and_raise_nothing_else(rf, name, value):
    with pytest.raises(WebhookRejected):
        make_provider().verify_signature(post(rf, DELIVERED, **{name: value.encode().decode("latin-1")}))


def test_body_and_id_are_covered(rf):
    provider = make_provider()
    changed = post(rf, DELIVERED)
    changed._body = DELIVERED.replace(b"delivered", b"failed")
    for request in (changed, post(rf, DELIVERED, **{"webhook-id": "msg_2"})):
        with pytest.raises(WebhookRejected):
            provider.verify_signature(request)


@pytest.mark.parametrize("secret", ["", [], "whsec_", "whsec_not base64!"])
def test_without_a_secret_nothing_passes(rf, secret):
    with pytest.raises(WebhookRejected):
        make_provider(WEBHOOK_SECRET=secret).verify_signature(post(rf, DELIVERED))


# Events


@pytest.mark.parametrize(
    "word, status",
    [
        ("accepted", ReportStatus.SENT),
        ("scheduled", ReportStatus.SENT),
        ("sent", ReportStatus.SENT),
        ("delivered", ReportStatus.DELIVERED),
        ("undelivered", ReportStatus.UNDELIVERED),
        ("failed", ReportStatus.UNDELIVERED),
        ("canceled", ReportStatus.UNDELIVERED),
        ("expired", ReportStatus.EXPIRED),
        ("rejected", ReportStatus.REJECTED),
        ("teleported", ReportStatus.UNKNOWN),
    ],
)
def test_each_event_has_its_meaning(rf, word, status):
    body = event(f"sms.{word}", sms_id="sms_1", to=A, metadata={"reference": "ref"})
    (report,) = make_provider().parse_reports(post(rf, body))
    assert (report.status, report.raw_status, report.reference) == (status, word, "ref")
    assert (report.provider_id, report.recipient, report.occurred_at) == ("sms_1", A, AT)


@pytest.mark.parametrize(
    "code",
    [
        "invalid_destination",
        "unreachable",
        "blocked_by_carrier",
        "blocked_by_fraud_protection",
        "blocked_by_recipient",
        "landline_unreachable",
        "content_rejected",
        "sender_unregistered",
        "recipient_opted_out",
        "provider_unavailable",
        "insufficient_balance",
        "unknown",
        "a_new_code",
    ],
)
def test_a_failure_says_why(rf, code):
    error = {"code": code, "description": "in words", "carrier_error_code": "34"}
    body = event("sms.failed", sms_id="sms_1", to=A, metadata=None, error=error)
    (report,) = make_provider().parse_reports(post(rf, body))
    assert (report.error_code, report.error_text, report.reference) == (code, "in words", "")


def test_a_text_is_an_inbound_text_and_no_report(rf):
    body = event("sms.received", **{"sms_id": "sms_2", "to": OURS, "from": A, "text": "Stop, merci ☎"})
    request = post(rf, body)
    (text,) = make_provider().parse_inbound(request)
    assert (text.sender, text.recipient, text.body, text.received_at) == (A, OURS, "Stop, merci ☎", AT)
    assert make_provider().parse_reports(request) == make_provider().parse_opt_outs(request) == []


def test_a_suppression_is_an_opt_out(rf):
    data = {"suppression_id": "ssu_1", "destination": A, "originator": OURS, "reason": "carrier_opted_out"}
    request = post(rf, event("sms_suppression.created", **data))
    (opt_out,) = make_provider().parse_opt_outs(request)
    assert (opt_out.person, opt_out.sender, opt_out.reason, opt_out.occurred_at) == (A, OURS, "carrier_opted_out", AT)
    assert make_provider().parse_reports(request) == make_provider().parse_inbound(request) == []


@pytest.mark.parametrize("kind", ["email.delivered", "voice.call_ended", "sms_something.new", "x"])
def test_events_about_other_things_are_taken_and_mean_nothing(rf, kind):
    provider, request = make_provider(), post(rf, event(kind, id="x"))
    assert provider.parse_reports(request) == provider.parse_inbound(request) == provider.parse_opt_outs(request) == []


@pytest.mark.parametrize("body", [b"no json", b"1", b"[1]", b"{}", b'{"type": 1}', b"\xff", event("sms.sent")])
def test_unreadable_events_are_rejected(rf, body):
    with pytest.raises(WebhookRejected):
        make_provider().parse_reports(post(rf, body))


def test_the_same_event_under_another_id_is_the_same(rf):
    provider = make_provider()
    (report,) = provider.parse_reports(post(rf, DELIVERED))
    (again,) = provider.parse_reports(post(rf, DELIVERED, event_id="msg_2"))
    assert report.event_key == again.event_key
