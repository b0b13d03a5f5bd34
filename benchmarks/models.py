"""What the baselines write: a row per recipient."""

from django.db import models


LEAN = {"on_delete": models.CASCADE, "related_name": "+", "db_constraint": False, "db_index": False}


class Text(models.Model):
    """One message to one person, with the indexes that its uses need and none of the rest.

    Most projects would have foreign key constraints and an index for each beside them: those are several times slower.
    """

    campaign = models.ForeignKey("wagtail_sms.Campaign", **LEAN)
    subscriber = models.ForeignKey("wagtail_sms.Subscriber", **LEAN)
    number = models.CharField(max_length=16)
    status = models.CharField(max_length=12, default="queued")
    provider_id = models.CharField(max_length=64, blank=True)
    credits = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "subscriber"], name="bench_text_once")]
        indexes = [
            models.Index(fields=["campaign", "status"], name="bench_text_status"),
            models.Index(fields=["provider_id"], name="bench_text_provider"),
        ]

    def __str__(self) -> str:
        return self.number


class Trace(models.Model):
    """A second row per recipient, for statistics."""

    text = models.ForeignKey(Text, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=12, default="outgoing")

    def __str__(self) -> str:
        return self.status
