"""The main trial: campaigns are sent while workers, database, broker and answers die at random moments.

At the end what the gateway wrote down, the rows and the ledger have to agree about every single person.
"""

import random
import threading
import time

from chaos import stage as stages
from chaos.stage import say


SITES = 2


def run(
    *,
    seed: int,
    recipients: int,
    kills: int,
    restarts: int,
    pauses: int,
    minutes: float | None = None,
    parcel: int = 10,
    **staging,
) -> dict:
    """Returns the report. `minutes` is how long sending would take about undisturbed; it sets the request rate."""
    minutes = minutes or max(0.5, kills * 2 / 60)
    rate = max(1.0, recipients / parcel / (minutes * 60))
    began = time.monotonic()
    with stages.opened(seed=seed, rate=rate, parcel=parcel, **staging) as stage:
        from chaos import judging, quiet
        from chaos.killer import Killer

        crowds = _launched(stage, recipients)
        watch = quiet.Watch(crowds, parcel=parcel)
        killer = Killer(stage, seed=seed, progress=watch.progress)
        stops = _stops(seed, crowds, recipients // 400)
        killer.run(kills=kills, restarts=restarts, pauses=pauses, also=[stop.start for stop in stops])
        say(f"The killer is done after {time.monotonic() - began:.0f} s: {dict(killer.done)}")
        # Each doubtful person is asked after five times, at most fifty in a sweep.
        calm = quiet.wait(stage, crowds, seconds=600 + recipients / 50, uncertain=watch.uncertain)
        for stop in stops:
            stop.join()
        say(f"At rest {calm.seconds:.0f} s later. The gateway: {stage.gateway()}")
        verdict = judging.judge(stage, crowds)
        report = judging.report(verdict, calm, crowds)
        judging.explain(verdict, seed=seed)
        return {
            "part": "kills",
            **report,
            "kills": killer.done["kills"],
            "seconds": round(time.monotonic() - began, 1),
            "restarts": killer.done["restarts"],
            "pauses": killer.done["pauses"],
            "wipes": stage.broker.wipes,
            "standstills": killer.done["standstills"],
            "recipients": sum(crowd.campaign.recipients for crowd in crowds),
            "broker": stage.broker.kind,
            "database": stage.database,
            "doubts_end_by": "keys" if staging.get("keys") else "lookups",
            "seed": seed,
        }


def _launched(stage, recipients: int) -> list:
    """Two sites with unequal crowds, so that two campaigns want the same lanes, and their clicks on Send."""
    from chaos import audience

    audience.make_card()
    shares = [recipients * 3 // 5, recipients - recipients * 3 // 5]
    crowds = [audience.make_crowd(number + 1, people) for number, people in enumerate(shares[:SITES])]
    if stage.cluster:
        stage.cluster.checkpoint()
    stage.start_site()
    stage.start_sending()
    time.sleep(2)
    for crowd in crowds:
        audience.launch(crowd)
    return crowds


def _stops(seed: int, crowds: list, count: int) -> list[threading.Thread]:
    """Some people leave in the middle, over HTTP, and try again until the site has taken it."""
    from chaos import phones

    dice, url, threads = random.Random(f"{seed}:stops"), phones.inbound_url(), []
    for number in range(count):
        crowd = crowds[number % len(crowds)]
        person = dice.choice(sorted(crowd.numbers.values()))
        threads.append(threading.Thread(target=_stop, args=(url, crowd, person), daemon=True))
    return threads


def _stop(url: str, crowd, person: str) -> None:
    from chaos import phones

    moment, status, *_ = phones.text_back(url, person=person, number=crowd.sender.removeprefix("+"))[-1]
    if 200 <= status < 300:
        crowd.stopped.setdefault(person, moment)
