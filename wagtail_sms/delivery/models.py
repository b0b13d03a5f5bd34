import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_sms.states import (
    BatchStatus,
    DeliveryStatus,
    InboundVerdict,
    NoticePurpose,
    NoticeStatus,
    StrangeKind,
    Verdict,
)


def new_reference() -> str:
    """Our name of a request on the provider's wire: a report finds its batch by it, even before our own commit."""
    return uuid.uuid4().hex


class Batch(models.Model):
    """Up to N recipients of a campaign that go to the provider in one request: the unit claimed and retried.

    The recipients are the part of the campaign's audience that `provider` serves, with primary keys from `first_id` to
    `last_id`.
    """

    campaign = models.ForeignKey(
        "wagtail_sms.Campaign", on_delete=models.CASCADE, related_name="batches", db_index=False
    )
    # Alias of the provider that serves the recipients' countries, and the site's number there.
    provider = models.CharField(max_length=50, default="default")
    sender = models.CharField(max_length=16, blank=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    recipients = models.PositiveIntegerField()
    credits = models.PositiveIntegerField()
    # One person, whose text ends in a link of their own: their replies don't reach us.
    with_link = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=BatchStatus, default=BatchStatus.QUEUED)
    reference = models.CharField(max_length=32, default=new_reference)
    # For providers that recognise a repeat: the key of the request, and when it was about to be made first.
    idempotency_key = models.CharField(max_length=80, blank=True)
    keyed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    # How often its worker died before the request began. From the first time on it is claimed alone.
    crashes = models.PositiveSmallIntegerField(default=0)
    # Of the task that has it, and of which of its claims: "task:number".
    claim = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    # When the answer came, or was lost.
    finished_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    handed = models.PositiveIntegerField(default=0)
    charged_credits = models.PositiveIntegerField(default=0)
    released_credits = models.PositiveIntegerField(default=0)
    # Of the charged ones, for texts that were not delivered: only with REFUND_UNDELIVERED.
    refunded_credits = models.PositiveIntegerField(default=0)
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
            models.Index(fields=["campaign", "status", "provider", "crashes", "id"], name="wagtail_sms_batch_next"),
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
    # Kept here so that spending by country can still be told after a subscriber was erased.
    country = models.CharField(max_length=2, blank=True, default="")
    # Of a skipped one a SkipReason; of one that failed the provider's code or words, see `delivery.failures`.
    reason = models.CharField(max_length=40, blank=True)
    # The campaign that sends it a second time. No foreign key, as above.
    retry_id = models.BigIntegerField(null=True, blank=True)

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
    provider = models.CharField(max_length=50, default="default")
    body = models.TextField()
    encoding = models.CharField(max_length=5)
    segments = models.PositiveSmallIntegerField()
    credits = models.PositiveIntegerField(default=0)
    sender = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=12, choices=NoticeStatus, default=NoticeStatus.QUEUED)
    reference = models.CharField(max_length=32, default=new_reference)
    # As in Batch.
    idempotency_key = models.CharField(max_length=80, blank=True)
    keyed_at = models.DateTimeField(null=True, blank=True)
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


class Decision(models.Model):
    """What a person decided about uncertain texts: those of a campaign, or those to single people for one purpose."""

    site = models.ForeignKey("wagtailcore.Site", on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(
        "wagtail_sms.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="decisions"
    )
    purpose = models.CharField(max_length=12, choices=NoticePurpose, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    people = models.PositiveIntegerField()
    # Those that were held: spent or given back.
    credits = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=255)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("decision about uncertain texts")
        verbose_name_plural = _("decisions about uncertain texts")

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.people}"


class Report(models.Model):
    """A delivery report, as it came in."""

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

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.reference} {self.status}"


class ReportEvent(Report):
    """A report that waits: appended by the webhook, folded into states by a task, which moves it to the folded ones.

    To mark it there and then would write all of its indexes again, and cost more than everything else about folding.
    """

    # What brought it, and until when that can come again; empty if it was compared with the calls that were seen.
    call = models.UUIDField(null=True)
    call_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_key"], name="wagtail_sms_report_once"),
        ]


class FoldedReport(Report):
    """A report that was folded, kept for REPORTS_KEPT_DAYS. Only its key is indexed: nobody needs one in a hurry."""

    class Meta:
        verbose_name = _("folded delivery report")
        verbose_name_plural = _("folded delivery reports")


class SeenCall(models.Model):
    """A call of a provider that was acted upon, kept until its signature is too old to come again."""

    # One index and no sequence: a row is written for each of thousands of calls.
    token = models.UUIDField(primary_key=True)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("seen webhook call")
        verbose_name_plural = _("seen webhook calls")

    def __str__(self) -> str:
        return str(self.token)


class StrangeWord(models.Model):
    """A status or a kind of event that a provider named and this version does not know: shown to operators."""

    provider = models.CharField(max_length=50)
    kind = models.CharField(max_length=10, choices=StrangeKind)
    word = models.CharField(max_length=50)
    times = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Of the latest call; numbers in it are left out.
    example = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("unknown word of a provider")
        verbose_name_plural = _("unknown words of providers")
        constraints = [
            models.UniqueConstraint(fields=["provider", "kind", "word"], name="wagtail_sms_strange_word"),
        ]

    def __str__(self) -> str:
        return self.word


class NumberFault(models.Model):
    """A report that a subscriber's number is, and stays, no phone that takes texts: one per text."""

    subscriber = models.ForeignKey(
        "wagtail_sms.Subscriber", on_delete=models.CASCADE, related_name="faults", db_index=False
    )
    reference = models.CharField(max_length=32)
    error_code = models.CharField(max_length=40)
    occurred_at = models.DateTimeField()

    class Meta:
        verbose_name = _("fault of a number")
        verbose_name_plural = _("faults of numbers")
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "reference"], name="wagtail_sms_fault_once"),
        ]

    def __str__(self) -> str:
        return f"{self.error_code} {self.occurred_at:%Y-%m-%d %H:%M}"


class InboundEvent(models.Model):
    """A text that came in, with what it was taken for. The unique key refuses a replay."""

    provider = models.CharField(max_length=50)
    event_key = models.CharField(max_length=64)
    site = models.ForeignKey(
        "wagtailcore.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    subscriber = models.ForeignKey(
        "wagtail_sms.Subscriber", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    sender = models.CharField(max_length=16)
    recipient = models.CharField(max_length=16)
    body = models.TextField(verbose_name=_("text"))
    keyword = models.CharField(max_length=10, blank=True)
    # When the person sent it, by the provider's clock; never later than it came in.
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(verbose_name=_("received"))
    # What an editor made of it, or a later STOP of the same person.
    verdict = models.CharField(max_length=10, choices=InboundVerdict, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("incoming text")
        verbose_name_plural = _("incoming texts")
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_key"], name="wagtail_sms_inbound_once"),
        ]
        indexes = [
            models.Index(fields=["site", "received_at"], name="wagtail_sms_inbox"),
            models.Index(fields=["site", "sender"], name="wagtail_sms_inbox_person"),
            models.Index(
                fields=["site"],
                condition=models.Q(keyword="review", verdict=""),
                name="wagtail_sms_inbox_review",
            ),
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


class RequestPace(models.Model):
    """The request rate of one provider account: whoever wants to make requests moves `free_from` on, and waits."""

    provider = models.CharField(max_length=50, unique=True)
    # Seconds since 1970, so that one statement can move it on and tell, on every database.
    free_from = models.FloatField()

    def __str__(self) -> str:
        return self.provider


class Heartbeat(models.Model):
    """When something that must go on was seen last: a webhook, the sweeper. Written every few seconds at most."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
