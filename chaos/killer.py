"""The one who kills, freezes, restarts and wipes: in a seeded order, at seeded points of the campaign's progress.

Progress and not the clock decides when, so that every blow falls while something is being sent, on any machine.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from chaos.processes import Child
from chaos.stage import Stage, say


# A pause has to outlast the lease, the five seconds that the sweeper allows, and the request under way.
PAUSE_SECONDS = (11.0, 19.0)
STANDSTILL = 45.0
WIPE_EVERY = (2.0, 5.0)


class Killer:
    """`done` counts the deeds. `progress` says how much of the work is begun, 0 to 1."""

    def __init__(self, stage: Stage, *, seed: int, progress: Callable[[], float]):
        self.stage, self.dice, self.progress = stage, random.Random(f"{seed}:killer"), progress
        self.done, self.over = Counter(), threading.Event()
        self._frozen: dict[str, float] = {}
        self._wiper = threading.Thread(target=self._wipe_on_and_on, name="wiper", daemon=True)

    def run(self, *, kills: int, restarts: int, pauses: int, also: list[Callable[[], None]] = ()) -> None:
        """Do it all, then see everybody alive. `also` are deeds of others that are mixed in."""
        deeds = [self._kill] * kills + [self._restart] * (restarts if self.stage.cluster else 0)
        deeds += [self._pause] * pauses
        deeds += also
        self.dice.shuffle(deeds)
        # Some of them before anything is sent: planning is interrupted as well.
        points = sorted(max(0.0, self.dice.uniform(-0.04, 0.94)) for _deed in deeds)
        self._wiper.start()
        for point, deed in zip(points, deeds, strict=True):
            self._wait_for(point)
            with suppress(ProcessLookupError):
                deed()
            time.sleep(self.dice.uniform(0.0, 0.25))
        while self._frozen:
            self._thaw_who_is_due()
            time.sleep(0.1)
        self.over.set()
        self._wiper.join()
        self.stage.revive()

    def _wait_for(self, point: float) -> None:
        """Until so much is begun; not for ever, since a stand-still must not save anybody from the rest."""
        last, moved = -1.0, time.monotonic()
        while True:
            self._thaw_who_is_due()
            self.stage.revive()
            now = self.progress()
            if now != last:
                last, moved = now, time.monotonic()
            if now >= point:
                return
            if time.monotonic() - moved > STANDSTILL:
                say(f"Nothing has moved for {STANDSTILL:.0f} seconds at {now:.1%}; the killer goes on.")
                self.done["standstills"] += 1
                return
            time.sleep(0.1)

    def _victim(self) -> Child:
        """Mostly a worker; now and then the web process or whoever sweeps."""
        others = [child for child in (*self.stage.beats, self.stage.site) if child.starts]
        crowd = others if others and self.dice.random() < 0.06 else self.stage.workers
        return self.dice.choice(crowd)

    def _kill(self) -> None:
        victim = self._victim()
        one_fork = victim in self.stage.workers and self.dice.random() < 0.15 and victim.name not in self._frozen
        if one_fork and victim.alive and victim.kill_one_fork(self.dice):
            self.stage.note(f"killed a fork of {victim.name}")
        else:
            victim.kill()
            self._frozen.pop(victim.name, None)
            self.stage.note(f"killed {victim.name}")
        self.done["kills"] += 1

    def _pause(self) -> None:
        awake = [worker for worker in self.stage.workers if worker.alive and worker.name not in self._frozen]
        if awake:
            victim = self.dice.choice(awake)
            victim.freeze()
            self._frozen[victim.name] = time.monotonic() + self.dice.uniform(*PAUSE_SECONDS)
            self.stage.note(f"froze {victim.name}")
        self.done["pauses"] += 1

    def _thaw_who_is_due(self) -> None:
        for worker in self.stage.workers:
            if self._frozen.get(worker.name, float("inf")) <= time.monotonic():
                del self._frozen[worker.name]
                worker.thaw()
                self.stage.note(f"thawed {worker.name}")

    def _restart(self) -> None:
        self.stage.note("restarting the database")
        self.stage.cluster.restart()
        self.stage.note("restarted the database")
        self.done["restarts"] += 1

    def _wipe_on_and_on(self) -> None:
        dice = random.Random("wipes")
        while not self.over.wait(dice.uniform(*WIPE_EVERY)):
            self.stage.broker.wipe()
