"""Halle Nord in full use: PWA, extension, sender number, prices, texts, credits. Needs the gateway."""

from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from wagtail.images.models import Image
from wagtail.models import Site

from sandbox.loading.pictures import picture
from wagtail_sms import extension
from wagtail_sms.credits import purchases
from wagtail_sms.payments.base import PaymentKind
from wagtail_sms.payments.dummy import DummyPayment
from wagtail_sms.pricing import cards
from wagtail_sms.pwa.builder import current_build, rebuild
from wagtail_sms.pwa.models import PwaSettings
from wagtail_sms.senders import provisioning
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts


PACK = 5000
PURCHASE = uuid5(NAMESPACE_URL, "wagtail-sms sandbox: the first pack")


def load_extension(site: Site, *, by: User) -> None:
    """Install everything on `site`; what is installed already stays."""
    cards.refresh()
    _dress(site)
    if current_build(site) is None:
        rebuild(site, by=by, features={})
    if extension.extension_for(site) is None:
        extension.install(site, by=by)
        rebuild(site, by=by, features=extension.features_for(site))
    for sender_id in provisioning.due():
        provisioning.provision(sender_id)
    _buy_credits(site, by=by)


def _buy_credits(site: Site, *, by: User) -> None:
    """One pack, paid on the demo's payment page; loading again finds it bought."""
    pack = next(pack for pack in purchases.packs() if pack.credits == PACK)
    bought = purchases.order(site, pack=pack, by=by, token=PURCHASE)
    purchases.confirm(DummyPayment.event(bought.uuid, PaymentKind.PAID, bought.amount_cents, bought.currency))


def load_icons() -> Image:
    """The first site's icon; the second's is put into the image library for somebody to choose it."""
    picture("Atelier Sud, icon", drawing="icon-atelier.png", alt="Three discs of ink")
    return picture("Halle Nord, icon", drawing="icon-halle.png", alt="The letter H made of two towers")


def _dress(site: Site) -> None:
    """Settings of the PWA and the texts, as the hall's editors would have written them."""
    if current_build(site) is None:
        PwaSettings.objects.update_or_create(
            site=site,
            defaults={
                "name": "Halle Nord",
                "short_name": "Halle Nord",
                "description": "Concerts in the old tram depot on the north quay.",
                "theme_colour": "#101114",
                "background_colour": "#0e0f12",
                "icon": load_icons(),
                "offline_title": "No signal in here",
                "offline_text": "The walls are thick. The programme comes back as soon as you are online again.",
            },
        )
    SmsSettings.objects.get_or_create(
        site=site,
        defaults={
            "brand": "Halle Nord",
            "privacy_url": f"{site.root_url}/privacy/",
            "popup_after_actions": 2,
            "default_country": "US",
        },
    )
    SmsTexts.objects.get_or_create(
        settings=SmsSettings.for_site(site),
        language="en",
        defaults={
            "popup_title": "First to know, last to queue",
            "popup_text": "Last tickets, moved doors, the odd secret gig. We text you when it matters, and "
            "you can stop at any time.",
        },
    )
