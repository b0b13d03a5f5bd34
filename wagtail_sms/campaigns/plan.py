"""Cutting an audience into batches: set-based, in chunks that can be resumed after any crash."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger
from wagtail_sms.delivery.dispatch import wake_lanes
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.reach import cost, needs_link, within_reach
from wagtail_sms.delivery.refusals import pause_reason
from wagtail_sms.delivery.settle import finish_if_over
from wagtail_sms.exceptions import NoSenderNumber, ProviderConfigurationError
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.providers import get_provider
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import BatchStatus, CampaignStatus, SubscriberStatus


CHUNK = 100_000
# So many new rows make the planner's figures of the table wrong enough to mislead it.
MANY_BATCHES = 1000
NO_SENDER_YET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Route:
    """How the texts of one provider go out: the recipients of a request, and the site's number there."""

    provider: str
    size: int
    sender: str


def plan(campaign_id: int, *, chunk: int = CHUNK, now: datetime | None = None) -> int:
    """Cut all that is not cut yet and wake the senders. Returns the batches made; each chunk is a transaction.

    Each batch is for one provider, the one that serves its people's countries on the campaign's rate card. Where that
    one has no number of the site or is not configured any more, the campaign pauses and says so.
    """
    now, made = now or timezone.now(), 0
    try:
        while (batches := _plan_chunk(campaign_id, chunk=chunk, now=now)) is not None:
            made += batches
    except (NoSenderNumber, ProviderConfigurationError) as error:
        _pause(campaign_id, error, now=now)
    if made >= MANY_BATCHES and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE wagtail_sms_batch")
    waiting = Batch.objects.filter(campaign=campaign_id, status=BatchStatus.QUEUED).order_by()
    for provider in waiting.values_list("provider", flat=True).distinct():
        wake_lanes(provider)
    return made


