"""A site's choices around the texts: who writes, in which languages, and when the popup shows itself."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseSiteSetting

from wagtail_sms import languages
from wagtail_sms.subscribers import popup_rules
from wagtail_sms.subscribers.popup_rules import PopupAudience, PopupVisit


class Confirmation(models.TextChoices):
    OFF = "off", _("None: the form is enough")
    CODE = "code", _("A code by text, which the person types in")


class SmsSettings(BaseSiteSetting):
    """What is the same in every language of a site. Its texts are `SmsTexts`, one row per language."""

    brand = models.CharField(
        _("name people know you by"), max_length=40, blank=True, help_text=_("Stands for {brand} in your texts.")
    )
    privacy_url = models.URLField(_("address of your privacy policy"), blank=True)
    # The first one is for everybody whose language is not among them.
    languages = models.JSONField(_("languages of the popup"), default=list, blank=True)
    default_country = models.CharField(_("country chosen first"), max_length=2, blank=True)
    confirmation = models.CharField(
        _("confirmation"),
        max_length=4,
        choices=Confirmation,
        default=Confirmation.OFF,
        help_text=_(
            "Recommended: with a code nobody can sign up somebody else's phone. Each code costs what a text does."
        ),
    )
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

    class Meta:
        verbose_name = _("SMS settings")
        verbose_name_plural = _("SMS settings")

    @property
    def spoken(self) -> list[str]:
        """The languages that visitors are spoken to in, the first one for all others. Never empty."""
        return languages.still_offered(self.languages) or [languages.default()]

    def language_for(self, *wanted: str) -> str:
        """The one of the site's languages for somebody who wants these, the first wish first."""
        spoken = self.spoken
        return languages.match(wanted, spoken) or spoken[0]

    @property
    def sender_name(self) -> str:
        return self.brand or self.site.site_name or self.site.hostname

    @property
    def privacy_page(self) -> str:
        return self.privacy_url or self.site.root_url

    @property
    def never_on(self) -> list[str]:
        """Paths, with all below them, on which the popup never shows. Empty while what stands there is not valid."""
        try:
            return popup_rules.paths(self.popup_never_on)
        except ValidationError:
            return []

    def clean(self) -> None:
        try:
            popup_rules.paths(self.popup_never_on)
        except ValidationError as error:
            raise ValidationError({"popup_never_on": error}) from error
