"""The texts of a site, in each of its languages: what the popup says and what is answered by text.

Each has a default in its language; empty restores it.
"""

import hashlib
import re

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from wagtail_sms import languages
from wagtail_sms.conf import app_settings
from wagtail_sms.segments import measure
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.settings import SmsSettings


# In English; the catalogues have them in the other languages.
DEFAULTS = {
    "frequency": gettext_noop("at most 4 times a month"),
    "popup_title": gettext_noop("Get our news by text"),
    "popup_text": gettext_noop(
        "Now and then we send a text message with what is on at {brand}. You can stop at any time."
    ),
    "accept_label": gettext_noop("Sign me up"),
    "dismiss_label": gettext_noop("Not now"),
    "consent_text": gettext_noop(
        "I agree to receive recurring marketing texts from {brand} at this number, {frequency}. "
        "Consent is not a condition of purchase. Message and data rates may apply. "
        "Reply STOP to end, HELP for help."
    ),
    "thanks_text": gettext_noop(
        "Thank you. A welcome text is on its way. Reply STOP to it at any time to end these messages."
    ),
    "welcome_text": gettext_noop(
        "{brand}: welcome! You will hear from us {frequency}. Reply STOP to end, HELP for help."
    ),
    "stop_reply": gettext_noop("{brand}: you are unsubscribed and will get no more texts. Reply START to come back."),
    "start_reply": gettext_noop("{brand}: welcome back, you are subscribed again. Reply STOP to end."),
    "help_reply": gettext_noop("{brand}: texts with our news, {frequency}. Reply STOP to end. More: {privacy_url}"),
}
# What a person must be told, and where: the wording of the law stays the site's, these parts may not go missing.
REQUIRED = {
    "consent_text": ("{brand}", "STOP", "HELP"),
    "thanks_text": ("STOP",),
    "welcome_text": ("{brand}", "STOP"),
    "stop_reply": ("{brand}",),
    "help_reply": ("{brand}", "STOP"),
}
TEXTED = ("welcome_text", "stop_reply", "start_reply", "help_reply")
PLACEHOLDERS = ("brand", "frequency", "privacy_url")


class SmsTexts(models.Model):
    """A site's texts in one language. `text(name)` is what is shown or sent."""

    settings = models.ForeignKey(SmsSettings, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=12)
    frequency = models.CharField(
        _("how often you write"),
        max_length=60,
        blank=True,
        help_text=_("Said in the consent, and where you use {frequency}."),
    )
    popup_title = models.CharField(_("title"), max_length=80, blank=True)
    popup_text = models.TextField(_("text"), max_length=300, blank=True)
    accept_label = models.CharField(_("button that signs up"), max_length=40, blank=True)
    dismiss_label = models.CharField(_("button that closes"), max_length=40, blank=True)
    consent_text = models.TextField(_("wording of the consent"), max_length=600, blank=True)
    thanks_text = models.TextField(_("thank-you"), max_length=300, blank=True)
    welcome_text = models.TextField(_("welcome text"), max_length=600, blank=True)
    stop_reply = models.TextField(_("reply to STOP"), max_length=600, blank=True)
    start_reply = models.TextField(_("reply to START"), max_length=600, blank=True)
    help_reply = models.TextField(_("reply to HELP"), max_length=600, blank=True)

    class Meta:
        verbose_name = _("SMS texts")
        verbose_name_plural = _("SMS texts")
        constraints = [
            models.UniqueConstraint(fields=["settings", "language"], name="wagtail_sms_texts_once_per_language")
        ]

    def __str__(self) -> str:
        return languages.name(self.language)

    def default(self, name: str) -> str:
        """What stands there while it is empty: our words in this language, never in another one beside it."""
        with languages.speaking(self.language):
            return gettext(DEFAULTS[name])

    def raw(self, name: str) -> str:
        """The text as an editor wrote it, or the default when it is empty; placeholders unfilled."""
        return getattr(self, name).strip() or self.default(name)

    def text(self, name: str) -> str:
        """The text as a person reads it."""
        filled = self.raw(name)
        for placeholder in PLACEHOLDERS:
            filled = filled.replace("{" + placeholder + "}", self._value(placeholder))
        return " ".join(filled.split()) if name in TEXTED else filled

    def clean(self) -> None:
        problems = {}
        for name in DEFAULTS.keys() - {"frequency"}:
            missing = [part for part in REQUIRED.get(name, ()) if part not in self.raw(name)]
            unknown = [found for found in re.findall(r"{(\w*)}", self.raw(name)) if found not in PLACEHOLDERS]
            if missing:
                problems[name] = _("This text must contain %(parts)s.") % {"parts": ", ".join(missing)}
            elif unknown:
                names = ", ".join(f"{{{found}}}" for found in unknown)
                problems[name] = _("Nothing would stand in the place of %(names)s.") % {"names": names}
        for name in TEXTED:
            if name not in problems and measure(self.text(name)).segments > app_settings.MAX_SEGMENTS:
                problems[name] = _("This text is too long to be sent.")
        if problems:
            raise ValidationError(problems)

    def _value(self, placeholder: str) -> str:
        if placeholder == "frequency":
            return self.raw("frequency")
        return self.settings.privacy_page if placeholder == "privacy_url" else self.settings.sender_name


def texts_for(site, language: str = "") -> SmsTexts:
    """What the site says in this language; one that it doesn't speak, or none, is its first."""
    settings = SmsSettings.for_site(site)
    return texts_of(settings, settings.language_for(language))


def texts_of(settings: SmsSettings, language: str) -> SmsTexts:
    """The texts of a language, written or not."""
    written = settings.texts.filter(language=language).first() if settings.pk else None
    return written or SmsTexts(settings=settings, language=language)


def current_wording(site, language: str = "") -> ConsentWording:
    """The version of the consent wording in force in a language; a changed text makes its next version there.

    Own transaction.
    """
    texts = texts_for(site, language)
    text = texts.text("consent_text")
    digest = hashlib.sha256(text.encode()).hexdigest()
    wordings = ConsentWording.objects.filter(site=site, language=texts.language)
    return wordings.filter(sha256=digest).first() or _next_version(wordings, texts, text=text, digest=digest)


def _next_version(wordings, texts: SmsTexts, *, text: str, digest: str) -> ConsentWording:
    last = wordings.aggregate(last=Max("version"))["last"] or 0
    try:
        with transaction.atomic():
            return ConsentWording.objects.create(
                site=texts.settings.site,
                version=last + 1,
                language=texts.language,
                text=text,
                sha256=digest,
                created_at=timezone.now(),
            )
    except IntegrityError:
        return wordings.get(sha256=digest)
