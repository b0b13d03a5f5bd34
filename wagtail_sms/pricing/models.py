from django.db import models
from django.utils.translation import gettext_lazy as _


class RateCard(models.Model):
    """A dated list of credits per segment and country. A new price makes a new card, never a changed one."""

    provider = models.CharField(max_length=50)
    currency = models.CharField(max_length=3)
    # The price that is one credit: the cheapest enabled country's.
    unit_price = models.DecimalField(max_digits=12, decimal_places=6)
    is_current = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rate card")
        verbose_name_plural = _("rate cards")
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"],
                condition=models.Q(is_current=True),
                name="wagtail_sms_one_current_card",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.created_at:%Y-%m-%d %H:%M}"


class CountryRate(models.Model):
    """Credits per segment of one country on one card, with the provider's price they were made from."""

    card = models.ForeignKey(RateCard, on_delete=models.CASCADE, related_name="rates")
    country = models.CharField(max_length=2)
    credits = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=6)

    class Meta:
        verbose_name = _("country rate")
        verbose_name_plural = _("country rates")
        constraints = [
            models.UniqueConstraint(fields=["card", "country"], name="wagtail_sms_one_rate_per_country"),
            models.CheckConstraint(condition=models.Q(credits__gte=1), name="wagtail_sms_rate_is_never_free"),
        ]

    def __str__(self) -> str:
        return f"{self.country}: {self.credits}"
