"""Every model of the app, from the parts that own them."""

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits.models import Grant, Hold, Purchase, Reservation, Transfer, Wallet
from wagtail_sms.delivery.models import Batch, Delivery, InboundEvent, Lane, Notice, ReportEvent
from wagtail_sms.extension import Extension
from wagtail_sms.pricing.models import CountryRate, RateCard
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile, PwaSettings
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.subscribers.models import ConsentEvent, ConsentWording, OptInAttempt, Subscriber, Suppression
from wagtail_sms.subscribers.texts import SmsSettings


__all__ = [
    "Batch",
    "Campaign",
    "ConsentEvent",
    "ConsentWording",
    "CountryRate",
    "Delivery",
    "Extension",
    "Grant",
    "Hold",
    "InboundEvent",
    "Lane",
    "Notice",
    "OptInAttempt",
    "Purchase",
    "PwaBuild",
    "PwaBuildFile",
    "PwaSettings",
    "RateCard",
    "ReportEvent",
    "Reservation",
    "SenderNumber",
    "SmsSettings",
    "Subscriber",
    "Suppression",
    "Transfer",
    "Wallet",
]
