"""What a message will cost before it is sent, in credits by country."""

import unicodedata
from dataclasses import replace

from django.utils.translation import gettext as _

from wagtail_sms.campaigns.audience import Audience, count_by_country, failed_by_country, nth_subscriber_id
from wagtail_sms.campaigns.endings import Ending, ending_for
from wagtail_sms.campaigns.quotes import Line, Quote, Reach, digest_of
from wagtail_sms.conf import app_settings
from wagtail_sms.credits import ledger
from wagtail_sms.exceptions import MessageRefused
from wagtail_sms.segments import measure
from wagtail_sms.subscribers import links


LONGEST_DRAFT = 10_000  # characters


def check_draft(body: str) -> str:
    """A text that may be unfinished, as it is kept. Raises MessageRefused: empty, endless, with control characters."""
    text = as_sent(body)
    if not text:
        raise MessageRefused(_("Write a message first."), code="empty")
    if any(unicodedata.category(char) == "Cc" and char != "\n" for char in text):
        raise MessageRefused(
            _("The message contains control characters that phones can't show. Remove them and try again."),
            code="control_characters",
        )
    if len(text) > LONGEST_DRAFT:
        raise MessageRefused(_("This is too long for a text message, even for a draft of one."), code="too_long")
    return text


def check_body(body: str) -> str:
    """The message as it will be sent. Raises MessageRefused: empty, too long, or with control characters."""
    text = check_draft(body)
    _refuse_too_long(measure(text).segments)
    return text


def check_ending(quote: Quote) -> None:
    """Raises MessageRefused when the message is too long only with the link that some of its texts end with."""
    if quote.has_link:
        _refuse_too_long(quote.link_segments)


def estimate(site, *, body: str, through: int | None = None, reach: Reach | None = None) -> Quote:
    """Count and price the audience of `site` for this text. Reads only; works on drafts, so it never refuses a body.

    Two queries at any size: the people by country with their rates, and the balance. Two more where somebody may not be
    able to answer, whose text then has a link.
    `through` and `reach` are those of an earlier quote, to price the very audience that it was about.
    """
    return _priced(site, body, count_by_country(site, through=through, reach=reach), through=through, reach=reach)


def estimate_second_try(campaign, *, taken_by: int | None = None) -> tuple[Quote, int]:
    """The same for those whom this campaign failed to reach, and how many of them can't be texted any more.

    `taken_by` is the campaign that has taken them; otherwise nobody has. Reads only.
    """
    audience, left = failed_by_country(campaign, taken_by=taken_by)
    return _priced(campaign.site, campaign.body, audience), left


def estimate_within_credits(site, *, body: str, quote: Quote) -> Quote:
    """The same message to as many of the quote's people as the credits reach, cheapest countries first.

    Within the last country that is reached in part, whoever signed up first comes first. Reads only.
    """
    left, by_rate = quote.available, _by_rate(quote)
    for credits_each in sorted(by_rate):
        countries = by_rate[credits_each]
        people, affordable = sum(countries.values()), left // credits_each
        if affordable < people:
            reach = _reach(site, quote, credits_each, affordable, list(countries))
            within = estimate(site, body=body, through=quote.through, reach=reach)
            return replace(within, unserved=quote.unserved)
        left -= people * credits_each
    return quote


def cost_of(quote: Quote, body: str) -> int:
    """Credits that another text would cost the same people, by the quote's own rates. No query."""
    text = as_sent(body)
    segments = measure(text).segments
    with_link = measure(links.sample(text, quote.link_line)).segments if quote.link_line and text else segments
    return sum(
        line.credits // quote.link_segments * with_link if line.with_link else line.credits // quote.segments * segments
        for line in quote.lines
        if quote.segments
    )


def as_sent(body: str) -> str:
    """The text that leaves: line ends and spaces around it don't count, and letters are whole ones (NFC)."""
    return unicodedata.normalize("NFC", body.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _priced(site, body: str, audience: Audience, *, through: int | None = None, reach: Reach | None = None) -> Quote:
    text = as_sent(body)
    measured = measure(text)
    ending = ending_for(site, text=text, countries=audience.rates, card=audience.card_id)
    lines, unserved = [], []
    for country, people in audience.people.items():
        cost = _cost(audience.rates.get(country, 0), country, ending, measured.segments)
        target = lines if country in audience.rates else unserved
        target.append(Line(country, people, cost, cost * people, with_link=country in ending.countries))
    return Quote(
        recipients=sum(line.recipients for line in lines),
        credits=sum(line.credits for line in lines),
        segments=measured.segments,
        encoding=measured.encoding,
        units=measured.units,
        lines=tuple(sorted(lines, key=lambda line: (-line.credits, -line.recipients, line.country))),
        unserved=tuple(sorted(unserved, key=lambda line: (-line.recipients, line.country))),
        card_id=audience.card_id,
        through=audience.newest if through is None else through,
        available=ledger.balance(site).available,
        digest=digest_of(text),
        reach=reach,
        link_line=ending.line,
        link_segments=ending.segments or (reach.link_segments if reach else 0),
        # Also those whom the credits don't reach: what their texts would cost is part of the rule.
        link_countries=tuple(sorted(ending.countries.union(reach.link_countries if reach else ()))),
    )


def _by_rate(quote: Quote) -> dict[int, dict[str, int]]:
    """`{credits each: {country: people}}`; empty while there is no text to price."""
    rates: dict[int, dict[str, int]] = {}
    for line in quote.lines:
        if line.credits_each:
            rates.setdefault(line.credits_each, {})[line.country] = line.recipients
    return rates


def _reach(site, quote: Quote, credits_each: int, affordable: int, countries: list[str]) -> Reach:
    through = 0
    if affordable:
        through = nth_subscriber_id(site, affordable, through=quote.through, countries=countries)
    cheaper = sum(line.recipients for line in quote.lines if line.credits_each < credits_each)
    return Reach(
        rate=credits_each,
        through=through,
        left_out=quote.recipients - cheaper - affordable,
        segments=quote.segments,
        link_countries=quote.link_countries,
        link_segments=quote.link_segments,
    )


def _cost(credits: int, country: str, ending: Ending, segments: int) -> int:
    return credits * (ending.segments if country in ending.countries else segments)


def _refuse_too_long(segments: int) -> None:
    if segments <= app_settings.MAX_SEGMENTS:
        return
    raise MessageRefused(
        _("The message is too long. It needs %(segments)s segments; at most %(most)s can be sent as one.")
        % {"segments": segments, "most": app_settings.MAX_SEGMENTS},
        code="too_long",
    )
