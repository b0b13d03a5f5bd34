"""What editors choose for a site's PWA, and the immutable builds visitors are served."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseSiteSetting
from wagtail.fields import StreamField
from wagtail.images import get_image_model_string
from wagtail.models import Site

from wagtail_sms.pwa import defaults
from wagtail_sms.pwa.icons import icon_problems
from wagtail_sms.pwa.screenshots import FORMS, screenshot_problems
from wagtail_sms.pwa.shortcuts import ShortcutBlock


validate_colour = RegexValidator(
    r"^#[0-9a-fA-F]{6}\Z", _("Write the colour as # and six hexadecimal digits, for example #1a6b54.")
)
validate_path = RegexValidator(r"^/(?![/\\])[^\s]*\Z", _("Start with one slash, for example / or /programme/."))
validate_language = RegexValidator(
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", _("Write a language code, for example en or fr-CA.")
)


class Display(models.TextChoices):
    """How much of the browser stays visible; the manifest's ``display`` member."""

    STANDALONE = "standalone", _("Like an app, without the browser's bars")
    MINIMAL_UI = "minimal-ui", _("Like an app, with a small navigation bar")
    FULLSCREEN = "fullscreen", _("Full screen")
    BROWSER = "browser", _("In a browser tab (the app cannot be installed)")


class PwaSettings(BaseSiteSetting):
    """The inputs of a site's PWA. Nothing here reaches a visitor before the next build."""

    name = models.CharField(
        _("name"),
        max_length=45,
        blank=True,
        help_text=_("Shown when the app is installed and while it starts. Up to 45 characters."),
    )
    short_name = models.CharField(
        _("short name"), max_length=12, blank=True, help_text=_("Shown under the icon. Up to 12 characters.")
    )
    description = models.CharField(_("description"), max_length=300, blank=True)
    theme_colour = models.CharField(
        _("theme colour"),
        max_length=7,
        default=defaults.theme_colour,
        validators=[validate_colour],
        help_text=_("Colours the bars around the page."),
    )
    theme_colour_dark = models.CharField(
        _("theme colour in dark mode"),
        max_length=7,
        blank=True,
        validators=[validate_colour],
        help_text=_("For phones set to dark. Without one the theme colour is used there too."),
    )
    background_colour = models.CharField(
        _("background colour"),
        max_length=7,
        default=defaults.background_colour,
        validators=[validate_colour],
        help_text=_("Fills the screen while the app starts, and the edge of the icon."),
    )
    icon = models.ForeignKey(
        get_image_model_string(),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("icon"),
        help_text=_("A square picture of at least 512 × 512 pixels, not an SVG."),
    )
    screenshot_narrow = models.ForeignKey(
        get_image_model_string(),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("screenshot on a phone"),
        help_text=_("Upright, at least 320 pixels wide. Browsers show it when they offer to install the app."),
    )
    screenshot_wide = models.ForeignKey(
        get_image_model_string(),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("screenshot on a computer"),
        help_text=_("Wider than high. Browsers on a computer show this one."),
    )
    shortcuts = StreamField(
        [("shortcut", ShortcutBlock())],
        blank=True,
        max_num=4,
        verbose_name=_("shortcuts"),
        help_text=_("Pages that open from a long press on the icon. Phones show up to four."),
    )
    display = models.CharField(_("display"), max_length=12, choices=Display.choices, default=defaults.display)
    start_url = models.CharField(
        _("start page"), max_length=200, default=defaults.start_url, validators=[validate_path]
    )
    lang = models.CharField(_("language"), max_length=20, default=defaults.lang, validators=[validate_language])
    offline_title = models.CharField(_("offline title"), max_length=80, default=defaults.offline_title)
    offline_text = models.TextField(_("offline text"), max_length=500, default=defaults.offline_text)

    select_related = ["icon", "screenshot_narrow", "screenshot_wide"]

    panels = [
        MultiFieldPanel(
            [FieldPanel("name"), FieldPanel("short_name"), FieldPanel("description"), FieldPanel("icon")],
            heading=_("Identity"),
        ),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("theme_colour"), FieldPanel("theme_colour_dark")]),
                FieldPanel("background_colour"),
                FieldPanel("display"),
                FieldRowPanel([FieldPanel("start_url"), FieldPanel("lang")]),
            ],
            heading=_("Appearance"),
        ),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("screenshot_narrow"), FieldPanel("screenshot_wide")]), FieldPanel("shortcuts")],
            heading=_("Installing and opening"),
        ),
        MultiFieldPanel([FieldPanel("offline_title"), FieldPanel("offline_text")], heading=_("Without a connection")),
    ]

    class Meta:
        verbose_name = _("PWA settings")
        verbose_name_plural = _("PWA settings")

    def __str__(self) -> str:
        return self.name or str(self.site)

    def clean(self) -> None:
        """The pictures are looked at when they are chosen, so that no rebuild has to be refused for them."""
        super().clean()
        problems = {"icon": icon_problems(self.icon) if self.icon else []}
        for name, form in FORMS.items():
            problems[name] = screenshot_problems(getattr(self, name), form=form)
        if any(problems.values()):
            raise ValidationError({name: found for name, found in problems.items() if found})

    @property
    def effective_name(self) -> str:
        """The name a build uses: this one, else django-pwa's ``PWA_APP_NAME``, else the site's own."""
        return self.name or defaults.app_name() or self.site.site_name


