from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_sms import languages
from wagtail_sms.phone import mask
from wagtail_sms.states import ConsentKind, ImportStatus, SubscriberStatus


class SubscriberQuerySet(models.QuerySet):
    def of(self, site) -> "SubscriberQuerySet":
        return self.filter(site=site)

    def reachable(self) -> "SubscriberQuerySet":
        """Those a message goes to."""
        return self.filter(status=SubscriberStatus.ACTIVE)


class Subscriber(models.Model):
    """One phone number of one site. Deleting erases the row; consent events and suppressions stay."""

    # Without an index of its own: two begin with it, and the planner would count an audience by this one.
    site = models.ForeignKey(
        "wagtailcore.Site", on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("site")
    )
    number = models.CharField(max_length=16, verbose_name=_("number"))
    country = models.CharField(max_length=2, verbose_name=_("country"))
    status = models.CharField(
        max_length=12, choices=SubscriberStatus, default=SubscriberStatus.ACTIVE, verbose_name=_("status")
    )
    # When the person last became reachable or unreachable: a campaign goes to those unchanged since its launch.
    status_changed_at = models.DateTimeField(verbose_name=_("status since"))
    created_at = models.DateTimeField(verbose_name=_("signed up"))
    stopped_at = models.DateTimeField(null=True, blank=True)
    # Numbers the person's subscriptions, so that each one gets exactly one welcome text.
    subscription_count = models.PositiveIntegerField(default=1)
    language = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=20, default="popup")

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        permissions = [
            ("view_full_numbers_subscriber", _("Can see full phone numbers")),
            ("export_subscriber", _("Can export subscribers")),
            ("import_subscriber", _("Can import subscribers")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="wagtail_sms_number_once_per_site"),
        ]
        indexes = [
            # The estimate's count by country, on PostgreSQL and SQLite alike.
            models.Index(fields=["site", "status", "country"], name="wagtail_sms_audience"),
        ]

    def __str__(self) -> str:
        return mask(self.number)


class ConsentWording(models.Model):
    """One version of the sentence people agree to, in one language. Never changed; a new wording is a new version."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=12)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("consent wording")
        verbose_name_plural = _("consent wordings")
        constraints = [
            models.UniqueConstraint(fields=["site", "language", "version"], name="wagtail_sms_wording_version"),
            models.UniqueConstraint(fields=["site", "language", "sha256"], name="wagtail_sms_wording_once"),
        ]

    def __str__(self) -> str:
        return f"{self.language} {self.version}: {self.text[:60]}"

    @property
    def language_name(self) -> str:
        return languages.name(self.language)


class ConsentEvent(models.Model):
    """Proof of a change of consent. Append-only; holds the number's hash, never the number."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    number_hash = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=12, choices=ConsentKind)
    wording = models.ForeignKey(ConsentWording, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=20, blank=True)
    page_url = models.CharField(max_length=500, blank=True)
    build_id = models.CharField(max_length=40, blank=True)
    # Shortened to its block (IPv4 /24, IPv6 /48) before it is stored.
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    # How the number was proved to be theirs: "code", or nothing.
    method = models.CharField(max_length=10, blank=True)
    # Made by the visitor's browser for one sending of the form, which it may repeat when an answer is lost.
    key = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent events")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "number_hash", "key"], condition=~Q(key=""), name="wagtail_sms_consent_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise TypeError("Consent events are append-only.")
        super().save(*args, **kwargs)


class Suppression(models.Model):
    """Keyed hash of a number that must not be texted by this site; outlives the subscriber's row."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    number_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(fields=["site", "number_hash"], name="wagtail_sms_suppressed_once"),
        ]

    def __str__(self) -> str:
        return self.reason


class CarrierBlock(models.Model):
    """The network lets no text from `sender` through to this person, until they text START to it.

    It is about the pair of numbers, whatever sites use the sender, and outlives the subscriber's row: a keyed hash.
    """

    sender = models.CharField(max_length=16)
    number_hash = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("block by the network")
        verbose_name_plural = _("blocks by the network")
        constraints = [
            models.UniqueConstraint(fields=["number_hash", "sender"], name="wagtail_sms_blocked_once"),
        ]

    def __str__(self) -> str:
        return self.sender


class OptInAttempt(models.Model):
    """One use of the public form, kept for a day to slow down whoever uses it too often. Hashes only."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    number_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["site", "at"], name="wagtail_sms_attempts"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class PendingSignUp(models.Model):
    """Somebody who agreed and has not typed their code yet, so is no subscriber. Forgotten after a day."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    # Known to the browser that signed up and to nobody else; the code counts only together with it.
    ticket = models.CharField(max_length=40)
    number = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    wording = models.ForeignKey(ConsentWording, on_delete=models.PROTECT, related_name="+")
    page_url = models.CharField(max_length=500, blank=True)
    build_id = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=20)
    evidence = models.CharField(max_length=500, blank=True)
    key = models.CharField(max_length=64, blank=True)
    code_hash = models.CharField(max_length=64, blank=True)
    # How many were sent, and the tries of the last one.
    codes = models.PositiveSmallIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    code_sent_at = models.DateTimeField()
    created_at = models.DateTimeField(db_index=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket"], name="wagtail_sms_ticket_once"),
            models.UniqueConstraint(
                fields=["site", "number", "key"], condition=~Q(key=""), name="wagtail_sms_pending_once"
            ),
        ]

    def __str__(self) -> str:
        return mask(self.number)


class SubscriberImport(models.Model):
    """A file of numbers that somebody brings along. The file is deleted when it is imported, or after a day."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    # Only who chose the file goes on with it.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=12, choices=ImportStatus, default=ImportStatus.UPLOADED, db_index=True)
    file_name = models.CharField(max_length=100)
    # In the database, where every process finds it and no web server hands it out.
    content = models.BinaryField()
    country = models.CharField(max_length=2, blank=True)
    consent = models.CharField(max_length=300)
    # Places from 0: `{"number": 0, "country": None, "language": 2}`.
    columns = models.JSONField(default=dict)
    # Rows of this pass that are behind us; an import goes on from here after a kill.
    rows_done = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(null=True)
    # People by outcome, see `imports.OUTCOMES`.
    figures = models.JSONField(default=dict)
    # `[row, code]`, the first ones only.
    problems = models.JSONField(default=list)
    refusal = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import of subscribers")
        verbose_name_plural = _("imports of subscribers")

    def __str__(self) -> str:
        return self.file_name
