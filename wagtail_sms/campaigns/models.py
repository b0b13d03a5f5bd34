from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import CampaignStatus


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
    launched_at = models.DateTimeField(_("sent"), null=True, blank=True)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=255, blank=True)
    # Set when the pause ends by itself, for instance once the provider can be reached again.
    resume_at = models.DateTimeField(null=True, blank=True)

    sender = models.CharField(max_length=16, blank=True)
    provider = models.CharField(max_length=50, default="default")
    card = models.ForeignKey("wagtail_sms.RateCard", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    encoding = models.CharField(max_length=5, blank=True)
    segments = models.PositiveSmallIntegerField(default=0)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    credits = models.PositiveIntegerField(_("credits"), default=0)
    reservation = models.ForeignKey(
        "wagtail_sms.Reservation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The audience is cut off at the launch; `planned_through` is the last subscriber already in a batch.
    audience_through = models.BigIntegerField(default=0)
    planned_through = models.BigIntegerField(default=0)
    planned_credits = models.PositiveIntegerField(default=0)
    planned_at = models.DateTimeField(null=True, blank=True)

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


def log_title(campaign: Campaign) -> str:
    """What Wagtail's log calls a campaign: a log never holds a message."""
    return gettext("Campaign %(number)s") % {"number": campaign.pk}
