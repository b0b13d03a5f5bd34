"""What tests build: sites with the feature installed, people, campaigns. Seeded by position, never random."""

from datetime import timedelta

from django.utils import timezone
from wagtail.models import Locale, Page, Site

from wagtail_sms.credits import ledger
from wagtail_sms.extension import Extension
from wagtail_sms.pricing.cards import refresh
from wagtail_sms.pricing.models import CountryRate, RateCard
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.states import GrantKind, SenderStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings
from wagtail_sms.subscribers.texts import SmsTexts


SENDER = "+12015550123"


def make_site(hostname: str = "localhost", *, name: str = "Halle Nord", is_default: bool = False) -> Site:
    """A Wagtail site with a root page of its own, or the default one renamed."""
    found = Site.objects.filter(hostname=hostname).first()
    if found:
        Site.objects.filter(pk=found.pk).update(site_name=name)
        return Site.objects.get(pk=found.pk)
    # A test with transactions of its own leaves an empty database behind, without even a language.
    Locale.objects.get_or_create(language_code="en")
    root = Page.objects.filter(depth=1).first() or Page.add_root(title="Root", slug="root")
    home = root.add_child(instance=Page(title=name, slug=hostname.replace(".", "-")))
    return Site.objects.create(hostname=hostname, root_page=home, site_name=name, is_default_site=is_default)


def make_installed_site(hostname: str = "localhost", *, name: str = "Halle Nord", number: str = SENDER) -> Site:
    """A site as it is after installing: wallet with the month's free credits, a number, texts, a rate card."""
    site, now = make_site(hostname, name=name), timezone.now()
    Extension.objects.create(site=site, installed_at=now)
    ledger.open_wallet(site, now=now)
    make_number(site, number)
    SmsSettings.objects.create(site=site, brand=name)
    refresh()
    return site


def write_texts(site, language: str = "en", **texts) -> SmsTexts:
    """What an editor wrote in one language; the rest stays as it was."""
    settings = SmsSettings.for_site(site)
    return SmsTexts.objects.update_or_create(settings=settings, language=language, defaults=texts)[0]


def speak(site, *languages: str) -> None:
    """The languages of the popup, the first one for everybody else."""
    SmsSettings.objects.update_or_create(site=site, defaults={"languages": list(languages)})


def make_card(rates: dict[str, tuple[int, str]]) -> RateCard:
    """A card in force: `{country: (credits per segment, provider)}`."""
    RateCard.objects.retire()
    card = RateCard.objects.create(currency="USD", unit_price="0.01", is_current=True, created_at=timezone.now())
    CountryRate.objects.bulk_create(
        CountryRate(card=card, country=country, credits=credits, price=f"0.{credits:02d}", provider=provider)
        for country, (credits, provider) in rates.items()
    )
    return card


def make_number(site, number: str, *, provider: str = "default") -> SenderNumber:
    now = timezone.now()
    return SenderNumber.objects.create(
        site=site,
        number=number,
        country="US",
        provider=provider,
        status=SenderStatus.ACTIVE,
        requested_at=now,
        activated_at=now,
        next_attempt_at=now,
    )


def give_credits(site, amount: int) -> None:
    ledger.grant(site, amount=amount, kind=GrantKind.ADJUSTMENT, key=f"test:{site.pk}:{amount}")


def make_subscriber(site, number: str = "+12015550100", *, country: str = "US", status=SubscriberStatus.ACTIVE):
    before = timezone.now() - timedelta(days=1)
    return Subscriber.objects.create(
        site=site, number=number, country=country, status=status, status_changed_at=before, created_at=before
    )


def make_subscribers(site, count: int, *, country: str = "US", start: int = 0) -> list[Subscriber]:
    before = timezone.now() - timedelta(days=1)
    prefix = {"US": "+1201555", "FR": "+3361234", "GB": "+4474001"}[country]
    return Subscriber.objects.bulk_create(
        Subscriber(
            site=site,
            number=f"{prefix}{start + position:05d}"[:15],
            country=country,
            status_changed_at=before,
            created_at=before,
        )
        for position in range(count)
    )
