import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import BatchStatus, DeliveryStatus, NoticePurpose, NoticeStatus, SkipReason


def new_reference() -> str:
    """Our name of a request on the provider's wire: a report finds its batch by it, even before our own commit."""
    return uuid.uuid4().hex


class Batch(models.Model):
    """Up to N recipients of a campaign that go to the provider in one request: the unit claimed and retried.

    The recipients are the campaign's audience with primary keys from `first_id` to `last_id`.
    """

    campaign = models.ForeignKey("wagtail_sms.Campaign", on_delete=models.CASCADE, related_name="batches")
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    recipients = models.PositiveIntegerField()
    credits = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=BatchStatus, default=BatchStatus.QUEUED)
    reference = models.CharField(max_length=32, default=new_reference)
    attempts = models.PositiveSmallIntegerField(default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    handed = models.PositiveIntegerField(default=0)
    charged_credits = models.PositiveIntegerField(default=0)
    released_credits = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="wagtail_sms_batch_reference"),
            models.UniqueConstraint(fields=["campaign", "first_id"], name="wagtail_sms_batch_once"),
        ]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="wagtail_sms_batch_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.first_id}-{self.last_id}"


class Delivery(models.Model):
    """One recipient of one batch. HANDED reads as its batch does, so an accepted recipient costs one write in all.

    The primary key refuses a second delivery of the same campaign to the same subscriber. No foreign key constraints
    on the hot table: they cost five times the insert, and a subscriber may be erased while the delivery stays.
    """

    pk = models.CompositePrimaryKey("campaign_id", "subscriber_id")
    campaign = models.ForeignKey(
        "wagtail_sms.Campaign",
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_constraint=False,
        db_index=False,
    )
    subscriber = models.ForeignKey(
        "wagtail_sms.Subscriber",
        on_delete=models.DO_NOTHING,
        related_name="deliveries",
        db_constraint=False,
        db_index=False,
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False, db_index=False
    )
    status = models.PositiveSmallIntegerField(choices=DeliveryStatus, default=DeliveryStatus.HANDED)
    credits = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=40, choices=SkipReason, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.subscriber_id}"


class Notice(models.Model):
    """A text to one person that is no campaign: welcome, code, reply, test. `key` makes it happen once."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=12, choices=NoticePurpose)
    key = models.CharField(max_length=120, unique=True)
    subscriber = models.ForeignKey(
        "wagtail_sms.Subscriber", null=True, blank=True, on_delete=models.SET_NULL, related_name="notices"
    )
    number = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    body = models.TextField()
    encoding = models.CharField(max_length=5)
    segments = models.PositiveSmallIntegerField()
    credits = models.PositiveIntegerField(default=0)
    sender = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=12, choices=NoticeStatus, default=NoticeStatus.QUEUED)
    reference = models.CharField(max_length=32, default=new_reference)
    attempts = models.PositiveSmallIntegerField(default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    provider_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="wagtail_sms_notice_reference"),
        ]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="wagtail_sms_notice_queue"),
            models.Index(fields=["site", "purpose", "created_at"], name="wagtail_sms_notice_budget"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.key}"


class ReportEvent(models.Model):
    """A delivery report as it came in. Appended by the webhook, folded into states by a task."""

    provider = models.CharField(max_length=50)
    event_key = models.CharField(max_length=64)
    reference = models.CharField(max_length=128)
    recipient = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12)
    raw_status = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_text = models.CharField(max_length=255, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    folded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_key"], name="wagtail_sms_report_once"),
        ]
        indexes = [
            models.Index(fields=["folded", "id"], name="wagtail_sms_reports_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.status}"


class InboundEvent(models.Model):
    """A text that came in, with what it was taken for. The unique key refuses a replay."""

    provider = models.CharField(max_length=50)
    event_key = models.CharField(max_length=64)
    site = models.ForeignKey("wagtailcore.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    subscriber = models.ForeignKey(
        "wagtail_sms.Subscriber", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    sender = models.CharField(max_length=16)
    recipient = models.CharField(max_length=16)
    body = models.TextField()
    keyword = models.CharField(max_length=10, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("incoming text")
        verbose_name_plural = _("incoming texts")
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_key"], name="wagtail_sms_inbound_once"),
        ]

    def __str__(self) -> str:
        return f"{self.keyword or '-'} {self.received_at:%Y-%m-%d %H:%M}"


class Lane(models.Model):
    """A leased row: whoever holds it is the one task that sends in this lane."""

    name = models.CharField(max_length=60, unique=True)
    holder = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # After a refusal by the provider, nothing is tried in this lane before.
    resume_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
