"""Where a visitor of the demo stands on each site, and what to try next: read from the database, never "
"stored."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from wagtail.models import Site

from wagtail_sms.admin.access import may
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.extension import is_installed
from wagtail_sms.pwa.builder import current_build, serves_sms
from wagtail_sms.states import ConsentKind
from wagtail_sms.subscribers.models import ConsentEvent
from wagtail_sms.subscribers.settings import SmsSettings


FIRST, SECOND = "localhost", "127.0.0.1"
BY_VISITORS = ("popup", "form")
LOADED_CAMPAIGNS = 1
NARROW = "First make this window as narrow as a phone."


@dataclass(slots=True)
class Step:
    """One step of the guide: `hint` says what to do, `link` and `url` where, `wide` what a wide window needs first."""

    name: str
    hint: str
    link: str
    url: str
    is_done: bool = False
    wide: str = ""
    number: int = 0
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Tour:
    steps: list[Step]
    current: Step


def tour_of(site: Site, *, user=None) -> Tour:
    """The guide of one site for who is signed in there. A step that was left out does not hold up those after it."""
    steps = first_steps(site, user) if site.hostname == FIRST else second_steps(site, user)
    furthest = max((index + 1 for index, step in enumerate(steps) if step.is_done), default=0)
    current = steps[min(furthest, len(steps) - 1)]
    current.is_current = True
    for number, step in enumerate(steps, start=1):
        step.number = number
    return Tour(steps, current)


def first_steps(site: Site, user) -> list[Step]:
    """Halle Nord, in full use: sign up, read and answer, send, and go on to the other site."""
    other = f"http://{SECOND}:{settings.PORT}/"
    left = is_installed(Site.objects.get(hostname=SECOND))
    sign_in = "" if allowed(user, site, "send_campaign") else "sign in as editor / editor and "
    return [
        Step(
            "Sign up",
            f"{pages_to_open(site).capitalize()} and the hall asks for your number. Any number will do.",
            "Programme",
            reverse("wagtail_serve", args=["programme/"]),
            signed_up(site),
            NARROW,
        ),
        Step(
            "Phone",
            "Your welcome text has arrived. Read it on the local telephone network, and answer it.",
            "Phones",
            reverse("gateway"),
            InboundEvent.objects.filter(site=site).exists(),
        ),
        Step(
            "Send",
            f"Now be the editor: {sign_in}write to everybody under Notifications > SMS.",
            "Admin",
            reverse("wagtail_sms:index"),
            Campaign.objects.filter(site=site, launched_at__isnull=False).count() > LOADED_CAMPAIGNS,
        ),
        Step(
            "Second site",
            "You installed text messages on Atelier Sud. Go on there."
            if left
            else "Atelier Sud has no PWA and no text messages yet. Set everything up there yourself.",
            "Atelier Sud",
            other,
            left,
        ),
    ]


def second_steps(site: Site, user) -> list[Step]:
    """Atelier Sud, with nothing installed: build the PWA, install, build again, sign up."""
    installed, signed = is_installed(site), signed_up(site)
    sign_in = "" if allowed(user, site, "rebuild_pwa") else "sign in as south / south, "
    return [
        Step(
            "Build the PWA",
            f"Next: {sign_in}choose an icon at Publish > PWA, save and build.",
            "PWA",
            reverse("wagtail_sms:pwa"),
            current_build(site) is not None,
        ),
        Step(
            "Install",
            "Next: install SMS notifications at Extensions. It is free and brings 500 credits.",
            "Extensions",
            reverse("wagtail_sms:extensions"),
            installed,
        ),
        Step(
            "Rebuild",
            "Next: rebuild the PWA at Publish > PWA, so that it asks visitors for their number.",
            "PWA",
            reverse("wagtail_sms:pwa"),
            installed and serves_sms(site),
        ),
        Step(
            "Sign up",
            "You have seen everything. Your welcome text has arrived."
            if signed
            else f"Everything is set up: {pages_to_open(site)} and this site asks for your number.",
            "Phones" if signed else "Front page",
            reverse("gateway") if signed else reverse("wagtail_serve", args=[""]),
            signed,
            "" if signed else NARROW,
        ),
    ]


def allowed(user, site: Site, right: str) -> bool:
    return user is not None and may(user, site, right)


def pages_to_open(site: Site) -> str:
    """What brings the popup up, by the settings of the site."""
    pages = SmsSettings.for_site(site).popup_after_actions
    return f"open {pages} pages" if pages > 1 else "open a page"


def signed_up(site: Site) -> bool:
    return ConsentEvent.objects.filter(site=site, kind=ConsentKind.OPT_IN, source__in=BY_VISITORS).exists()
