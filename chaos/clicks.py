"""Fifty clicks on Send at the same instant: one campaign runs, whether from one form or from fifty tabs.

The clicks are posts of the page that asks once more, to two web processes of the site.
"""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from uuid import uuid4

from chaos import stage as stages
from chaos.processes import Child, free_port, wait_for_port
from chaos.stage import Stage, say


PEOPLE = 20


def run(*, seed: int, clicks: int, rounds: int, **staging) -> dict:
    """`findings` are rounds in which not exactly one campaign was launched and paid, or a click led elsewhere."""
    began = time.monotonic()
    with stages.opened(seed=seed, workers=(), beats=0, **staging) as stage:
        from chaos import audience

        audience.make_card()
        crowd = audience.make_crowd(1, PEOPLE)
        _afford(crowd, rounds)
        second = _second_site(stage)
        try:
            answers, findings = _play(crowd, [stage.web_url, second], clicks=clicks, rounds=rounds, seed=seed)
        finally:
            _killed(stage)
        findings += _audit(crowd, rounds, seed)
        return {
            "part": "clicks",
            "findings": findings,
            "rounds": rounds,
            "clicks": sum(answers.values()),
            "answers": dict(answers),
            "seconds": round(time.monotonic() - began, 1),
            "database": stage.database,
            "seed": seed,
        }


def _second_site(stage: Stage) -> str:
    """Start the site's web processes; the address of the one that only this trial has."""
    port = free_port()
    stage.beats.append(Child("site-1", ["chaos.web", str(port)], env={}, logs=stage.folder))
    stage.start_site()
    stage.beats[-1].start()
    wait_for_port(port)
    return f"http://127.0.0.1:{port}"


def _killed(stage: Stage) -> None:
    for child in (stage.site, stage.beats[-1]):
        child.kill()


def _play(crowd, pages: list[str], *, clicks: int, rounds: int, seed: int) -> tuple[Counter, int]:
    """Words of all answers, and the findings."""
    from chaos.editor import Editor

    editor, answers, findings = Editor(crowd.site, pages), Counter(), 0
    start = threading.Barrier(clicks)
    with ThreadPoolExecutor(clicks) as pool:
        for number in range(rounds):
            form = editor.review(f"Round {number} of {seed}")
            # One form that is posted over and over, or as many tabs with the same text.
            forms = [form if number % 2 == 0 else {**form, "form_token": str(uuid4())} for _click in range(clicks)]
            turns = [page for page, _form in zip(cycle(pages), forms, strict=False)]
            said = Counter(pool.map(editor.click, turns, forms, [start] * clicks))
            for answer, count in said.items():
                answers["led to the campaign" if answer.startswith("/") else answer] += count
            findings += _judge_round(form["body"], said, seed=seed)
    return answers, findings


def _judge_round(body: str, said: Counter, *, seed: int) -> int:
    """Every click must lead to the one campaign."""
    from django.urls import reverse

    from wagtail_sms.campaigns.models import Campaign
    from wagtail_sms.credits.models import Reservation

    launched = list(Campaign.objects.filter(body=body).exclude(launched_at=None))
    booked = Reservation.objects.filter(key__in=[f"campaign:{campaign.pk}" for campaign in launched]).count()
    pages = {reverse("wagtail_sms:campaign", args=[campaign.pk]) for campaign in launched}
    if len(launched) == 1 and booked == 1 and said.keys() == pages:
        return 0
    say(f"seed {seed}, {body!r}: {len(launched)} campaigns, {booked} reservations, answers {dict(said)}")
    return 1


def _audit(crowd, rounds: int, seed: int) -> int:
    from wagtail_sms.credits import ledger
    from wagtail_sms.credits.models import Wallet

    cost = sum(crowd.price(person) for person in crowd.numbers)
    reserved = Wallet.objects.get(site=crowd.site).reserved
    found = [str(one) for one in ledger.audit(crowd.site)]
    if reserved != rounds * cost:
        found.append(f"{reserved} credits are reserved for {rounds} rounds of {cost}")
    for one in found:
        say(f"seed {seed}: {one}")
    return len(found)


def _afford(crowd, rounds: int) -> None:
    from tests import factories

    factories.give_credits(crowd.site, 3 * PEOPLE * rounds + 7)
