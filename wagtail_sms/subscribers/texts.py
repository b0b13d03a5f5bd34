"""The texts of a site: what the popup says and what is answered by text. Each has a default; empty restores it."""

import hashlib
import re

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseSiteSetting

from wagtail_sms.conf import app_settings
from wagtail_sms.segments import measure
from wagtail_sms.subscribers import popup_rules
from wagtail_sms.subscribers.models import ConsentWording
from wagtail_sms.subscribers.popup_rules import PopupAudience, PopupVisit


DEFAULTS = {
    "popup_title": "Get our news by text",
    "popup_text": "Now and then we send a text message with what is on at {brand}. You can stop at any time.",
    "accept_label": "Sign me up",
    "dismiss_label": "Not now",
    "consent_text": (
        "I agree to receive recurring marketing texts from {brand} at this number, {frequency}. "
        "Consent is not a condition of purchase. Message and data rates may apply. "
        "Reply STOP to end, HELP for help."
    ),
    "thanks_text": "Thank you. A welcome text is on its way. Reply STOP to it at any time to end these messages.",
    "welcome_text": "{brand}: welcome! You will hear from us {frequency}. Reply STOP to end, HELP for help.",
    "stop_reply": "{brand}: you are unsubscribed and will get no more texts. Reply START to come back.",
    "start_reply": "{brand}: welcome back, you are subscribed again. Reply STOP to end.",
    "help_reply": "{brand}: texts with our news, {frequency}. Reply STOP to end. More: {privacy_url}",
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


class SmsSettings(BaseSiteSetting):
    """A site's texts and popup rules. `text(name)` is what is shown or sent."""

    brand = models.CharField(
        _("name people know you by"), max_length=40, blank=True, help_text=_("Stands for {brand} in your texts.")
    )
    frequency = models.CharField(
        _("how often you write"),
        max_length=60,
        default="at most 4 times a month",
        help_text=_("Said in the consent."),
    )
    privacy_url = models.URLField(_("address of your privacy policy"), blank=True)
    default_country = models.CharField(_("country chosen first"), max_length=2, blank=True)
    popup_after_actions = models.PositiveSmallIntegerField(
        _("show the popup after this many pages"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    popup_after_seconds = models.PositiveSmallIntegerField(
        _("and after this many seconds on the page"), default=3, validators=[MaxValueValidator(120)]
    )
    popup_from_visit = models.PositiveSmallIntegerField(
        _("from which visit on"), choices=PopupVisit, default=PopupVisit.FIRST
    )
    popup_audience = models.CharField(
        _("who sees it"), max_length=9, choices=PopupAudience, default=PopupAudience.MOBILE
    )
    popup_never_on = models.TextField(
        _("pages where it never shows"),
        max_length=2000,
        blank=True,
        help_text=_("One address per line, such as /tickets/. The pages below it are meant too."),
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
        verbose_name = _("SMS settings")
        verbose_name_plural = _("SMS settings")

    def raw(self, name: str) -> str:
        """The text as an editor wrote it, or the default when it is empty; placeholders unfilled."""
        return getattr(self, name).strip() or DEFAULTS[name]

    def text(self, name: str) -> str:
        """The text as a person reads it."""
        filled = self.raw(name)
        for placeholder in PLACEHOLDERS:
            filled = filled.replace("{" + placeholder + "}", self._value(placeholder))
        return " ".join(filled.split()) if name in TEXTED else filled

    @property
    def never_on(self) -> list[str]:
        """Paths, with all below them, on which the popup never shows. Empty while what stands there is not valid."""
        try:
            return popup_rules.paths(self.popup_never_on)
        except ValidationError:
            return []

    def clean(self) -> None:
        problems = {}
        for name in DEFAULTS:
            missing = [part for part in REQUIRED.get(name, ()) if part not in self.raw(name)]
            unknown = [found for found in re.findall(r"{(\w*)}", self.raw(name)) if found not in PLACEHOLDERS]
            if missing:
                problems[name] = _("This text must contain %(parts)s.") % {"parts": ", ".join(missing)}
            elif unknown:
                names = ", ".join(f"{{{found}}}" for found in unknown)
                problems[name] = _("Nothing would stand in the place of %(names)s.") % {"names": names}
        try:
            popup_rules.paths(self.popup_never_on)
        except ValidationError as error:
            problems["popup_never_on"] = error
        for name in TEXTED:
            if name not in problems and measure(self.text(name)).segments > app_settings.MAX_SEGMENTS:
                problems[name] = _("This text is too long to be sent.")
        if problems:
            raise ValidationError(problems)

    def _value(self, placeholder: str) -> str:
        if placeholder == "brand":
            return self.brand or self.site.site_name or self.site.hostname
        if placeholder == "privacy_url":
            return self.privacy_url or self.site.root_url
        return self.frequency


def current_wording(site) -> ConsentWording:
    """The version of the consent wording in force; a changed text makes the next version. Own transaction."""
    settings = SmsSettings.for_site(site)
    text = settings.text("consent_text")
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = ConsentWording.objects.filter(site=site, sha256=digest).first()
    return known or _next_version(site, text, digest)


def _next_version(site, text: str, digest: str) -> ConsentWording:
    last = ConsentWording.objects.filter(site=site).aggregate(last=Max("version"))["last"] or 0
    try:
        with transaction.atomic():
            return ConsentWording.objects.create(
                site=site,
                version=last + 1,
                language="en",
                text=text,
                sha256=digest,
                created_at=timezone.now(),
            )
    except IntegrityError:
        return ConsentWording.objects.get(site=site, sha256=digest)
