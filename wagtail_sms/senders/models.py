from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import CountryRequestStatus, SenderStatus


class SenderNumber(models.Model):
    """A number texts are sent from; without a site it is shared: in trial, or at a provider that sells none.

    At one provider a site has at most one ACTIVE number and one that is being obtained, which will take its place.
    """

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
    # Set before a purchase and cleared when the provider said how it ended: until then it may be ours.
    buying_since = models.DateTimeField(null=True, blank=True)
    # When a number that only listens is given back.
    release_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sender number")
        verbose_name_plural = _("sender numbers")
        permissions = [("change_sender", _("Can change the sender number of a site"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "provider"],
                condition=models.Q(status="active"),
                name="wagtail_sms_one_sender_per_provider",
            ),
            models.UniqueConstraint(
                fields=["site", "provider"],
                condition=models.Q(status__in=["requested", "failed"]),
                name="wagtail_sms_one_sender_obtained",
            ),
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(status__in=["requested", "active", "listening"]) & ~models.Q(number=""),
                name="wagtail_sms_number_belongs_to_one",
            ),
        ]

    def __str__(self) -> str:
        return self.number or str(SenderStatus(self.status).label)


class CountryRequest(models.Model):
    """An editor's wish for a number of another country: a task for the operator, one open per site."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    country = models.CharField(max_length=2, verbose_name=_("country"))
    reason = models.CharField(max_length=500, blank=True, verbose_name=_("reason"))
    status = models.CharField(max_length=8, choices=CountryRequestStatus, default=CountryRequestStatus.OPEN)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # When the operator was mailed.
    told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(max_length=500, blank=True, verbose_name=_("answer"))

    class Meta:
        verbose_name = _("request for another country")
        verbose_name_plural = _("requests for another country")
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(status="open"),
                name="wagtail_sms_one_open_country_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site}: {self.country}"
