"""Our providers keep the promises of ProviderContract: locmem in memory, messagebird and bird at the gateway."""

import json
from urllib.parse import urlencode

import pytest
from django.test import RequestFactory

from sandbox.gateway.bird_messages import signed
from sandbox.gateway.signing import HEADER, signature
from tests.gateway.fixtures import BIRD_KEY, BIRD_SECRET, SIGNING_KEY
from wagtail_sms.providers.base import Outcome
from wagtail_sms.providers.bird import BirdProvider
from wagtail_sms.providers.locmem import LocmemProvider
from wagtail_sms.providers.messagebird import MessageBirdProvider
from wagtail_sms.testing import ProviderContract


class TestLocmem(ProviderContract):
    secrets = ("a-key-nobody-may-see",)

    def make_provider(self, **options):
        return LocmemProvider("default", {"SIGNING_KEY": self.secrets[0], **options})

    def refuse(self, provider, recipient):
        provider.script[recipient] = Outcome.REJECTED

    def lose_answer(self, provider):
        provider.script = dict.fromkeys(self.recipients, Outcome.UNCERTAIN)

    def _request(self, provider, path, content):
        body = json.dumps([content]).encode()
        signed = {"X-Locmem-Signature": provider.sign(path, body)}
        return RequestFactory().post(path, body, content_type="application/json", headers=signed)

    def report_request(self, provider, *, status="delivered"):
        content = {"reference": self.reference, "recipient": self.recipients[0], "status": status}
        return self._request(provider, "/reports/", content)

    def inbound_request(self, provider, *, body):
        content = {"sender": self.recipients[0], "recipient": self.sender, "body": body}
        return self._request(provider, "/inbound/", content)


class TestMessageBird(ProviderContract):
    secrets = ("live_local_network_key", SIGNING_KEY)

    @pytest.fixture(autouse=True)
    def _use(self, gateway):
        self.gateway = gateway

    def make_provider(self, **options):
        return MessageBirdProvider("default", self.gateway.provider_options(**options))

    def refuse(self, provider, recipient):
        self.gateway.set_switch("phone", "refused", phone=recipient)

    def lose_answer(self, provider):
        self.gateway.set_switch("answers", "lost", times=1)

    def _request(self, path, fields):
        address = f"{path}?{urlencode(fields)}"
        signed = {HEADER: signature(SIGNING_KEY, f"http://testserver{address}")}
        return RequestFactory().get(address, headers=signed)

    def report_request(self, provider, *, status="delivered"):
        fields = {"id": "e8077d803532c0b5937c639b60216938", "reference": self.reference}
        fields |= {"recipient": self.recipients[0].lstrip("+"), "status": status}
        return self._request("/reports/", fields | {"statusDatetime": "2026-11-23T10:00:00+00:00"})

    def inbound_request(self, provider, *, body):
        fields = {"id": "5ee6c85b6b7f4f2ba6ee8ee2a8fb5b6c", "recipient": self.sender.lstrip("+")}
        return self._request("/inbound/", fields | {"originator": self.recipients[0].lstrip("+"), "body": body})

    def test_one_left_out_recipient_is_rejected_and_the_others_accepted(self):
        provider = self.make_provider()
        self.gateway.set_switch("phone", "left_out", phone=self.recipients[2])
        outcomes = [result.outcome for result in provider.send(self.batch())]
        assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REJECTED]
        assert len(self.gateway.messages()) == 2


class TestBird(ProviderContract):
    secrets = (BIRD_KEY, BIRD_SECRET)

    @pytest.fixture(autouse=True)
    def _use(self, gateway):
        self.gateway = gateway

    def make_provider(self, **options):
        return BirdProvider("default", self.gateway.bird_options(**options))

    def refuse(self, provider, recipient):
        self.gateway.set_switch("phone", "refused", phone=recipient)

    def lose_answer(self, provider):
        self.gateway.set_switch("answers", "lost", times=1)

    def _request(self, kind, data):
        content = {"type": f"sms.{kind}", "timestamp": "2026-11-23T10:00:00.000Z", "data": data}
        body = json.dumps(content).encode()
        headers = signed(BIRD_SECRET, body, event_id="msg_1")
        return RequestFactory().post("/reports/", body, content_type="application/json", headers=headers)

    def report_request(self, provider, *, status="delivered"):
        data = {"sms_id": "sms_01krdgeqcxet5s7t44vh8rt9mg", "to": self.recipients[0], "from": self.sender}
        return self._request(status, data | {"metadata": {"reference": self.reference}})

    def inbound_request(self, provider, *, body):
        data = {"sms_id": "sms_01krdgeqcxet5s7t44vh8rt9mh", "to": self.sender, "from": self.recipients[0]}
        return self._request("received", data | {"text": body, "metadata": None})
