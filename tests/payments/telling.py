"""Orders, and what a payment company says about them, without one."""

from uuid import uuid4

from tests.credits import NOVEMBER
from wagtail_sms.credits import purchases
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.credits.purchases import Pack
from wagtail_sms.payments.base import PaymentEvent


PACK = Pack(100, 100, "USD")


def order(site, **kwargs) -> Purchase:
    return purchases.order(site, **{"pack": PACK, "now": NOVEMBER, **kwargs})


def event(purchase, kind, *, cents=None, event_id=None, currency="USD", **facts) -> PaymentEvent:
    cents = purchase.amount_cents if cents is None else cents
    checkout = f"cs_{purchase.pk}"
    return PaymentEvent(event_id or str(uuid4()), kind, str(purchase.uuid), checkout, cents, currency, **facts)
