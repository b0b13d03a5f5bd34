"""A quote: what a message was said to cost, exactly enough that its launch can hold to it.

It travels through the confirmation's form signed, so that the click confirms what was on the page and nothing else.
"""

from dataclasses import asdict, dataclass
from hashlib import sha256

from django.core import signing


@dataclass(frozen=True, slots=True)
class Line:
    """One country's part of a quote. `credits_each` is per recipient, all segments of the message included.

    Texts `with_link` end with a link to unsubscribe, because replies don't arrive.
    """

    country: str
    recipients: int
    credits_each: int
    credits: int
    with_link: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the credits go when they don't reach everybody, cheapest countries first.

    Everybody whose text costs less than `rate` credits, and of those at just that price the people up to the
    subscriber `through`. `left_out` are the others.
    """

    rate: int
    through: int
    left_out: int
    segments: int = 1
    link_countries: tuple[str, ...] = ()
    link_segments: int = 0

    def cost(self, country: str, rate: int) -> int:
        """Credits of a text to a country at so many credits per segment."""
        return rate * (self.link_segments if country in self.link_countries else self.segments)


@dataclass(frozen=True, slots=True)
class Quote:
    """An estimate. `lines` is sorted by cost; `unserved` are people in countries without a rate, who get nothing.

    `through` is the newest subscriber there was, on any site: whoever joins later is not in the audience that was
    confirmed. `digest` is that of the text, so that what was confirmed is this very message. In `link_countries` people
    can't answer: there `link_line` stands below it, and it has `link_segments`.
    """

    recipients: int
    credits: int
    segments: int
    encoding: str
    units: int
    lines: tuple[Line, ...]
    unserved: tuple[Line, ...]
    card_id: int | None
    through: int
    available: int
    digest: str
    reach: Reach | None = None
    link_line: str = ""
    link_segments: int = 0
    link_countries: tuple[str, ...] = ()

    @property
    def has_link(self) -> bool:
        """Whether somebody's text ends with a link."""
        return any(line.with_link for line in self.lines)

    @property
    def balance_after(self) -> int:
        return self.available - self.credits

    @property
    def shortfall(self) -> int:
        return max(0, -self.balance_after)


@dataclass(frozen=True, slots=True)
class Change:
    """One country in two quotes of one message, before and now. Its figures are 0 in a quote without it."""

    country: str
    recipients_before: int
    recipients: int
    credits_each_before: int
    credits_each: int

    @property
    def credits_before(self) -> int:
        return self.recipients_before * self.credits_each_before

    @property
    def credits(self) -> int:
        return self.recipients * self.credits_each


def seal(quote: Quote, *, site) -> str:
    """The quote as a signed text for the form of its confirmation."""
    return signing.dumps(stored(quote), salt=_salt(site), compress=True)


def unseal(text: str, *, site) -> Quote | None:
    """The quote that was sealed for this site; None for anything else, and for one that another version made."""
    try:
        return restored(signing.loads(text, salt=_salt(site)))
    except signing.BadSignature:
        return None


def stored(quote: Quote) -> dict:
    """The quote as JSON takes it."""
    return asdict(quote)


def restored(fields: dict | None) -> Quote | None:
    """The quote that was stored; None for anything else, and for one that another version made."""
    try:
        fields = dict(fields)
        reach = fields.pop("reach")
        lines = {name: tuple(Line(**line) for line in fields.pop(name)) for name in ("lines", "unserved")}
        lines["link_countries"] = tuple(fields.pop("link_countries"))
        return Quote(**fields, **lines, reach=_reach(reach))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _reach(fields: dict | None) -> Reach | None:
    return Reach(**fields | {"link_countries": tuple(fields["link_countries"])}) if fields else None


def digest_of(text: str) -> str:
    """What a quote keeps of its message: enough to know it again, and nothing to read."""
    return sha256(text.encode()).hexdigest()


def changes(before: Quote, now: Quote) -> tuple[Change, ...]:
    """The countries in which two quotes of one message differ, the largest difference in credits first."""
    earlier, later = _by_country(before), _by_country(now)
    found = []
    for country in earlier.keys() | later.keys():
        people_before, each_before = earlier.get(country, (0, 0))
        people, each = later.get(country, (0, 0))
        if (people_before, each_before) != (people, each):
            found.append(Change(country, people_before, people, each_before, each))
    return tuple(sorted(found, key=lambda one: (-abs(one.credits - one.credits_before), one.country)))


def prices_changed(before: Quote, now: Quote) -> bool:
    """Whether a recipient costs something else in any country that both quotes have, or one has lost or got a price."""
    earlier, later = _by_country(before), _by_country(now)
    lost = {line.country for line in now.unserved} & earlier.keys()
    got = {line.country for line in before.unserved} & later.keys()
    return bool(lost or got) or any(
        earlier[country][1] != later[country][1] for country in earlier.keys() & later.keys()
    )


def costs_no_more(before: Quote, now: Quote) -> bool:
    """Whether the same message to the same countries costs at most what was confirmed, however prices moved."""
    if before.reach or now.digest != before.digest or now.credits > before.credits:
        return False
    lost = {line.country for line in now.unserved} & _by_country(before).keys()
    got = {line.country for line in before.unserved} & _by_country(now).keys()
    return not lost and not got


def _by_country(quote: Quote) -> dict[str, tuple[int, int]]:
    return {line.country: (line.recipients, line.credits_each) for line in quote.lines}


def _salt(site) -> str:
    return f"wagtail_sms.quote.{site.pk}"
