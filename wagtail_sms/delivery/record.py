"""Writing down what the provider said: one statement for all batch rows, deliveries only where a recipient differs."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from wagtail_sms.delivery.claim import Claimed, deliveries_of
from wagtail_sms.delivery.many import execute, table_of
from wagtail_sms.delivery.models import Batch
from wagtail_sms.delivery.settle import SETTLED, Figures, locked, move_credits, work_out
from wagtail_sms.providers.base import Outcome, SendResult
from wagtail_sms.states import BatchStatus, DeliveryStatus


# When an uncertain batch is first looked up, and one of which some was not sent is tried again.
NEXT_LOOK = timedelta(minutes=1)
# A worker that answers after its lease ended may still tell the truth about a batch that counts as uncertain.
OURS = (BatchStatus.SENDING, BatchStatus.UNCERTAIN)
TOLD = SETTLED | {"provider_id": "text", "code": "text", "text": "text"}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the answer to one request makes of its batch. `outcomes` are its subscribers by outcome, `codes` the refused
    ones by the provider's error code.
    """

    claimed: Claimed
    figures: Figures
    outcomes: dict[Outcome, list[int]]
    codes: dict[str, list[int]]
    provider_id: str
    error_code: str
    error_text: str

    @property
    def row(self) -> tuple:
        settled = self.figures
        credits = (settled.charged_credits, settled.released_credits, settled.refunded_credits)
        texts = (self.provider_id[:64], self.error_code[:40], self.error_text[:255])
        return (settled.id, str(settled.status), *credits, *texts)


def record(answers: list[tuple[Claimed, list[SendResult]]], *, now: datetime) -> None:
    """Record the answers of several batches and settle their credits once. Runs in its own transaction.

    A batch without results had nobody left to text.
    """
    if not answers:
        return
    answers = sorted(answers, key=lambda answer: answer[0].batch.pk)
    with transaction.atomic():
        # The rows first, as everywhere: they are the lock, and tell which of the batches are still ours.
        ours = _lock([claimed.batch for claimed, _results in answers])
        answers = [answer for answer in answers if answer[0].batch.pk in ours]
        doubted = _with_somebody_in_doubt([claimed.batch for claimed, _results in answers])
        told = [_told(claimed, ours[claimed.batch.pk], results, doubted) for claimed, results in answers]
        for one in told:
            _write_deliveries(one)
        moved = _work_out(told)
        _write_batches(told, now)
        # Wallets in the order of their sites: so does everybody who holds several.
        for campaign, credits in sorted(moved.items(), key=lambda item: (item[0].site_id, item[0].pk)):
            move_credits(campaign, credits)


def _lock(batches: list[Batch]) -> dict[int, Figures]:
    """Those that nobody else has claimed since, by their keys; held until the transaction ends."""
    claims = {batch.pk: batch.claim for batch in batches}
    return {row.id: row for row, claim in locked(claims) if claims[row.id] == claim and row.status in OURS}


def _with_somebody_in_doubt(batches: list[Batch]) -> set[int]:
    """Batches of which an earlier try left somebody uncertain."""
    again = [batch for batch in batches if batch.attempts > 1]
    return {b.pk for b in again if deliveries_of(b).filter(status=DeliveryStatus.UNCERTAIN).exists()}


def _told(claimed: Claimed, figures: Figures, results: list[SendResult], doubted: set[int]) -> _Told:
    outcomes = _outcomes(claimed, results)
    explained = next((result for result in results if result.error_code or result.error_text), None)
    figures.status = _status(outcomes, in_doubt=claimed.batch.pk in doubted)
    return _Told(
        claimed,
        figures,
        outcomes,
        _codes(claimed, results, outcomes[Outcome.REJECTED]),
        provider_id=next((result.provider_id for result in results if result.provider_id), ""),
        error_code=explained.error_code if explained else "",
        error_text=explained.error_text if explained else "",
    )


def _outcomes(claimed: Claimed, results: list[SendResult]) -> dict[Outcome, list[int]]:
    """Subscribers by outcome. Whoever has no result at all is uncertain, never taken for sent."""
    outcomes, said = defaultdict(list), [result.outcome for result in results]
    # Nearly always everybody is told the same, and there is one result for each.
    if said and len(said) == len(claimed.numbers) and said.count(said[0]) == len(said):
        outcomes[said[0]] = list(claimed.numbers)
        return outcomes
    said = {result.recipient: result.outcome for result in results}
    each = [said.get(number, Outcome.UNCERTAIN) for number in claimed.numbers.values()]
    for subscriber_id, outcome in zip(claimed.numbers, each, strict=True):
        outcomes[outcome].append(subscriber_id)
    return outcomes


def _codes(claimed: Claimed, results: list[SendResult], refused: list[int]) -> dict[str, list[int]]:
    codes = defaultdict(list)
    said = {result.recipient: result.error_code for result in results} if refused else {}
    for subscriber_id in refused:
        codes[said.get(claimed.numbers[subscriber_id], "")[:40]].append(subscriber_id)
    return codes


def _status(outcomes: dict[Outcome, list[int]], *, in_doubt: bool) -> str:
    """Whoever surely got nothing is tried again; with anybody in doubt, now or from an earlier try, it is not done."""
    if outcomes[Outcome.NOT_SENT]:
        return BatchStatus.QUEUED
    return BatchStatus.UNCERTAIN if in_doubt or outcomes[Outcome.UNCERTAIN] else BatchStatus.DONE


def _write_batches(told: list[_Told], now: datetime) -> None:
    if not told:
        return
    table, parameters = table_of(TOLD, [one.row for one in told])
    query = f"""
        UPDATE wagtail_sms_batch SET status = told.status, provider_id = told.provider_id, error_code = told.code,
               error_text = told.text, lease_until = NULL, next_attempt_at = %s, finished_at = %s,
               charged_credits = told.charged, released_credits = told.released, refunded_credits = told.refunded
        FROM {table} AS told WHERE wagtail_sms_batch.id = told.id
    """  # noqa: S608 only our own expressions are interpolated
    moments = [connection.ops.adapt_datetimefield_value(moment) for moment in (now + NEXT_LOOK, now)]
    execute(query, [*moments, *parameters])


def _write_deliveries(told: _Told) -> None:
    """Only rows that no report has moved on meanwhile: a report can be faster than the answer."""
    marks = {Outcome.UNCERTAIN: DeliveryStatus.UNCERTAIN}
    if told.figures.status != BatchStatus.DONE:
        marks[Outcome.ACCEPTED] = DeliveryStatus.ACCEPTED
    for outcome, status in marks.items():
        if people := told.outcomes[outcome]:
            handed = deliveries_of(told.claimed.batch).filter(status=DeliveryStatus.HANDED, subscriber_id__in=people)
            handed.update(status=status)
    for code, people in told.codes.items():
        handed = deliveries_of(told.claimed.batch).filter(status=DeliveryStatus.HANDED, subscriber_id__in=people)
        handed.update(status=DeliveryStatus.REJECTED, reason=code)


def _work_out(told: list[_Told]) -> dict[object, Counter]:
    """Brings the batches' figures to what their states say; returns the credits to be moved, by campaign."""
    by_campaign = defaultdict(list)
    for one in told:
        by_campaign[one.claimed.batch.campaign].append(one.figures)
    return {campaign: work_out(figures) for campaign, figures in by_campaign.items()}
