import pytest

from wagtail_sms.exceptions import NumberUnavailable, ProviderUnavailable, WebhookRejected
from wagtail_sms.providers.base import OutboundBatch, Outcome, SendResult
from wagtail_sms.providers.locmem import LocmemProvider


A, B = "+33612345678", "+447700900123"


@pytest.fixture
def provider():
    return LocmemProvider("default", {})


def batch(*recipients, body="Hello"):
    return OutboundBatch("reference", "+12015550100", body, "GSM-7", recipients)


def test_outbox_keeps_what_was_sent(provider):
    provider.send(batch(A, B))
    assert provider.outbox == [batch(A, B)]
    assert provider.texts == [(A, "Hello"), (B, "Hello")]


def test_script_decides_for_a_recipient(provider):
    provider.script = {A: Outcome.UNCERTAIN, B: SendResult(B, Outcome.REJECTED, error_code="103")}
    uncertain, rejected = provider.send(batch(A, B))
    assert uncertain.outcome == Outcome.UNCERTAIN
    assert rejected.error_code == "103"
    assert provider.texts == [(A, "Hello")]


def test_failures_are_raised_once_each_and_send_nothing(provider):
    provider.failures = [ProviderUnavailable(retry_after=3)]
    with pytest.raises(ProviderUnavailable) as caught:
        provider.send(batch(A))
    assert caught.value.retry_after == 3
    assert provider.outbox == []
    assert provider.send(batch(A))[0].outcome == Outcome.ACCEPTED


def test_numbers_run_out():
    provider = LocmemProvider("default", {"NUMBERS_FOR_SALE": 1})
    offer = provider.find_number("US")
    provider.buy_number(offer.number, "US")
    assert provider.find_number("US") is None
    with pytest.raises(NumberUnavailable):
        provider.buy_number(offer.number, "US")


@pytest.mark.parametrize("body", [b"no json", b"{}", b"[1]"])
def test_unreadable_webhook_is_rejected(provider, rf, body):
    with pytest.raises(WebhookRejected):
        provider.parse_reports(rf.post("/", body, content_type="application/json"))


def test_reset_forgets_everything(provider):
    provider.send(batch(A))
    provider.script[A] = Outcome.REJECTED
    provider.reset()
    assert (provider.outbox, provider.script, provider.texts) == ([], {}, [])
