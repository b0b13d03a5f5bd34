"""People who text STOP while a campaign goes out: whoever got a 2xx gets no text more than five seconds later.

Some of them text while the database is down. They are answered 503, and the same message again, once it is back.
"""

import random
import threading
import time

from chaos import scenes
from chaos import stage as stages
from chaos.stage import say


DOWN_SECONDS = 6.0


def run(*, seed: int, recipients: int, stops: int, **staging) -> dict:
    """`findings` are STOPs answered otherwise than 2xx or 503, or not kept; late texts are broken invariants."""
    began, dice = time.monotonic(), random.Random(f"{seed}:stops")
    rate = max(2.0, recipients / 10 / 50)
    with stages.opened(seed=seed, rate=rate, faults=0.3, **staging) as stage:
        from chaos import quiet

        crowd = scenes.under_way(stage, recipients)
        watch = quiet.Watch([crowd], parcel=10)
        people = dice.sample(sorted(crowd.numbers.values()), stops)
        answers: dict[str, list] = {}
        threads = [threading.Thread(target=_stop, args=(crowd, person, answers)) for person in people]
        outage = len(threads) // 2
        down_at = 0.0
        for number, thread in enumerate(threads):
            scenes.wait_for(watch.progress, 0.92 * number / len(threads))
            if number == outage and stage.cluster:
                down_at = time.time()
                _while_it_is_down(stage, threads[number : number + 5])
            if thread.ident is None:
                thread.start()
            time.sleep(dice.uniform(0, 0.1))
        for thread in threads:
            thread.join()
        report = scenes.concluded(stage, [crowd], watch, seed=seed)
        findings, refused = _judge(crowd, answers, seed)
        if stage.cluster and not refused:
            findings += 1
            say(f"seed {seed}: no STOP was answered 503 while the database was down at {down_at:.0f}")
        taken = {number for _at, _reference, number, body in stage.accepted() if body == crowd.campaign.body}
        return {
            "part": "stops",
            "findings": findings,
            **report,
            "stops": len(answers),
            "stopped_before_their_text": len(crowd.stopped.keys() - taken),
            "answered_503": refused,
            "slowest_answer": round(max(call.seconds for calls in answers.values() for call in calls), 2),
            **scenes.fixed(stage, [crowd], seed=seed, began=began),
        }


def _while_it_is_down(stage, threads: list[threading.Thread]) -> None:
    stage.cluster.down()
    for thread in threads:
        thread.start()
    time.sleep(DOWN_SECONDS)
    stage.cluster.up()


def _stop(crowd, person: str, answers: dict[str, list]) -> None:
    from chaos import phones

    url = phones.inbound_url()
    answers[person] = phones.text_back(url, person=person, number=crowd.sender.removeprefix("+"))
    moment, status, *_ = answers[person][-1]
    if 200 <= status < 300:
        crowd.stopped[person] = moment


def _judge(crowd, answers: dict[str, list], seed: int) -> tuple[int, int]:
    """Findings, and how many calls were answered 503."""
    from wagtail_sms.delivery.models import InboundEvent
    from wagtail_sms.states import SubscriberStatus
    from wagtail_sms.subscribers.models import Subscriber

    findings = refused = 0
    statuses = dict(Subscriber.objects.filter(site=crowd.site).values_list("number", "status"))
    for person, calls in answers.items():
        said = [call.status for call in calls]
        refused += said.count(503)
        wrong = [status for status in said if status != 503 and not 200 <= status < 300]
        events = InboundEvent.objects.filter(sender=f"+{person}").count()
        if wrong or not 200 <= said[-1] < 300 or statuses[f"+{person}"] != SubscriberStatus.STOPPED or events != 1:
            findings += 1
            state = f"now {statuses[f'+{person}']}, {events} events kept"
            say(f"seed {seed}: STOP of {person}: answers {[tuple(call) for call in calls]}, {state}")
    return findings, refused
