"""Pausing, resuming and cancelling campaigns while workers are killed.

What was in flight may still arrive; after that nothing does, until it is resumed. A cancelled campaign's credits come
back, but for what was handed over.
"""

import random
import time

from chaos import scenes
from chaos import stage as stages
from chaos.stage import patiently, say


def run(*, seed: int, recipients: int, turns: int, **staging) -> dict:
    """`findings` are texts that the gateway took although the campaign had been paused or cancelled for long enough."""
    began, dice = time.monotonic(), random.Random(f"{seed}:steering")
    rate = max(2.0, recipients / 10 / 45)
    with stages.opened(seed=seed, rate=rate, **staging) as stage:
        from django.conf import settings

        from chaos import quiet
        from wagtail_sms.campaigns import steering

        crowd = scenes.under_way(stage, recipients)
        watch = quiet.Watch([crowd], parcel=10)
        # A request may start in the first half of a lease; the gateway takes it at once.
        grace = settings.LEASE_SECONDS / 2 + 1
        rests: list[tuple[float, float]] = []
        kills = 0
        for turn in range(turns):
            scenes.wait_for(watch.progress, 0.7 * turn / turns, seconds=60)
            kills += _kill_one(stage, dice)
            if not _steer(steering.pause, crowd.campaign):
                continue
            paused = time.time()
            stage.note("paused")
            time.sleep(dice.uniform(0, 1))
            kills += _kill_one(stage, dice)
            time.sleep(dice.choice((0.2, grace + 3)))
            rests.append((paused + grace, time.time()))
            _steer(steering.resume, crowd.campaign)
            stage.note("resumed")
            stage.revive()
        scenes.wait_for(watch.progress, 0.75, seconds=60)
        kills += _kill_one(stage, dice)
        cancelled = _steer(steering.cancel, crowd.campaign)
        stage.note("cancelled")
        rests.append((time.time() + grace, float("inf")))
        report = scenes.concluded(stage, [crowd], watch, seed=seed)
        findings = _judge(stage, crowd, rests, seed)
        return {
            "part": "steering",
            "findings": findings + (not cancelled),
            **report,
            "turns": turns,
            "kills": kills,
            **scenes.fixed(stage, [crowd], seed=seed, began=began),
        }


def _kill_one(stage, dice: random.Random) -> int:
    victim = dice.choice(stage.workers)
    victim.kill()
    stage.note(f"killed {victim.name}")
    stage.revive()
    return 1


def _steer(verb, campaign) -> bool:
    """Whether the campaign was in a state in which it can be done: it may have paused or ended by itself."""
    from wagtail_sms.exceptions import IllegalTransition

    try:
        patiently(lambda: verb(campaign))
    except IllegalTransition:
        return False
    return True


def _judge(stage, crowd, rests: list[tuple[float, float]], seed: int) -> int:
    findings = 0
    for at, reference, number, body in stage.accepted():
        if body == crowd.campaign.body and any(since < at < until for since, until in rests):
            findings += 1
            if findings <= 10:
                say(f"seed {seed}: {number} got a text ({reference}) at {at:.3f}, while the campaign was at rest")
    return findings
