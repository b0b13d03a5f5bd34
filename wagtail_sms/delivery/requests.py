"""What goes to the provider for a row: the same row and the same people make the same request, byte for byte."""

from collections.abc import Iterable
from datetime import UTC

from wagtail_sms.delivery.models import Batch, Notice
from wagtail_sms.delivery.webhook_urls import report_url as report_url_of
from wagtail_sms.delivery.wording import text_of
from wagtail_sms.providers.base import OutboundBatch


def batch_request(batch: Batch, numbers: Iterable[str], *, report_url: str | None = None) -> OutboundBatch:
    """The request for a batch and those of its people (E.164) who are to be texted."""
    return OutboundBatch(
        reference=batch.reference,
        sender=batch.sender,
        **text_of(batch),
        recipients=tuple(numbers),
        report_url=report_url_of(batch.provider) if report_url is None else report_url,
        attempt=_attempt(batch),
    )


def notice_request(notice: Notice) -> OutboundBatch:
    """The request for a text to one person."""
    return OutboundBatch(
        reference=notice.reference,
        sender=notice.sender,
        body=notice.body,
        encoding=notice.encoding,
        recipients=(notice.number,),
        report_url=report_url_of(notice.provider),
        purpose=notice.purpose,
        attempt=_attempt(notice),
    )


def _attempt(row: Batch | Notice) -> str:
    return row.keyed_at.astimezone(UTC).isoformat() if row.keyed_at else ""
