"""Cutting an audience into batches: set-based, in chunks that can be resumed after any crash."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.settle import finish_if_over
from wagtail_sms.providers import get_provider
from wagtail_sms.states import BatchStatus, CampaignStatus, SubscriberStatus
from wagtail_sms.wake import wake


CHUNK = 50_000


def plan(campaign_id: int, *, chunk: int = CHUNK, now: datetime | None = None) -> int:
    """Cut all that is not cut yet and wake the senders. Returns the batches made; each chunk is a transaction."""
    made = 0
    while (batches := _plan_chunk(campaign_id, chunk=chunk, now=now or timezone.now())) is not None:
        made += batches
    wake("wagtail_sms.dispatch")
    return made


def _plan_chunk(campaign_id: int, *, chunk: int, now: datetime) -> int | None:
    """One chunk. None when there is nothing (left) to cut."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.status not in (CampaignStatus.QUEUED, CampaignStatus.SENDING) or campaign.planned_at:
            return None
        size = get_provider(campaign.provider).max_recipients_per_request
        made = _insert_batches(campaign, size=size, chunk=chunk, now=now)
        campaign.status = CampaignStatus.SENDING
        if made:
            _stay_within_the_confirmed(campaign)
            campaign.planned_through = _last_planned_id(campaign)
        else:
            campaign.planned_at = now
        campaign.save(update_fields=["status", "planned_through", "planned_credits", "planned_at"])
        if campaign.planned_at:
            finish_if_over(campaign, now=now)
    return made or None


def _insert_batches(campaign: Campaign, *, size: int, chunk: int, now: datetime) -> int:
    """INSERT .. SELECT of up to `chunk` subscribers as batches of `size`; returns how many batches.

    The same on PostgreSQL and SQLite but for the expression that makes a random reference.
    """
    random_reference = {
        "postgresql": "REPLACE(CAST(gen_random_uuid() AS text), '-', '')",
        "sqlite": "LOWER(HEX(RANDOMBLOB(16)))",
    }[connection.vendor]
    query = f"""
        INSERT INTO wagtail_sms_batch (
            campaign_id, first_id, last_id, recipients, credits, status, reference, attempts, lookups, claim,
            next_attempt_at, provider_id, handed, charged_credits, released_credits,
            error_code, error_text)
        SELECT %s, MIN(id), MAX(id), COUNT(*), SUM(credits) * %s, %s, {random_reference}, 0, 0, '', %s,
               '', 0, 0, 0, '', ''
        FROM (
            SELECT id, credits, (ROW_NUMBER() OVER (ORDER BY id) - 1) / %s AS bucket
            FROM (
                SELECT s.id, r.credits
                FROM wagtail_sms_subscriber s
                JOIN wagtail_sms_countryrate r ON r.card_id = %s AND r.country = s.country
                WHERE s.site_id = %s AND s.id > %s AND s.id <= %s AND s.status = %s AND s.status_changed_at <= %s
                ORDER BY s.id LIMIT %s
            ) AS audience
        ) AS numbered
        GROUP BY bucket
        ORDER BY bucket
    """  # noqa: S608 only the vendor's own expression is interpolated
    stamp, launched = _adapt(now), _adapt(campaign.launched_at)
    parameters = [campaign.pk, campaign.segments, BatchStatus.QUEUED.value, stamp, size, campaign.card_id]
    parameters += [campaign.site_id, campaign.planned_through, campaign.audience_through]
    parameters += [SubscriberStatus.ACTIVE.value, launched, chunk]
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.rowcount


def _adapt(moment: datetime):
    return connection.ops.adapt_datetimefield_value(moment)


def _last_planned_id(campaign: Campaign) -> int:
    return Batch.objects.filter(campaign=campaign).aggregate(last=Max("last_id"))["last"]


def _stay_within_the_confirmed(campaign: Campaign) -> None:
    """Should sign-ups have been committed between the count and the cut, the last batch is planned for fewer people.

    Its claim then leaves out whoever came last, so that neither people nor credits pass what was confirmed.
    """
    planned = Batch.objects.filter(campaign=campaign).aggregate(people=Sum("recipients"), credits=Sum("credits"))
    people = max(0, (planned["people"] or 0) - campaign.recipients)
    credits = max(0, (planned["credits"] or 0) - campaign.credits)
    campaign.planned_credits = (planned["credits"] or 0) - credits
    for batch in Batch.objects.filter(campaign=campaign, recipients__gt=0).order_by("-first_id").iterator():
        if not people and not credits:
            break
        fewer, cheaper = min(people, batch.recipients), min(credits, batch.credits)
        Batch.objects.filter(pk=batch.pk).update(recipients=F("recipients") - fewer, credits=F("credits") - cheaper)
        people, credits = people - fewer, credits - cheaper
