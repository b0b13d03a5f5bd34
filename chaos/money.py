"""The comparison of the credits: what was spent, held and given back against what the gateway took."""

from collections import defaultdict

from chaos.audience import Crowd
from chaos.verdict import TAKEN, Taken, Verdict, reads_as
from wagtail_sms.campaigns.progress import progress
from wagtail_sms.credits import ledger
from wagtail_sms.credits.models import Reservation
from wagtail_sms.delivery.models import Batch, Delivery, FoldedReport, Notice, ReportEvent
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, NoticeStatus


_D, _N = DeliveryStatus, NoticeStatus
ENDINGS = {"delivered": _D.DELIVERED, "delivery_failed": _D.UNDELIVERED, "expired": _D.EXPIRED}


def judge(crowd: Crowd, verdict: Verdict, taken: dict[int, list[Taken]]) -> None:
    """One campaign's credits: nobody pays for what was not taken, and nothing is held for what is known."""
    campaign = crowd.campaign
    campaign.refresh_from_db()
    reservation = Reservation.objects.get(pk=campaign.reservation_id)
    doubtful = _doubtful(crowd, verdict)
    due = sum(crowd.price(person) for person in taken if person not in doubtful) * campaign.segments
    held = sum(crowd.price(person) for person in doubtful) * campaign.segments
    name = f"campaign {campaign.pk} ({campaign.status})"
    if reservation.captured > due:
        verdict.add(
            "overcharged", f"{name}: {reservation.captured} spent, {due} were taken", reservation.captured - due
        )
    if reservation.captured < due:
        verdict.add("broken_invariants", f"{name}: only {reservation.captured} spent of {due} that were taken")
    # Who left between the launch and the cut is in no batch; their credits come back when the reservation closes.
    uncut = campaign.credits - sum(Batch.objects.filter(campaign=campaign).values_list("credits", flat=True))
    if not held <= reservation.left <= held + (uncut if doubtful else 0):
        verdict.add("broken_invariants", f"{name}: {reservation.left} held for doubtful people who cost {held}")
    if reservation.amount > campaign.credits:
        verdict.add("overcharged", f"{name}: {reservation.amount} reserved, {campaign.credits} confirmed")
    if campaign.status not in (CampaignStatus.DONE, CampaignStatus.CANCELLED):
        verdict.add("broken_invariants", f"{name} has not ended")
    _judge_figures(campaign, verdict, name)
    for batch in Batch.objects.filter(campaign=campaign, status__in=(BatchStatus.QUEUED, BatchStatus.SENDING)):
        verdict.add("lost", f"{name}: batch {batch.pk} is left {batch.status}", batch.recipients)


def judge_everything(stage, crowds: list[Crowd], verdict: Verdict) -> None:
    """The ledger's own audit, the reports that were acknowledged, and the texts to one person."""
    for found in ledger.audit():
        verdict.add("broken_invariants", f"audit: {found}")
    waiting = ReportEvent.objects.count()
    if waiting:
        verdict.add("broken_invariants", f"{waiting} reports are not folded")
    _judge_reports(stage, crowds, verdict)
    _judge_notices(stage, crowds, verdict)


def _doubtful(crowd: Crowd, verdict: Verdict) -> set[int]:
    """Subscribers whose text is in doubt, by the rows; each batch has to hold what its doubtful people cost."""
    rows = Delivery.objects.filter(campaign=crowd.campaign, status__in=(_D.HANDED, _D.UNCERTAIN))
    by_batch = defaultdict(set)
    for delivery in rows.select_related("batch"):
        if reads_as(delivery.batch, delivery.status) == "uncertain":
            by_batch[delivery.batch_id].add(delivery.subscriber_id)
    for batch in Batch.objects.filter(campaign=crowd.campaign, status__in=(BatchStatus.DONE, BatchStatus.UNCERTAIN)):
        held = batch.credits - batch.charged_credits - batch.released_credits
        cost = sum(crowd.price(person) for person in by_batch[batch.pk]) * crowd.campaign.segments
        if held != cost:
            text = f"batch {batch.pk} ({batch.status}, {batch.attempts} attempts) holds {held} credits for {cost}"
            verdict.add("broken_invariants", text)
    return set().union(*by_batch.values())


def _judge_figures(campaign, verdict: Verdict, name: str) -> None:
    """What an editor sees has to add up."""
    found = progress(campaign)
    states = ("waiting", "sending", "accepted", "sent", "delivered", "undelivered", "expired")
    states += ("rejected", "skipped", "lost", "uncertain", "cancelled")
    total = sum(getattr(found, state) for state in states)
    if total != found.total:
        verdict.add("broken_invariants", f"{name}: the states add up to {total} of {found.total} people")


def _judge_reports(stage, crowds: list[Crowd], verdict: Verdict) -> None:
    """A report that was answered 2xx is in the table, and its person is at least as far as it says."""
    acknowledged = {tuple(line) for line in stage.acknowledged()}
    kept = set(FoldedReport.objects.values_list("reference", "recipient", "raw_status"))
    kept = {(reference, recipient.removeprefix("+"), status) for reference, recipient, status in kept}
    for missing in acknowledged - kept:
        verdict.add("broken_invariants", f"report {missing} was acknowledged and is not there")
    people = {number: (crowd, pk) for crowd in crowds for number, pk in crowd.by_number.items()}
    states = {
        (reference, person): status
        for reference, person, status in Delivery.objects.values_list("batch__reference", "subscriber_id", "status")
    }
    for reference, recipient, said in acknowledged:
        _crowd, person = people.get(recipient, (None, None))
        status = states.get((reference, person))
        if status is None:
            continue
        right = status == ENDINGS[said] if said in ENDINGS else status in TAKEN - {_D.ACCEPTED}
        if not right:
            text = f"{recipient} of {reference} was reported {said} and is {_D(status).name}"
            verdict.add("broken_invariants", text)


def _judge_notices(stage, crowds: list[Crowd], verdict: Verdict) -> None:
    """Texts to one person: taken once, and recorded as taken; none of another reference than ours."""
    bodies = {crowd.campaign.body for crowd in crowds if crowd.campaign}
    taken: dict[str, int] = {}
    for _at, reference, _number, body in stage.accepted():
        if body not in bodies:
            taken[reference] = taken.get(reference, 0) + 1
    notices = {notice.reference: notice for notice in Notice.objects.all()}
    for reference, times in taken.items():
        if reference not in notices:
            verdict.add("broken_invariants", f"a text with the unknown reference {reference} was taken")
        elif times > 1:
            verdict.add("duplicates", f"notice {notices[reference].pk} was taken {times} times", times - 1)
    for notice in notices.values():
        _judge_notice(notice, notice.reference in taken, verdict)


def _judge_notice(notice: Notice, taken: bool, verdict: Verdict) -> None:
    name = f"notice {notice.pk} ({notice.purpose}, {notice.status})"
    if notice.status == _N.UNCERTAIN:
        verdict.ended["uncertain"] += 1
        verdict.uncertain_taken += taken
    elif notice.status in (_N.QUEUED, _N.SENDING):
        verdict.add("lost", f"{name} is left like that")
    elif notice.status in (_N.REJECTED, _N.CANCELLED, _N.WAITING):
        if taken:
            verdict.add("wrongly_recorded", f"{name} but the gateway took it")
    elif not taken:
        verdict.add("lost", f"{name} but the gateway never took it")
