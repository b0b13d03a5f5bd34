"""For the tests of providers, ours and third parties': the promises of `SMSProvider` as a test class to inherit.

    class TestMine(ProviderContract):
        def make_provider(self):
            return MyProvider("default", {...})
        ...

It needs pytest to run, and nothing else. Tests of what a provider can't do skip themselves.
"""
# ruff: noqa: S101  # these are tests

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils import timezone

from wagtail_sms.exceptions import WebhookRejected
from wagtail_sms.providers.base import OutboundBatch, Outcome, ReportStatus, SendResult, SMSProvider


class ProviderContract:
    """Fill in the holes; the tests come with it. Numbers are E.164 with a plus."""

    sender = "+12015550100"
    recipients = ("+33612345678", "+447700900123", "+31612345678")
    reference = "0f4c1c6e7d7f4c6c9b8e0d7d2c1b3a59"
    number_country = "US"
    #: Option values that must never be shown.
    secrets: tuple[str, ...] = ()

    # The holes

    def make_provider(self, **options: Any) -> SMSProvider:
        """A provider that can send, with these options besides those it needs."""
        raise NotImplementedError

    def refuse(self, provider: SMSProvider, recipient: str) -> None:
        """Bring it about that the provider's API refuses this recipient."""
        raise NotImplementedError

    def report_request(self, provider: SMSProvider, *, status: str = "delivered") -> HttpRequest:
        """A signed webhook request: a report about `recipients[0]` in the batch `reference`."""
        raise NotImplementedError

    def inbound_request(self, provider: SMSProvider, *, body: str) -> HttpRequest:
        """A signed webhook request: `recipients[0]` texts `body` to `sender`."""
        raise NotImplementedError

    def tamper(self, request: HttpRequest) -> HttpRequest:
        """Change what a signature has to protect."""
        query = request.META.get("QUERY_STRING", "")
        request.META["QUERY_STRING"] = query.replace("delivered", "expired") or "more=1"
        request._body = request.body.replace(b"delivered", b"expired")
        return request

    def lose_answer(self, provider: SMSProvider) -> None:
        """Bring it about that the next batch is taken and the answer lost; tests that need it skip themselves."""
        pytest.skip("lose_answer() is not filled in.")

    def unsign(self, request: HttpRequest) -> HttpRequest:
        """Take the signature away."""
        for name in [name for name in request.META if "SIGNATURE" in name]:
            del request.META[name]
        request.__dict__.pop("headers", None)
        return request

    # Sending

    def batch(self, *recipients: str, **changes: Any) -> OutboundBatch:
        fields = {"reference": self.reference, "sender": self.sender, "body": "Hello", "encoding": "GSM-7"}
        return OutboundBatch(recipients=recipients or self.recipients, **(fields | changes))

    def send_to_the_end(self, provider: SMSProvider, batch: OutboundBatch) -> list[SendResult]:
        """As the sending engine does it: whoever surely got nothing is in the next request, and nobody else."""
        found = {result.recipient: result for result in provider.send(batch)}
        while waiting := tuple(one for one in batch.recipients if found[one].outcome == Outcome.NOT_SENT):
            found |= {result.recipient: result for result in provider.send(replace(batch, recipients=waiting))}
            left = [one for one in waiting if found[one].outcome == Outcome.NOT_SENT]
            assert len(left) < len(waiting), "A batch must not wait for ever."
        return [found[recipient] for recipient in batch.recipients]

    def needs(self, provider: SMSProvider, capability: str) -> None:
        if not getattr(provider, capability):
            pytest.skip(f"{type(provider).__name__} says {capability} = False.")

    def test_every_recipient_has_one_result_in_order(self):
        provider = self.make_provider()
        recipients = self.recipients[: provider.max_recipients_per_request]
        results = provider.send(self.batch(*recipients))
        assert tuple(result.recipient for result in results) == recipients
        assert {result.outcome for result in results} == {Outcome.ACCEPTED}
        assert all(result.provider_id for result in results)

    def test_nobody_to_text_is_no_request(self):
        assert self.make_provider().send(OutboundBatch("r", self.sender, "Hello", "GSM-7", ())) == []

    def test_too_many_recipients_are_refused(self):
        provider = self.make_provider()
        crowd = tuple(f"+3361234{n:04d}" for n in range(provider.max_recipients_per_request + 1))
        with pytest.raises(ValueError, match=str(provider.max_recipients_per_request)):
            provider.send(self.batch(*crowd))

    def test_one_refused_recipient_stops_nobody_else(self):
        provider = self.make_provider()
        if provider.max_recipients_per_request < 2:
            pytest.skip("One recipient per request.")
        self.refuse(provider, self.recipients[1])
        first, refused, *_ = results = self.send_to_the_end(provider, self.batch(*self.recipients))
        assert refused.outcome == Outcome.REJECTED
        assert refused.error_code
        assert first.outcome == results[-1].outcome == Outcome.ACCEPTED

    def test_a_lone_refused_recipient_raises_nothing(self):
        provider = self.make_provider()
        self.refuse(provider, self.recipients[0])
        (result,) = provider.send(self.batch(self.recipients[0]))
        assert result.outcome == Outcome.REJECTED

    def test_lost_answer_is_uncertain_for_everybody(self):
        provider = self.make_provider()
        self.lose_answer(provider)
        recipients = self.recipients[: provider.max_recipients_per_request]
        assert {result.outcome for result in provider.send(self.batch(*recipients))} == {Outcome.UNCERTAIN}

    # Configuration

    def test_unknown_option_is_refused_with_a_hint(self):
        provider = self.make_provider()
        known = next(iter(provider.default_options), None)
        if known is None:
            pytest.skip("It has no options.")
        with pytest.raises(ImproperlyConfigured, match=f"Did you mean '{known}'"):
            type(provider)("default", {f"{known}X": 1})

    def test_secrets_are_not_shown(self):
        provider = self.make_provider()
        provider.send(self.batch(self.recipients[0]))
        inside = [value for name, value in vars(provider).items() if name != "options"]
        shown = repr(provider) + str(provider) + repr(inside)
        assert not [secret for secret in self.secrets if secret in shown]

    def test_checks_have_nothing_to_say_about_a_good_configuration(self):
        assert self.make_provider().check() == []

    def test_webhook_token_is_stable_and_unguessable(self):
        provider = self.make_provider()
        token = provider.webhook_token()
        assert re.fullmatch(r"[\w-]{32,}", token)
        assert self.make_provider().webhook_token() == token
        assert type(provider)("another", provider.options).webhook_token() != token

    # Webhooks

    def test_signed_report_passes_and_is_read(self):
        provider = self.make_provider()
        request = self.report_request(provider)
        provider.verify_signature(request)
        (report,) = provider.parse_reports(request)
        assert report.status == ReportStatus.DELIVERED
        assert (report.recipient, report.reference) == (self.recipients[0], self.reference)
        assert timezone.is_aware(report.occurred_at)

    def test_tampered_report_is_rejected(self):
        provider = self.make_provider()
        with pytest.raises(WebhookRejected):
            provider.verify_signature(self.tamper(self.report_request(provider)))

    def test_unsigned_report_is_rejected(self):
        provider = self.make_provider()
        with pytest.raises(WebhookRejected):
            provider.verify_signature(self.unsign(self.report_request(provider)))

    def test_report_that_comes_twice_has_one_key(self):
        provider = self.make_provider()
        (report,) = provider.parse_reports(self.report_request(provider))
        (again,) = provider.parse_reports(self.report_request(provider))
        (other,) = provider.parse_reports(self.report_request(provider, status="expired"))
        assert report.event_key == again.event_key != other.event_key

    def test_unknown_status_is_kept_as_unknown(self):
        provider = self.make_provider()
        (report,) = provider.parse_reports(self.report_request(provider, status="teleported"))
        assert (report.status, report.raw_status) == (ReportStatus.UNKNOWN, "teleported")

    def test_signed_inbound_text_passes_and_is_read(self):
        provider = self.make_provider()
        self.needs(provider, "supports_inbound")
        request = self.inbound_request(provider, body="Stop, merci ☎")
        provider.verify_signature(request)
        (text,) = provider.parse_inbound(request)
        assert text.body == "Stop, merci ☎"
        assert (text.sender, text.recipient) == (self.recipients[0], self.sender)
        assert text.event_key == provider.parse_inbound(request)[0].event_key

    def test_unsigned_inbound_text_is_rejected(self):
        provider = self.make_provider()
        self.needs(provider, "supports_inbound")
        with pytest.raises(WebhookRejected):
            provider.verify_signature(self.unsign(self.inbound_request(provider, body="STOP")))

    # What only some can do

    def test_repeated_request_is_the_same_texts_also_after_a_lost_answer(self):
        provider = self.make_provider()
        self.needs(provider, "idempotency_key_lifetime")
        recipients = self.recipients[: provider.max_recipients_per_request]
        self.lose_answer(provider)
        provider.send(self.batch(*recipients))
        first = provider.send(self.batch(*recipients))
        assert {result.outcome for result in first} == {Outcome.ACCEPTED}
        assert provider.send(self.batch(*recipients)) == first
        other = provider.send(self.batch(*recipients, body="Another one"))
        assert {result.provider_id for result in other}.isdisjoint(result.provider_id for result in first)

    def test_lookup_finds_what_was_sent_and_nothing_else(self):
        provider = self.make_provider()
        self.needs(provider, "supports_lookup")
        before = timezone.now() - timedelta(minutes=1)
        provider.send(self.batch(self.recipients[0]))
        found = provider.lookup(self.reference, self.recipients[0], before)
        assert (found.recipient, found.reference) == (self.recipients[0], self.reference)
        assert provider.lookup("never-sent", self.recipients[0], before) is None
        assert provider.lookup(self.reference, self.recipients[1], before) is None

    def test_what_was_sent_can_be_read_again_by_its_id(self):
        provider = self.make_provider()
        self.needs(provider, "supports_read")
        (result,) = provider.send(self.batch(self.recipients[0]))
        (report,) = provider.read(result.provider_id, self.reference)
        assert (report.recipient, report.reference) == (self.recipients[0], self.reference)
        assert provider.read("never-sent", self.reference) == []

    def test_prices_are_positive_and_name_their_country(self):
        provider = self.make_provider()
        self.needs(provider, "supports_price_list")
        rows = provider.fetch_prices()
        assert rows
        assert all(row.amount > 0 and row.currency for row in rows)
        assert all(re.fullmatch(r"[A-Z]{2}", row.country) and row.country != "XX" for row in rows)

    def test_number_is_found_bought_owned_and_released(self):
        provider = self.make_provider()
        self.needs(provider, "supports_numbers")
        offer = provider.find_number(self.number_country)
        assert offer.number.startswith("+") and "sms" in offer.features
        assert provider.owned_number(offer.number) is None
        assert provider.is_for_sale(offer.number, self.number_country)
        assert provider.buy_number(offer.number, self.number_country).number == offer.number
        assert provider.owned_number(offer.number).country == self.number_country
        assert provider.find_number(self.number_country).number != offer.number
        assert not provider.is_for_sale(offer.number, self.number_country)
        provider.release_number(offer.number)
        provider.release_number(offer.number)
        assert provider.owned_number(offer.number) is None
