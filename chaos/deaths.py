"""The broker's own process is killed, stays away for a while and comes back empty or not, while a campaign is sent.

Workers and sweeper have to find their way back by themselves, within a minute, and nobody may notice afterwards.
"""

import random
import time

from chaos import scenes
from chaos import stage as stages
from chaos.stage import say


RECOVERY_SECONDS = 60.0


def run(*, seed: int, recipients: int, deaths: int, **staging) -> dict:
    """`findings` are deaths after which no sweep came through the broker within a minute of its return."""
    began, dice = time.monotonic(), random.Random(f"{seed}:deaths")
    rate = max(2.0, recipients / 10 / (20 * deaths))
    with stages.opened(seed=seed, rate=rate, faults=1.0, own_broker=True, **staging) as stage:
        from chaos import quiet

        crowd = scenes.under_way(stage, recipients)
        watch = quiet.Watch([crowd], parcel=10)
        _swept_since(time.time())
        recoveries = []
        for number in range(deaths):
            scenes.wait_for(watch.progress, 0.9 * (number + dice.random()) / deaths)
            stage.server.kill()
            away = dice.uniform(2, 10)
            time.sleep(away)
            stage.server.start()
            recoveries.append(_swept_since(time.time()))
            say(f"The broker was away for {away:.0f} s; {recoveries[-1]:.1f} s after its return it was swept.")
        report = scenes.concluded(stage, [crowd], watch, seed=seed)
        return {
            "part": "deaths",
            "findings": sum(seconds > RECOVERY_SECONDS for seconds in recoveries),
            **report,
            "deaths": deaths,
            "slowest_recovery": round(max(recoveries), 1),
            **scenes.fixed(stage, [crowd], seed=seed, began=began),
        }


def _swept_since(moment: float) -> float:
    """Seconds from that moment until a sweep that a worker took from the broker, twice the limit at most.

    A process writes such a mark every five seconds.
    """
    from wagtail_sms.delivery import heartbeat

    while time.time() < moment + 2 * RECOVERY_SECONDS:
        last = stages.patiently(lambda: heartbeat.last(heartbeat.SWEEP))
        if last is not None and last.timestamp() > moment:
            return last.timestamp() - moment
        time.sleep(0.2)
    return time.time() - moment