def _plan_chunk(campaign_id: int, *, chunk: int, now: datetime) -> int | None:
    """One chunk. None when there is nothing (left) to cut."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.status not in (CampaignStatus.QUEUED, CampaignStatus.SENDING) or campaign.planned_at:
            return None
        before = campaign.planned_through
        routes, people = _routes(campaign), 0
        made = _insert_batches(campaign, routes=routes, chunk=chunk, now=now) if routes else 0
        campaign.status = CampaignStatus.SENDING
        if made:
            _refuse_unroutable(campaign, after=before)
            campaign.planned_through, people = _planned(campaign, after=before)
            _stay_within_the_confirmed(campaign, after=before)
        if people < chunk:
            campaign.planned_at = now
            _give_back_the_unplanned(campaign, now=now)
        campaign.save(update_fields=["status", "planned_through", "planned_credits", "planned_at"])
        if campaign.planned_at:
            finish_if_over(campaign, now=now)
    return made or None


def _routes(campaign: Campaign) -> list[_Route]:
    """Of each provider on the campaign's card. The people of one that can't be used get batches without a sender."""
    rates = CountryRate.objects.filter(card=campaign.card_id).order_by()
    return [_route(campaign, alias) for alias in sorted(rates.values_list("provider", flat=True).distinct())]


def _route(campaign: Campaign, provider: str) -> _Route:
    sender = sender_for(campaign.site, provider)
    try:
        size = get_provider(provider).max_recipients_per_request
    except ImproperlyConfigured:
        sender = None
    return _Route(provider, size, sender.number) if sender else _Route(provider, 1, "")


def _insert_batches(campaign: Campaign, *, routes: list[_Route], chunk: int, now: datetime) -> int:
    """INSERT .. SELECT of the next `chunk` subscribers, whatever their provider; returns how many batches.

    The same on PostgreSQL and SQLite but for the expression that makes a random reference.
    """
    random_reference = {
        "postgresql": "REPLACE(CAST(gen_random_uuid() AS text), '-', '')",
        "sqlite": "LOWER(HEX(RANDOMBLOB(16)))",
    }[connection.vendor]
    link, _link_parameters = needs_link(campaign)
    provider, providers = _by_provider({route.provider: route.provider for route in routes})
    sender, senders = _by_provider({route.provider: route.sender for route in routes})
    numbered, numbered_parameters = _numbered(campaign, routes=routes, chunk=chunk)
    query = f"""
        INSERT INTO wagtail_sms_batch (
            campaign_id, provider, with_link, sender, first_id, last_id, recipients, credits, status, reference,
            idempotency_key, attempts, lookups, crashes, claim, next_attempt_at, provider_id, handed, charged_credits,
            released_credits, refunded_credits, error_code, error_text)
        SELECT %s, {provider}, {"with_link" if link else "FALSE"}, {sender}, MIN(id), MAX(id), COUNT(*),
               SUM(credits), %s, {random_reference}, '', 0, 0, 0,
               '', %s, '', 0, 0, 0, 0, '', ''
        FROM ({numbered}) AS numbered
        GROUP BY {"".join(f"{part}, " for part in _parts(routes, link))} bucket
        ORDER BY MIN(id)
    """  # noqa: S608 only our own expressions are interpolated
    parameters = [campaign.pk, *providers, *senders, BatchStatus.QUEUED.value, _adapt(now)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, *numbered_parameters])
        return cursor.rowcount


def _numbered(campaign: Campaign, *, routes: list[_Route], chunk: int) -> tuple[str, list]:
    """SQL for the next `chunk` people, each with the number of their batch; its parameters.

    With one provider and no links there is nothing to part, and nothing to sort: the keys come in order and are counted
    as they are read. It takes half the time. Whose text has a link gets a batch of their own.
    """
    size, sizes = _by_provider({route.provider: route.size for route in routes})
    each, each_parameters = cost(campaign)
    link, link_parameters = needs_link(campaign)
    audience, parameters = _audience(campaign, after=campaign.planned_through)
    parts = _parts(routes, link)
    if not parts:
        sql = f"""
            SELECT s.id, {each} AS credits, (ROW_NUMBER() OVER (ORDER BY s.id) - 1) / {size} AS bucket
            {audience} ORDER BY s.id LIMIT %s
        """
        return sql, [*each_parameters, *sizes, *parameters, chunk]
    sql = f"""
        SELECT id, provider, credits, {"with_link," if link else ""}
               (ROW_NUMBER() OVER (PARTITION BY {", ".join(parts)} ORDER BY id) - 1)
               / {f"CASE WHEN with_link THEN 1 ELSE {size} END" if link else size} AS bucket
        FROM (SELECT s.id, r.provider, {each} AS credits {f", {link} AS with_link" if link else ""}
              {audience} ORDER BY s.id LIMIT %s) AS audience
    """  # noqa: S608 only our own expressions are interpolated
    return sql, [*sizes, *each_parameters, *link_parameters, *parameters, chunk]


def _parts(routes: list[_Route], link: str) -> list[str]:
    """The columns that no batch may mix."""
    return ["provider"] * (len(routes) > 1) + ["with_link"] * bool(link)


def _audience(campaign: Campaign, *, after: int) -> tuple[str, list]:
    """FROM and WHERE: the people `s` after this key and their country's rate `r`, for a SELECT, with the parameters.

    They are read by key. SQLite would read them country by country and sort them, but for CROSS JOIN and plus signs.
    """
    join, plus = {"postgresql": ("JOIN", ""), "sqlite": ("CROSS JOIN", "+")}[connection.vendor]
    reach, reach_parameters = within_reach(campaign)
    sql = f"""
        FROM wagtail_sms_subscriber s
        {join} wagtail_sms_countryrate r ON r.card_id = %s AND r.country = s.country
        WHERE {plus}s.site_id = %s AND s.id > %s AND s.id <= %s AND {plus}s.status = %s AND s.status_changed_at <= %s
          AND {reach}
    """
    active, launched = SubscriberStatus.ACTIVE.value, _adapt(campaign.launched_at)
    people = [campaign.site_id, after, campaign.audience_through, active, launched]
    return sql, [campaign.card_id, *people, *reach_parameters]


def _by_provider(values: dict) -> tuple[str, list]:
    """An SQL expression for a value that depends on the provider, with its parameters; a plain value for one."""
    if len(values) == 1:
        return "%s", [*values.values()]
    cases = " ".join(["WHEN %s THEN %s"] * len(values))
    return f"CASE provider {cases} END", [part for pair in values.items() for part in pair]


def _adapt(moment: datetime):
    return connection.ops.adapt_datetimefield_value(moment)


def _planned(campaign: Campaign, *, after: int) -> tuple[int, int]:
    """The last subscriber of this chunk, and its people."""
    chunk = Batch.objects.filter(campaign=campaign, first_id__gt=after)
    found = chunk.aggregate(last=Max("last_id"), people=Sum("recipients"))
    return found["last"], found["people"]


def _refuse_unroutable(campaign: Campaign, *, after: int) -> None:
    """Raises, so that the chunk is cut again once there is a number. Nobody is left out in silence."""
    stuck = Batch.objects.filter(campaign=campaign, first_id__gt=after, sender="")
    stuck = stuck.values_list("provider", flat=True).first()
    if stuck is None:
        return
    try:
        get_provider(stuck)
    except ImproperlyConfigured as error:
        raise ProviderConfigurationError(str(error)) from error
    raise NoSenderNumber()


def _pause(campaign_id: int, error: Exception, *, now: datetime) -> None:
    resume_at = now + NO_SENDER_YET if isinstance(error, NoSenderNumber) else None
    running = Campaign.objects.filter(pk=campaign_id, status__in=(CampaignStatus.QUEUED, CampaignStatus.SENDING))
    running.update(status=CampaignStatus.PAUSED, resume_at=resume_at, paused_reason=pause_reason(error)[:255])


def _stay_within_the_confirmed(campaign: Campaign, *, after: int) -> None:
    """Should sign-ups have been committed between the count and the cut, somebody's batch is planned for fewer people.

    Its claim then leaves out whoever came last, so that neither people nor credits pass what was confirmed. Before
    this chunk they did not, so it is enough to look at its people, the newest first.
    """
    planned = Batch.objects.filter(campaign=campaign).aggregate(people=Sum("recipients"), credits=Sum("credits"))
    people, credits = planned["people"] or 0, planned["credits"] or 0
    newest = _newest(campaign, after) if _is_too_much(campaign, people, credits) else ()
    for subscriber_id, provider, credits_each, with_link in newest:
        if not _is_too_much(campaign, people, credits):
            break
        batch = Batch.objects.filter(campaign=campaign, provider=provider, with_link=with_link)
        batch = batch.filter(recipients__gt=0, credits__gte=credits_each)
        batch = batch.filter(first_id__lte=subscriber_id, last_id__gte=subscriber_id)
        if batch.update(recipients=F("recipients") - 1, credits=F("credits") - credits_each):
            people, credits = people - 1, credits - credits_each
    campaign.planned_credits = credits


def _give_back_the_unplanned(campaign: Campaign, *, now: datetime) -> None:
    """Credits of people who left between the launch and the cut: they are in no batch that could give them back."""
    unplanned = campaign.credits - campaign.planned_credits
    if unplanned > 0:
        ledger.release(campaign.reservation, amount=unplanned, key=f"campaign:{campaign.pk}:unplanned", now=now)


def _is_too_much(campaign: Campaign, people: int, credits: int) -> bool:
    return people > campaign.recipients or credits > campaign.credits


def _newest(campaign: Campaign, after: int) -> list[tuple[int, str, int, bool]]:
    """(subscriber, provider, credits, whether the text has a link) of the people planned after this key.

    Whoever changed last comes first.
    """
    audience, parameters = _audience(campaign, after=after)
    each, each_parameters = cost(campaign)
    link, link_parameters = needs_link(campaign)
    query = f"""
        SELECT s.id, r.provider, {each}, {link or "FALSE"} {audience} AND s.id <= %s
        ORDER BY s.status_changed_at DESC, s.id DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*each_parameters, *link_parameters, *parameters, campaign.planned_through])
        return cursor.fetchall()
