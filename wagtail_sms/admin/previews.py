"""What is shown below a text field of the settings: the filled text, its segments, and what is wrong with it."""

from dataclasses import dataclass

from wagtail_sms import languages
from wagtail_sms.conf import app_settings
from wagtail_sms.segments import Measure, forcing_characters, measure
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.texts import REQUIRED, TEXTED, SmsTexts


# A text with more of them than this is written in another alphabet: naming its letters would help nobody.
MOST_FORCING = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """One field's text as a person reads it. `measure` is None for texts that are not sent as messages."""

    name: str
    language: str
    text: str
    is_default: bool
    missing: tuple[str, ...]
    measure: Measure | None
    wording: "WordingChange | None"

    @property
    def direction(self) -> str:
        """As the popup has it; a phone goes by the first letter of a message."""
        return "auto" if self.measure else languages.direction(self.language)

    @property
    def is_too_long(self) -> bool:
        return self.measure is not None and self.measure.segments > app_settings.MAX_SEGMENTS

    @property
    def most_segments(self) -> int:
        return app_settings.MAX_SEGMENTS

    @property
    def forcing(self) -> list[str]:
        """The few characters but for which the message would fit GSM-7, with segments twice as long."""
        found = forcing_characters(self.text) if self.measure else []
        return found if len(found) <= MOST_FORCING else []


@dataclass(frozen=True, slots=True)
class WordingChange:
    """Which version of the consent a text is: a `known` one, or the `next` that saving makes."""

    known: ConsentWording | None
    next: int


def preview(texts: SmsTexts, name: str) -> Preview:
    """The preview of one of these `texts`, which need be neither saved nor valid."""
    text = texts.text(name)
    return Preview(
        name=name,
        language=texts.language,
        text=text,
        is_default=not getattr(texts, name).strip(),
        missing=tuple(part for part in REQUIRED.get(name, ()) if part not in texts.raw(name)),
        measure=measure(text) if name in TEXTED else None,
        wording=wording_change(texts.settings.site, texts.language, text) if name == "consent_text" else None,
    )


def wording_change(site, language: str, text: str) -> WordingChange:
    wordings = ConsentWording.objects.filter(site=site, language=language)
    last = wordings.order_by("-version").first()
    return WordingChange(known=wordings.filter(text=text).first(), next=last.version + 1 if last else 1)
