"""Three sweepers at once, in step, while campaigns are sent with bad answers and workers are killed.

Everything the sweeper does may be done by any number of them: nothing happens twice, and none of them fails.
"""

import time

from chaos import scenes
from chaos import stage as stages
from chaos.processes import Child
from chaos.stage import say


SWEEPERS = 3
EVERY = 0.25


def run(*, seed: int, recipients: int, kills: int, **staging) -> dict:
    """`findings` are sweeps that failed; whatever happened twice is in the other figures."""
    began = time.monotonic()
    rate = max(2.0, recipients / 10 / 40)
    with stages.opened(seed=seed, rate=rate, faults=3.0, **staging) as stage:
        from chaos import quiet
        from chaos.killer import Killer

        crowd = scenes.under_way(stage, recipients)
        arguments = ["chaos.sweeper", str(EVERY)]
        sweepers = [Child(f"sweeper-{number}", arguments, env={}, logs=stage.folder) for number in range(SWEEPERS)]
        try:
            for sweeper in sweepers:
                sweeper.start()
            watch = quiet.Watch([crowd], parcel=10)
            killer = Killer(stage, seed=seed, progress=watch.progress)
            killer.run(kills=kills, restarts=0, pauses=0)
            report = scenes.concluded(stage, [crowd], watch, seed=seed)
        finally:
            for sweeper in sweepers:
                sweeper.kill()
        said = [sweeper.output() for sweeper in sweepers]
        findings = sum(text.count("failed\n") for text in said)
        for text in said:
            if "failed\n" in text:
                say(f"seed {seed}: {text[: text.index('failed')][-1500:]}")
        return {
            "part": "sweepers",
            "findings": findings,
            **report,
            "sweeps": sum(text.count("swept\n") for text in said),
            "kills": killer.done["kills"],
            **scenes.fixed(stage, [crowd], seed=seed, began=began),
        }
