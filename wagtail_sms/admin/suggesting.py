"""What would make a message cheaper, and how it looks on a phone, part by part."""

from dataclasses import dataclass
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from wagtail_sms.admin.writing import MOST_NAMED, named, visible
from wagtail_sms.campaigns.estimate import as_sent, cost_of
from wagtail_sms.campaigns.quotes import Quote
from wagtail_sms.gsm_safe import gsm_safe, without
from wagtail_sms.segments import PART, SINGLE, UCS_2, forcing_characters, measure, split


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that takes GSM-7. `is_offered`: one click makes it; without, the `characters` have no plain form.

    `saving` is in credits for the whole audience, `room` what is left in the last segment afterwards.
    """

    text: str
    characters: SafeString
    count: int
    segments_before: int
    segments: int
    saving: int
    room: int
    is_offered: bool


def suggest(quote: Quote, body: str) -> Suggestion | None:
    """What to do about a text that is UCS-2; None where nothing helps, as with a text in another alphabet."""
    text = as_sent(body)
    before = measure(text)
    if before.encoding != UCS_2:
        return None
    plain = gsm_safe(text)
    cheaper = as_sent(without(plain.text, plain.kept))
    if len(plain.kept) > MOST_NAMED or not cheaper:
        return None
    after = measure(cheaper)
    characters = plain.kept or tuple(character for character, _plain in plain.changed)
    return Suggestion(
        text=cheaper,
        characters=named(characters[:MOST_NAMED]),
        count=len(characters),
        segments_before=before.segments,
        segments=after.segments,
        saving=max(0, quote.credits - cost_of(quote, cheaper)),
        room=(SINGLE if after.segments == 1 else PART)[after.encoding] - measure(split(cheaper)[-1]).units,
        is_offered=plain.is_whole,
    )


def was_replaced(body: str, *, before: str) -> bool:
    """Whether this is the text `before` made plain, so that it can be undone and nothing typed since is lost."""
    earlier, text = as_sent(before), as_sent(body)
    return bool(earlier) and earlier != text and gsm_safe(earlier).text.strip() == text


def on_the_phone(body: str) -> list[SafeString]:
    """The text of each segment. A few characters that force UCS-2 are marked; many of them are an alphabet."""
    text = as_sent(body)
    forcing = forcing_characters(text)
    marked = frozenset(forcing if len(forcing) <= MOST_NAMED else ())
    return [_marked(segment, marked) for segment in split(text)]


def _marked(segment: str, forcing: frozenset[str]) -> SafeString:
    runs = ((is_forcing, "".join(run)) for is_forcing, run in groupby(segment, key=forcing.__contains__))
    return format_html_join("", "{}", ((_mark(run) if is_forcing else run,) for is_forcing, run in runs))


def _mark(run: str) -> SafeString:
    return format_html("<mark>{}</mark>", "".join(map(visible, run)))
