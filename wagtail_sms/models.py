"""Every model of the app, from the parts that own them."""

from wagtail_sms.campaigns.models import Campaign, MessageTemplate
from wagtail_sms.credits.models import Grant, Hold, Reservation, Transfer, Wallet
from wagtail_sms.credits.purchase_models import PaymentEvent, Purchase
from wagtail_sms.delivery.models import (
    Batch,
    Decision,
    Delivery,
    FoldedReport,
    Heartbeat,
    InboundEvent,
    Lane,
    Notice,
    NumberFault,
    ReportEvent,
    SeenCall,
    StrangeWord,
)
from wagtail_sms.extension import Extension
from wagtail_sms.pricing.models import CountryRate, CountryRule, Price, PriceList, RateCard, UnitPin
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile, PwaSettings
from wagtail_sms.senders.models import CountryRequest, SenderNumber
from wagtail_sms.subscribers.models import (
    CarrierBlock,
    ConsentEvent,
    ConsentWording,
    OptInAttempt,
    PendingSignUp,
    Subscriber,
    SubscriberImport,
    Suppression,
)
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts


__all__ = [
    "Batch",
    "Campaign",
    "CarrierBlock",
    "ConsentEvent",
    "ConsentWording",
    "CountryRate",
    "CountryRequest",
    "CountryRule",
    "Decision",
    "Delivery",
    "Extension",
    "FoldedReport",
    "Grant",
    "Heartbeat",
    "Hold",
    "InboundEvent",
    "Lane",
    "MessageTemplate",
    "Notice",
    "NumberFault",
    "OptInAttempt",
    "PaymentEvent",
    "PendingSignUp",
    "Price",
    "PriceList",
    "Purchase",
    "PwaBuild",
    "PwaBuildFile",
    "PwaSettings",
    "RateCard",
    "ReportEvent",
    "Reservation",
    "SeenCall",
    "SenderNumber",
    "SmsSettings",
    "SmsTexts",
    "StrangeWord",
    "Subscriber",
    "SubscriberImport",
    "Suppression",
    "Transfer",
    "UnitPin",
    "Wallet",
]
