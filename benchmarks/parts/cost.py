"""What one recipient costs while sending: statements, requests and tasks. The same on every machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery.signals import before_task_publish

from benchmarks.figures import Figure, at_most
from benchmarks.sending import launched, send_here
from benchmarks.timing import counted_statements
from benchmarks.world import World
from wagtail_sms.campaigns.plan import plan


DATABASES = ("postgresql", "sqlite")
LARGEST = 100_000
STATEMENTS, REQUESTS, TASKS = 0.02, 0.021, 0.0001


def run(world: World) -> Iterator[Figure]:
    """Cutting and sending in this process, where the statements can be counted; the threads that send make none."""
    with published_tasks() as tasks:
        campaign = launched(world.site(LARGEST))
        with counted_statements() as to_plan:
            plan(campaign.pk)
        campaign.refresh_from_db()
        sent = send_here(campaign, world.gateway, latency_ms=0)
    people, label = sent.recipients, f"cost.%s.{world.vendor}"
    statements = (len(to_plan) + sent.statements) / people
    note = f"{len(to_plan)} to cut and {sent.statements} to send to {people:,}"
    yield at_most(label % "statements", statements, "per recipient", STATEMENTS, note=note)
    yield at_most(label % "requests", sent.stats["requests"] / people, "per recipient", REQUESTS)
    yield at_most(label % "tasks", len(tasks) / people, "per recipient", TASKS, note=", ".join(sorted(set(tasks))))


@contextmanager
def published_tasks() -> Iterator[list[str]]:
    """Names of the tasks that this process hands to the broker meanwhile."""
    names: list[str] = []

    def note(sender: str, **kwargs) -> None:
        names.append(sender)

    before_task_publish.connect(note, weak=False)
    try:
        yield names
    finally:
        before_task_publish.disconnect(note)
