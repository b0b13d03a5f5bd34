from django.conf import settings
from django.db import models
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail_sms.exceptions import SentForGood
from wagtail_sms.states import CampaignStatus


# What is written and confirmed, and never changed after the launch.
WRITTEN = {"body", "site_id"}


class CampaignQuerySet(models.QuerySet):
    def launched(self) -> "CampaignQuerySet":
        return self.filter(launched_at__isnull=False)

    def update(self, **fields) -> int:
        if WRITTEN & fields.keys() and self.launched().exists():
            raise SentForGood()
        return super().update(**fields)


class Campaign(models.Model):
    """One message to an audience. Immutable once launched; the figures are those the editor confirmed."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+", verbose_name=_("site"))
    body = models.TextField(_("message"))
    status = models.CharField(
        max_length=10, choices=CampaignStatus, default=CampaignStatus.DRAFT, verbose_name=_("status")
    )
    created_at = models.DateTimeField(_("written"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Travels in the form: the same form posted again finds the campaign it already launched.
    form_token = models.UUIDField(unique=True, null=True, blank=True)
    # Of a draft: counts its saved versions, so that two editors don't overwrite one another, and whose the last one is.
    revision = models.PositiveIntegerField(default=1)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Of a scheduled one: when it is sent, by whom, and the quote that was confirmed, as `quotes.stored` writes it.
    send_at = models.DateTimeField(_("to be sent"), null=True, blank=True)
    scheduled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    confirmed = models.JSONField(null=True, blank=True)
    repeat_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # The campaign whose failures it sends a second time: they are its audience.
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="retries")
    # Why it was not sent at its time and is a draft again. Waits for a person.
    held_reason = models.TextField(blank=True)
    launched_at = models.DateTimeField(_("sent"), null=True, blank=True)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=255, blank=True)
    # Set when the pause ends by itself, for instance once the provider can be reached again.
    resume_at = models.DateTimeField(null=True, blank=True)

    sender = models.CharField(max_length=16, blank=True)
    card = models.ForeignKey("wagtail_sms.RateCard", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    encoding = models.CharField(max_length=5, blank=True)
    segments = models.PositiveSmallIntegerField(default=0)
    # Of the texts to countries from which replies don't reach the sender: ISO codes with commas, the line that stands
    # below the message, with {} for each person's part of the link, and the segments it makes of the whole.
    link_countries = models.TextField(blank=True)
    link_line = models.CharField(max_length=400, blank=True)
    link_segments = models.PositiveSmallIntegerField(default=0)
    # Set when the credits did not reach everybody: only people whose text costs less than `reach_credits` are texted,
    # and of those whose text costs just that, the people up to the subscriber `reach_through`.
    reach_credits = models.PositiveIntegerField(null=True, blank=True)
    reach_through = models.BigIntegerField(default=0)
    left_out = models.PositiveIntegerField(_("left out for lack of credits"), default=0)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    credits = models.PositiveBigIntegerField(_("credits"), default=0)
    reservation = models.ForeignKey(
        "wagtail_sms.Reservation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The audience is cut off at the launch; `planned_through` is the last subscriber already in a batch.
    audience_through = models.BigIntegerField(default=0)
    planned_through = models.BigIntegerField(default=0)
    planned_credits = models.PositiveBigIntegerField(default=0)
    planned_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-created_at"]
        permissions = [
            ("send_campaign", _("Can send text messages")),
        ]
        indexes = [
            models.Index(fields=["site", "-created_at"], name="wagtail_sms_history"),
            models.Index(fields=["status"], name="wagtail_sms_running"),
        ]

    def __str__(self) -> str:
        return self.body if len(self.body) <= 60 else f"{self.body[:59].rstrip()}…"

    def save(self, *args, **kwargs):
        """Refuses another text or site for what was launched: deliveries and the ledger are about this very one."""
        fields = kwargs.get("update_fields")
        if not self._state.adding and (fields is None or WRITTEN & set(fields)):
            names = sorted(WRITTEN)
            kept = Campaign.objects.launched().filter(pk=self.pk).values_list(*names).first()
            if kept is not None and kept != tuple(getattr(self, name) for name in names):
                raise SentForGood()
        super().save(*args, **kwargs)


@receiver(pre_delete, sender=Campaign)
def _keep_what_was_sent(sender, instance: Campaign, **kwargs) -> None:
    """However it is deleted: alone, by a queryset, in bulk or with something that it hangs on."""
    if Campaign.objects.launched().filter(pk=instance.pk).exists():
        raise SentForGood()


class MessageTemplate(models.Model):
    """A text that is written again and again: a message begins as a copy of it."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    body = models.TextField(_("message"))
    saved_at = models.DateTimeField(_("saved"))
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        default_permissions = ()
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="wagtail_sms_template_name")]

    def __str__(self) -> str:
        return self.name


def log_title(campaign: Campaign) -> str:
    """What Wagtail's log calls a campaign: a log never holds a message."""
    return gettext("Campaign %(number)s") % {"number": campaign.pk}
