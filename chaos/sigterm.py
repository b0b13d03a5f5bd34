"""A deploy in the middle of a campaign, many times: SIGTERM to a worker while its successor starts beside it.

Nothing fails and nothing is killed here, so in the end nothing may be uncertain. SIGTERM goes to the worker itself, as
a container's runtime sends it; it has as long to finish as a turn of the sending task takes, and a little more. With
`group` its forks get it as well, as systemd's default has it: Celery's forks die of that in the middle of a task.
"""

import random
import threading
import time

from chaos import scenes
from chaos import stage as stages
from chaos.processes import Child
from chaos.stage import say


PATIENCE = 90.0


class Leaver(threading.Thread):
    """A worker that was told to go. `seconds` is how long it took."""

    def __init__(self, worker: Child, *, group: bool):
        super().__init__(daemon=True)
        self.worker, self.began, self.seconds, self.left = worker, time.monotonic(), 0.0, False
        worker.send_sigterm(group=group)
        self.start()

    def run(self) -> None:
        self.left = self.worker.wait(seconds=PATIENCE)
        self.seconds = time.monotonic() - self.began
        self.worker.kill()


def run(*, seed: int, recipients: int, times: int, group: bool = False, **staging) -> dict:
    """`findings` are workers that did not end by themselves, and people left uncertain."""
    began, dice = time.monotonic(), random.Random(f"{seed}:sigterm")
    rate = max(2.0, recipients / 10 / 60)
    with stages.opened(seed=seed, rate=rate, faults=0.0, reports=0.1, **staging) as stage:
        from chaos import quiet

        crowd = scenes.under_way(stage, recipients)
        watch = quiet.Watch([crowd], parcel=10)
        leaving: list[Leaver] = []
        for number in range(times):
            scenes.wait_for(watch.progress, 0.02 + 0.9 * number / times)
            time.sleep(dice.uniform(0, 0.5))
            place = dice.randrange(len(stage.workers))
            old = stage.workers[place]
            stage.workers[place] = old.successor()
            stage.workers[place].start()
            leaving.append(Leaver(old, group=group))
            stage.note(f"SIGTERM to {old.name}")
        for leaver in leaving:
            leaver.join()
        stayed = sum(not leaver.left for leaver in leaving)
        findings = stayed
        if stayed:
            say(f"seed {seed}: {stayed} workers did not end within {PATIENCE:.0f} s of SIGTERM")
        report = scenes.concluded(stage, [crowd], watch, seed=seed)
        if report["ever_uncertain"]:
            findings += 1
            say(f"seed {seed}: {report['ever_uncertain']} people were in batches that became uncertain")
        return {
            "part": "sigterm",
            "group": group,
            "findings": findings,
            **report,
            "sigterms": len(leaving),
            "slowest_exit": round(max(leaver.seconds for leaver in leaving), 1),
            **scenes.fixed(stage, [crowd], seed=seed, began=began),
        }
