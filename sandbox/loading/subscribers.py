"""A thousand people in forty countries, through the package's own verbs, with numbers that nobody has."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import phonenumbers
from django.contrib.auth.models import User
from django.db import transaction
from wagtail.models import Site

from wagtail_sms.phone import PhoneNumber, parse
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.models import ConsentWording, Subscriber
from wagtail_sms.subscribers.texts import current_wording


SOURCE = "sandbox"
# Of a thousand people, most come from where the demo network's texts are cheap.
PEOPLE = {
    "US": 430, "CA": 110, "GB": 70, "FR": 40, "DE": 40, "MX": 34, "CO": 30, "TR": 24, "BR": 22, "PL": 18, "ES": 16,
    "SE": 14, "DK": 13, "NL": 12, "IT": 12, "PT": 10, "IE": 9, "CH": 9, "AT": 8, "NO": 8, "FI": 7, "BE": 7, "CZ": 6,
    "LT": 6, "AU": 6, "ZA": 5, "IL": 5, "TH": 4, "KR": 4, "GR": 3, "RO": 3, "EE": 3, "JP": 2, "IN": 2, "NZ": 2,
    "SG": 2, "MA": 1, "SN": 1, "IS": 1, "HR": 1,
}  # fmt: skip
# Not those of the big cities: their fictional numbers are what a visitor of the demo thinks of first.
AREAS = {"US": ("208", "316", "423", "515", "605"), "CA": ("204", "306", "506")}
EARLY = 120
SUSPENDED, STOPPED = 30, 40
DAYS = 120
STOP_WORDS = ("STOP", "Stop", "stop", "STOP please", "Unsubscribe", "STOPP")
BROWSERS = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1",
)
PAGES = ("", "programme/", "programme/kadenz/", "programme/moth-weather/", "plan-your-visit/")


def load_subscribers(site: Site, *, by: User, now: datetime, first: int = 0, last: int | None = None) -> int:
    """Sign up people `first` to `last` of the thousand, spread over the last months. Returns how many are new."""
    people = _people()[first:last]
    known = set(Subscriber.objects.filter(site=site).values_list("number", flat=True))
    missing = [(index, number) for index, number in people if number.number not in known]
    if not missing or _are_loaded(site, first):
        return 0
    wording = current_wording(site)
    with transaction.atomic():
        for index, number in missing:
            _sign_up(site, number, wording, index=index, now=now)
    return len(missing)


def turn_some_away(site: Site, *, by: User, now: datetime) -> None:
    """A few texted STOP, an editor suspended a few others. Done once."""
    loaded = Subscriber.objects.filter(site=site, source=SOURCE)
    if loaded.exclude(status="active").exists():
        return
    chosen = random.Random(11).sample(list(loaded.order_by("pk")), SUSPENDED + STOPPED)
    dice = random.Random(12)
    with transaction.atomic():
        for person in chosen[:STOPPED]:
            when = now - timedelta(minutes=dice.randrange(30, 60 * 24 * 20))
            consent.stop(site, number=person.number, evidence=dice.choice(STOP_WORDS), now=max(when, person.created_at))
        for person in chosen[STOPPED:]:
            consent.suspend(person, by=by, now=now - timedelta(minutes=dice.randrange(30, 60 * 24 * 20)))


def _are_loaded(site: Site, first: int) -> bool:
    """Whether this part was loaded before: whom somebody deleted since is not signed up again."""
    return Subscriber.objects.filter(site=site, source=SOURCE).count() > first


def _sign_up(site: Site, number: PhoneNumber, wording: ConsentWording, *, index: int, now: datetime) -> None:
    dice = random.Random(index)
    consent.opt_in(
        site,
        number=number,
        wording=wording,
        page_url=f"{site.root_url}/{dice.choice(PAGES)}",
        address=f"203.0.113.{dice.randrange(1, 255)}",
        user_agent=dice.choice(BROWSERS),
        language="en",
        source=SOURCE,
        now=now - timedelta(minutes=round(60 * 24 * DAYS * (1 - index / 1000)) + dice.randrange(2, 200)),
    )


def _people() -> list[tuple[int, PhoneNumber]]:
    """Everybody with their place in the queue, mixed by country."""
    numbers = [number for country, count in PEOPLE.items() for number in _numbers(country, count)]
    random.Random(5).shuffle(numbers)
    return list(enumerate(numbers))


def _numbers(country: str, count: int) -> list[PhoneNumber]:
    """`count` mobile numbers of one country: the fictional 555-01xx ones in North America, else beside the
    example that the numbering plan's own metadata gives."""
    found: list[PhoneNumber] = []
    for national in _candidates(country):
        parsed = parse(national, country)
        if parsed.country == country and parsed.can_receive_texts:
            found.append(parsed)
        if len(found) == count:
            break
    return found


def _candidates(country: str) -> Iterator[str]:
    if country in AREAS:
        for line in range(100):
            for area in AREAS[country]:
                yield f"{area}55501{line:02d}"
        return
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.national_significant_number(example)
    dice = random.Random(country)
    while True:
        yield f"+{example.country_code}{national[:-4]}{dice.randrange(10_000):04d}"
