"""Many processes on one wallet, some of them killed in the middle: every operation happened wholly or not at all."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from chaos.database import make_site


NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
WORKERS = 4
CONTEXT = multiprocessing.get_context("fork")


def run(*, operations: int, seed: int, folder: Path) -> dict:
    """At least so many operations by WORKERS processes, of which one is killed every now and then."""
    from django.db import connection

    from wagtail_sms.credits import ledger

    site = make_site("shared.example")
    ledger.open_wallet(site, now=NOW)
    ledger.grant(site, amount=2_000, kind="pack", key="shared:start", now=NOW)
    connection.close()
    dice, kills, started, logs, stop = random.Random(seed), 0, 0, folder / "logs", folder / "stop"
    logs.mkdir()
    crew = []
    while _lines(logs) < operations:
        while len(crew) < WORKERS:
            started += 1
            crew.append(_worker(site.pk, started, seed, logs, stop))
        time.sleep(dice.uniform(0.05, 0.6))
        victim = crew.pop(dice.randrange(len(crew)))
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        kills += 1
    stop.touch()
    for worker in crew:
        worker.join(timeout=60)
    return {"kills": kills, **_reconcile(site, logs)}


def _worker(site_id: int, number: int, seed: int, logs: Path, stop: Path):
    worker = CONTEXT.Process(target=work, args=(site_id, number, seed, logs, stop), daemon=True)
    worker.start()
    return worker


def work(site_id: int, number: int, seed: int, logs: Path, stop: Path) -> None:
    """Says in its log what it is about to do, does it, and says what came of it."""
    from django.db import connection
    from wagtail.models import Site

    connection.close()
    site, dice, held = Site.objects.get(pk=site_id), random.Random(f"{seed}:{number}"), []
    with open(logs / f"{number}.jsonl", "w", buffering=1) as log:
        turn = 0
        while not stop.exists():
            turn += 1
            _one(site, dice, held, f"shared:{number}:{turn}", log)
    connection.close()


def _one(site, dice: random.Random, held: list, key: str, log) -> None:
    from wagtail_sms.credits import ledger
    from wagtail_sms.exceptions import InsufficientCredits, LedgerError

    verb = dice.choice(("reserve", "reserve", "capture", "release", "grant", "take"))
    target, amount = held[-1] if held else None, dice.randint(1, 40)
    if verb in ("capture", "release") and target is None:
        verb = "reserve"
    log.write(json.dumps({"key": key, "verb": verb, "amount": amount}) + "\n")
    try:
        if verb == "reserve":
            held.append(ledger.reserve(site, amount=amount, key=key, purpose="trial", now=NOW))
        elif verb == "grant":
            ledger.grant(site, amount=amount, kind="adjustment", key=key, now=NOW)
        elif verb == "take":
            ledger.take(site, amount=amount, key=key, note="trial", now=NOW)
        else:
            getattr(ledger, verb)(target, amount=amount, key=key, now=NOW)
            if not target.left:
                held.pop()
    except (InsufficientCredits, LedgerError):
        log.write(json.dumps({"refused": key}) + "\n")
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
        log.write(json.dumps({"error": repr(error), "key": key}) + "\n")
    else:
        log.write(json.dumps({"done": key}) + "\n")


KINDS = {"reserve": "reserve", "capture": "capture", "release": "release", "grant": "issue", "take": "expire"}


def _reconcile(site, logs: Path) -> dict:
    """Compare what the processes say with what the ledger has; an operation cut short may have happened or not."""
    from django.db.models import Sum

    from wagtail_sms.credits import ledger
    from wagtail_sms.credits.models import Transfer, Wallet

    asked, said, broken = {}, {}, []
    for path in logs.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            entry = _entry(line)
            if "verb" in entry:
                asked[entry["key"]] = entry
            elif "error" in entry:
                broken.append(f"{entry['key']}: {entry['error']}")
            elif entry:
                outcome, key = next(iter(entry.items()))
                said[key] = outcome
    rows = Transfer.objects.filter(key__startswith="shared:").exclude(key="shared:start")
    sums = {key: (kind, total) for key, kind, total in rows.values_list("key", "kind").annotate(total=Sum("amount"))}
    totals = Counter()
    for key, entry in asked.items():
        found = sums.pop(key, None)
        if found is not None:
            totals[entry["verb"]] += entry["amount"]
        if found not in (None, (KINDS[entry["verb"]], entry["amount"])):
            broken.append(f"{key}: {found} instead of {entry}")
        if (said.get(key) == "done") > (found is not None) or (said.get(key) == "refused") > (found is None):
            broken.append(f"{key}: said {said[key]}, the ledger has {found}")
    broken += [f"{key}: nobody asked for it" for key in sums]
    wallet = Wallet.objects.get(site=site)
    available = 2_500 + totals["grant"] + totals["release"] - totals["reserve"] - totals["take"]
    reserved = totals["reserve"] - totals["capture"] - totals["release"]
    if (wallet.available, wallet.reserved) != (available, reserved):
        broken.append(f"wallet: {wallet.available}, {wallet.reserved} instead of {available}, {reserved}")
    broken += [str(found) for found in ledger.audit(site)]
    cut = sum(key not in said for key in asked)
    return {
        "operations": len(asked),
        "cut_short": cut,
        "refused": sum(o == "refused" for o in said.values()),
        "broken": broken,
    }


def _entry(line: str) -> dict:
    try:
        return json.loads(line)
    except ValueError:  # the last line of a process that was killed while it wrote
        return {}


def _lines(logs: Path) -> int:
    """Roughly how many operations were begun: two lines each."""
    return sum(path.read_bytes().count(b"\n") for path in logs.glob("*.jsonl")) // 2
