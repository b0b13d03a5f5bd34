"""The comparison at the end: what the gateway took against what the rows say of every single person."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chaos.audience import Crowd
from chaos.gateway.network import never_taken
from chaos.stage import Stage
from wagtail_sms.delivery.models import Batch, Delivery
from wagtail_sms.states import BatchStatus, CampaignStatus, DeliveryStatus, SkipReason, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


_D = DeliveryStatus
TAKEN = {_D.ACCEPTED, _D.SENT, _D.DELIVERED, _D.UNDELIVERED, _D.EXPIRED}
STOP_SECONDS = 5.0
FINDINGS = ("duplicates", "lost", "wrongly_recorded", "broken_invariants", "overcharged")
READS_AS = {BatchStatus.DONE: "accepted", BatchStatus.UNCERTAIN: "uncertain", BatchStatus.CANCELLED: "cancelled"}


@dataclass
class Verdict:
    """Counts of each kind of finding, the first of each in words, and how the people ended."""

    counts: Counter = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)
    ended: Counter = field(default_factory=Counter)
    uncertain_batches: set[int] = field(default_factory=set)
    uncertain_taken: int = 0

    def add(self, kind: str, text: str, count: int = 1) -> None:
        self.counts[kind] += count
        if sum(word.startswith(kind) for word in self.words) < 20:
            self.words.append(f"{kind}: {text}")

    @property
    def failed(self) -> bool:
        return any(self.counts[kind] for kind in FINDINGS)

    def report(self) -> dict[str, int]:
        counts = {kind: self.counts[kind] for kind in ("duplicates", "lost")}
        counts["uncertain_left"] = self.ended["uncertain"]
        return counts | {kind: self.counts[kind] for kind in FINDINGS[2:]}


@dataclass(frozen=True, slots=True)
class Taken:
    """A person's text in the gateway's file."""

    at: float
    reference: str


def judge(stage: Stage, crowd: Crowd, verdict: Verdict) -> dict[int, list[Taken]]:
    """Compare one campaign's people with the gateway's file. Returns what was taken, by subscriber."""
    crowd.campaign.refresh_from_db()
    taken = _taken(stage, crowd, verdict)
    batches = {batch.pk: batch for batch in Batch.objects.filter(campaign=crowd.campaign)}
    rows = Delivery.objects.filter(campaign=crowd.campaign).values_list("subscriber_id", "batch_id", "status")
    deliveries = {person: (batches.get(batch), status) for person, batch, status in rows}
    given_up = set(
        Delivery.objects.filter(campaign=crowd.campaign, reason=SkipReason.LOST).values_list("subscriber_id", flat=True)
    )
    people = Subscriber.objects.filter(site=crowd.site).values_list("pk", "status", "status_changed_at")
    unchanged = {
        pk
        for pk, status, changed in people
        if status == SubscriberStatus.ACTIVE and changed <= crowd.campaign.launched_at
    }
    for person in crowd.numbers:
        texts = taken.get(person, [])
        if person in given_up and not texts:
            # The gateway was asked when its list was complete, and never had it: told, paid back, and not sent again.
            verdict.ended["given_up"] += 1
        else:
            _judge_person(crowd, verdict, person, deliveries.get(person), texts, person in unchanged)
    for person in deliveries.keys() - crowd.numbers.keys():
        verdict.add("broken_invariants", f"a delivery to subscriber {person}, who is nobody of the audience")
    return taken


def _taken(stage: Stage, crowd: Crowd, verdict: Verdict) -> dict[int, list[Taken]]:
    taken, by_number = defaultdict(list), crowd.by_number
    for at, reference, number, body in stage.accepted():
        if body != crowd.campaign.body:
            continue
        if number not in by_number:
            verdict.add("broken_invariants", f"{number} got campaign {crowd.campaign.pk} of another site")
            continue
        taken[by_number[number]].append(Taken(at, reference))
        stopped = crowd.stopped.get(number)
        if stopped is not None and at > stopped + STOP_SECONDS:
            text = f"{number} got a text {at - stopped:.1f} s after STOP was acknowledged ({reference})"
            verdict.add("broken_invariants", text)
    return taken


def _judge_person(crowd, verdict: Verdict, person: int, delivery, taken: list[Taken], unchanged: bool) -> None:
    name = f"campaign {crowd.campaign.pk}, subscriber {person}"
    batch, status = delivery or (None, None)
    state = reads_as(batch, status)
    if state == "none" and crowd.campaign.status == CampaignStatus.CANCELLED:
        state = "cancelled"  # before anybody claimed the batch, or cut it
    what = f"{name} ({state}; {_describe(batch, status)})"
    verdict.ended[state] += 1
    if len(taken) > 1:
        moments = ", ".join(f"{one.at:.3f} {one.reference}" for one in taken)
        verdict.add("duplicates", f"{what} got {len(taken)} texts: {moments}", len(taken) - 1)
    if taken and batch is not None and any(one.reference != batch.reference for one in taken):
        verdict.add("broken_invariants", f"{what} was texted under another batch's reference")
    if state == "uncertain":
        verdict.uncertain_batches.add(batch.pk)
        verdict.uncertain_taken += bool(taken)
    elif taken and state != "accepted":
        verdict.add("wrongly_recorded", f"{what} but the gateway took it at {taken[0].at:.3f}")
    elif not taken and state == "accepted":
        verdict.add("lost", f"{what} but the gateway never took it")
    elif state == "open":
        verdict.add("lost", f"{what} is left like that for ever")
    elif state == "none" and unchanged:
        verdict.add("lost", f"{name} has no row, and has not stopped")
    elif state == "skipped" and unchanged:
        verdict.add("lost", f"{what} was skipped, and has not stopped")
    elif state == "rejected" and not never_taken(crowd.numbers[person]):
        verdict.add("lost", f"{what} but the gateway never refused {crowd.numbers[person]}")


def reads_as(batch: Batch | None, status: int | None) -> str:
    """The one visible state of a person, as the documents define it."""
    if status is None:
        return "none"
    if status == _D.HANDED:
        return READS_AS.get(batch.status, "open") if batch else "open"
    if status in TAKEN:
        return "accepted"
    return _D(status).name.lower()


def _describe(batch: Batch | None, status: int | None) -> str:
    if batch is None:
        return "no batch"
    error = f", {batch.error_code} {batch.error_text}" if batch.error_code or batch.error_text else ""
    return f"delivery {_D(status).name}, batch {batch.pk} {batch.status} after {batch.attempts} attempts{error}"
