from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import SenderStatus


class SenderNumber(models.Model):
    """A number texts are sent from; without a site it is the one that trial sites share."""

    site = models.ForeignKey("wagtailcore.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=16, blank=True, verbose_name=_("number"))
    country = models.CharField(max_length=2)
    provider = models.CharField(max_length=50, default="default")
    status = models.CharField(max_length=12, choices=SenderStatus, default=SenderStatus.REQUESTED)
    problem = models.CharField(max_length=255, blank=True)
    requested_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sender number")
        verbose_name_plural = _("sender numbers")
        permissions = [("change_sender", _("Can change the sender number of a site"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(status__in=["requested", "active", "failed"]),
                name="wagtail_sms_one_sender_per_site",
            ),
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(status__in=["requested", "active"]) & ~models.Q(number=""),
                name="wagtail_sms_number_belongs_to_one",
            ),
        ]

    def __str__(self) -> str:
        return self.number or str(SenderStatus(self.status).label)
