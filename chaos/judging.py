"""All comparisons of a trial together, its report, and its findings in words."""

from chaos import money, verdict
from chaos.audience import Crowd
from chaos.quiet import Calm
from chaos.stage import Stage, patiently, say
from chaos.verdict import Verdict
from wagtail_sms.delivery.models import Delivery
from wagtail_sms.states import DeliveryStatus


def judge(stage: Stage, crowds: list[Crowd]) -> Verdict:
    """Compare every campaign's people and credits, then the books, reports and notices of all."""
    return patiently(lambda: _judge(stage, crowds))


def report(found: Verdict, calm: Calm, crowds: list[Crowd]) -> dict:
    """The figures of the trial's line of JSON that come from the comparison.

    `settled_share` counts the people of batches that were seen in doubt at any time; `settled_share_of_taken` those of
    them whose text the gateway took, which is what asking it can prove.
    """
    rows = Delivery.objects.filter(batch_id__in=calm.uncertain | found.uncertain_batches)
    doubted = rows.exclude(status__in=(DeliveryStatus.SKIPPED, DeliveryStatus.REJECTED)).count()
    taken = doubted - (found.ended["uncertain"] - found.uncertain_taken)
    return {
        **found.report(),
        "ever_uncertain": doubted,
        "uncertain_taken": found.uncertain_taken,
        "settled_share": _share(doubted - found.ended["uncertain"], doubted),
        "settled_share_of_taken": _share(taken - found.uncertain_taken, taken),
        "at_rest": calm.reached,
        "resumed": calm.resumed,
        "ended": dict(sorted(found.ended.items())),
    }


def explain(found: Verdict, *, seed: int) -> None:
    for word in found.words:
        say(f"seed {seed}: {word}")


def _judge(stage: Stage, crowds: list[Crowd]) -> Verdict:
    found = Verdict()
    for crowd in crowds:
        taken = verdict.judge(stage, crowd, found)
        money.judge(crowd, found, taken)
    money.judge_everything(stage, crowds, found)
    return found


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
