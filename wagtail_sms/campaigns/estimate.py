"""What a message will cost before it is sent, in credits by country."""

import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from wagtail_sms.campaigns.audience import count_by_country
from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import MessageRefused
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.segments import measure


@dataclass(frozen=True, slots=True)
class Line:
    """One country's part of a quote. `credits_each` is per recipient, all segments of the message included."""

    country: str
    recipients: int
    credits_each: int
    credits: int


@dataclass(frozen=True, slots=True)
class Quote:
    """An estimate. `lines` is sorted by cost; `unserved` are people in countries without a rate, who get nothing."""

    recipients: int
    credits: int
    segments: int
    encoding: str
    units: int
    lines: tuple[Line, ...]
    unserved: tuple[Line, ...]
    card_id: int | None
    available: int

    @property
    def balance_after(self) -> int:
        return self.available - self.credits

    @property
    def shortfall(self) -> int:
        return max(0, -self.balance_after)


def check_body(body: str) -> str:
    """The message as it will be sent. Raises MessageRefused: empty, too long, or with control characters."""
    text = unicodedata.normalize("NFC", body.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        raise MessageRefused(_("Write a message first."), code="empty")
    if any(unicodedata.category(char) == "Cc" and char != "\n" for char in text):
        raise MessageRefused(
            _("The message contains control characters that phones can't show. Remove them and try again."),
            code="control_characters",
        )
    _refuse_too_long(text)
    return text


def estimate(site, *, body: str) -> Quote:
    """Count and price the audience of `site` for this text. Reads only; works on drafts, so it never refuses a body."""
    measured = measure(unicodedata.normalize("NFC", body.replace("\r\n", "\n")).strip())
    card = current_card()
    rates = credits_by_country(card)
    lines, unserved = [], []
    for country, people in count_by_country(site).items():
        each = rates.get(country, 0) * measured.segments
        target = lines if country in rates else unserved
        target.append(Line(country, people, each, each * people))
    return Quote(
        recipients=sum(line.recipients for line in lines),
        credits=sum(line.credits for line in lines),
        segments=measured.segments,
        encoding=measured.encoding,
        units=measured.units,
        lines=tuple(sorted(lines, key=lambda line: (-line.credits, -line.recipients, line.country))),
        unserved=tuple(sorted(unserved, key=lambda line: (-line.recipients, line.country))),
        card_id=card.pk if card else None,
        available=ledger.balance(site).available,
    )


def _refuse_too_long(text: str) -> None:
    measured = measure(text)
    if measured.segments <= app_settings.MAX_SEGMENTS:
        return
    raise MessageRefused(
        _("The message is too long. It needs %(segments)s segments; at most %(most)s can be sent as one.")
        % {"segments": measured.segments, "most": app_settings.MAX_SEGMENTS},
        code="too_long",
    )
