import json
import time

import pytest

from tests.payments import OLD_WEBHOOK_SECRET, SECRET_KEY, STRIPE, WEBHOOK_SECRET
from tests.payments.fake_stripe import FakeStripe, event
from wagtail_sms.credits import purchases
from wagtail_sms.payments import get_payment_method


@pytest.fixture
def stripe_package():
    return pytest.importorskip("stripe", reason="needs the package stripe: pip install 'wagtail-sms[stripe]'")


@pytest.fixture
def stripe(stripe_package, settings):
    """A Stripe account at the end of real HTTP, configured as the payment method."""
    fake = FakeStripe()
    options = {
        "SECRET_KEY": SECRET_KEY,
        "WEBHOOK_SECRETS": [WEBHOOK_SECRET, OLD_WEBHOOK_SECRET],
        "API_BASE": fake.url,
        "TIMEOUT": (2, 5),
    }
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PAYMENTS": {"default": {"BACKEND": STRIPE, "OPTIONS": options}}}
    yield fake
    get_payment_method().close()
    fake.stop()


@pytest.fixture
def method(stripe):
    return get_payment_method()


@pytest.fixture
def purchase(site, stripe):
    """500 credits for $5.00, on whose payment page the buyer is."""
    ordered = purchases.order(site, pack=purchases.packs()[1])
    purchases.start(ordered, success_url="http://testserver/paid/", cancel_url="http://testserver/left/")
    return ordered


@pytest.fixture
def post(client, stripe_package):
    """Sends a body to the webhook as Stripe does, with Stripe's own signature unless another header is given."""

    def send(content, *, secret=WEBHOOK_SECRET, age=0, header=None, body=None, alias="default"):
        payload = json.dumps(content)
        if header is None:
            header = stripe_package.WebhookSignature.generate_signature_header(
                payload, secret, timestamp=int(time.time()) - age
            )
        return client.post(
            f"/sms/hooks/payments/{alias}/",
            payload if body is None else body,
            content_type="application/json",
            headers={"Stripe-Signature": header} if header else {},
        )

    return send


@pytest.fixture
def tell(post):
    """Sends an event of a kind about one of the fake's objects."""

    def send(kind, about, **facts):
        return post(event(kind, about, **facts))

    return send