class PwaBuildQuerySet(models.QuerySet):
    def current(self) -> PwaBuildQuerySet:
        return self.filter(is_current=True)


class PwaBuild(models.Model):
    """One immutable snapshot of a site's PWA. Only whether it is served may change after it was made."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="pwa_builds", verbose_name=_("site"))
    number = models.PositiveIntegerField(_("number"))
    build_id = models.CharField(_("build"), max_length=24, editable=False)
    inputs_hash = models.CharField(max_length=64, editable=False)
    features = models.JSONField(_("features"), default=dict, editable=False)
    head = models.JSONField(default=dict, editable=False, help_text="What every page's <head> shows of this build.")
    inputs = models.JSONField(default=dict, editable=False, help_text="What the next build is compared with.")
    changes = models.JSONField(default=list, editable=False, help_text="How it differs from the one it replaced.")
    is_current = models.BooleanField(_("is current"), default=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    put_back_at = models.DateTimeField(_("put back"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    package_version = models.CharField(_("package version"), max_length=40)

    objects = PwaBuildQuerySet.as_manager()

    class Meta:
        verbose_name = _("PWA build")
        verbose_name_plural = _("PWA builds")
        ordering = ["-number"]
        permissions = [("rebuild_pwa", _("Can rebuild the PWA"))]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="wagtail_sms_build_number"),
            models.UniqueConstraint(fields=["site"], condition=Q(is_current=True), name="wagtail_sms_build_current"),
        ]

    def __str__(self) -> str:
        return self.build_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert, or change whether it is served; anything else is refused."""
        refuse_change(self, kwargs, allowed={"is_current", "put_back_at"})
        super().save(*args, **kwargs)


class PwaBuildFile(models.Model):
    """One file of a build, exactly as it is served."""

    build = models.ForeignKey(PwaBuild, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=60)
    content_type = models.CharField(max_length=60)
    body = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("PWA build file")
        verbose_name_plural = _("PWA build files")
        constraints = [models.UniqueConstraint(fields=["build", "name"], name="wagtail_sms_build_file_name")]

    def __str__(self) -> str:
        return f"{self.build} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert only."""
        refuse_change(self, kwargs, allowed=set())
        super().save(*args, **kwargs)


def refuse_change(row: models.Model, kwargs: dict[str, Any], *, allowed: set[str]) -> None:
    """Raise ``TypeError`` when saving ``row`` would change a stored snapshot beyond ``allowed`` fields."""
    touched = kwargs.get("update_fields")
    if row._state.adding or (touched and set(touched) <= allowed):
        return
    raise TypeError(f"{row._meta.verbose_name} {row.pk} is a snapshot and cannot be changed; make a new build.")
