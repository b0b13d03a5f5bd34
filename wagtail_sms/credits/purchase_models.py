"""What was ordered and paid, and what the payment companies told of it. Written by `credits.purchases` and its kin."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import PurchaseStatus


class Purchase(models.Model):
    """Credits ordered and, once PAID, granted. Amounts are in the currency's smallest unit (cents)."""

    uuid = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    wallet = models.ForeignKey(
        "wagtail_sms.Wallet", on_delete=models.PROTECT, related_name="purchases", verbose_name=_("wallet")
    )
    status = models.CharField(
        _("status"), max_length=20, choices=PurchaseStatus.choices, default=PurchaseStatus.CREATED
    )
    packs = models.PositiveIntegerField(_("packs"))
    credits = models.PositiveIntegerField(_("credits"))
    amount_cents = models.PositiveIntegerField(_("amount in cents"))
    currency = models.CharField(_("currency"), max_length=3)
    provider = models.CharField(_("payment provider"), max_length=50)
    external_id = models.CharField(_("provider's reference"), max_length=255, blank=True, default="")
    receipt_url = models.URLField(_("receipt"), max_length=500, blank=True, default="")
    # Why it failed or is in dispute, in words that can be shown.
    problem = models.CharField(_("problem"), max_length=255, blank=True, default="")
    # The admin page to go on with once it is paid, such as a draft that needed the credits; a path of ours.
    return_to = models.CharField(max_length=500, blank=True, default="")
    refunded_cents = models.PositiveIntegerField(_("refunded, in cents"), default=0)
    # Beside the refunds: payment companies count the two apart.
    lost_cents = models.PositiveIntegerField(_("lost in disputes, in cents"), default=0)
    shortfall = models.PositiveBigIntegerField(_("credits already used when refunded"), default=0)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("ordered by"),
    )

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"],
                condition=~Q(external_id=""),
                name="wagtail_sms_purchase_external_once",
            ),
            models.CheckConstraint(
                condition=Q(credits__gt=0, packs__gt=0, amount_cents__gt=0),
                name="wagtail_sms_purchase_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credits} ({self.get_status_display()})"

    @property
    def gone_cents(self) -> int:
        """What went back of the money, refunded or lost in disputes."""
        return min(self.refunded_cents + self.lost_cents, self.amount_cents)


class PaymentEvent(models.Model):
    """What a payment provider told us, once per event: the unique key refuses a replay. Kept without its payload."""

    provider = models.CharField(_("payment provider"), max_length=50)
    event_id = models.CharField(_("event"), max_length=255)
    kind = models.CharField(_("kind"), max_length=20)
    purchase = models.ForeignKey(
        Purchase,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        verbose_name=_("purchase"),
    )
    # What was done about it, or why nothing was.
    outcome = models.CharField(_("outcome"), max_length=255, blank=True, default="")
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        app_label = "wagtail_sms"
        verbose_name = _("payment event")
        verbose_name_plural = _("payment events")
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="wagtail_sms_payment_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
