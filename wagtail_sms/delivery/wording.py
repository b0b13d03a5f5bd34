"""The text that a batch goes out with: the same for the same batch, however often it is tried."""

from wagtail_sms.delivery.models import Batch
from wagtail_sms.segments import measure
from wagtail_sms.subscribers import links


def text_of(batch: Batch) -> dict[str, str]:
    """`body` and `encoding`: the campaign's, and below it the link of the person whom a batch `with_link` is for."""
    campaign = batch.campaign
    if not batch.with_link:
        return {"body": campaign.body, "encoding": campaign.encoding}
    body = links.completed(campaign.body, campaign.link_line, batch.first_id)
    return {"body": body, "encoding": measure(body).encoding}
