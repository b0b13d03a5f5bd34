"""The ledger's trial: wallets played alone against a model, and one wallet that all processes fight for."""

import multiprocessing
import random
import sys
import time
from pathlib import Path

from chaos import database


LIFE = 400  # operations of one wallet, then its books are compared in full
SHARE_OF_SHARED = 50  # one operation in so many goes to the wallet that is shared


def run(*, operations: int, seed: int, processes: int) -> dict:
    """Play; returns the report. `broken_invariants` counts every finding, each printed to stderr with its seed."""
    began = time.monotonic()
    with database.empty_database() as folder:
        from django.db import connection

        database.make_tables()
        connection.close()
        alone = _play_alone(operations - operations // SHARE_OF_SHARED, seed, processes, Path(folder))
        from chaos import shared

        together = shared.run(operations=operations // SHARE_OF_SHARED, seed=seed, folder=Path(folder))
        connection.close()
        vendor = connection.vendor
    broken = [*together.pop("broken"), *(found for one in alone for found in one["broken"])]
    for found in broken:
        print(f"seed {seed}: {found}", file=sys.stderr)
    return {
        "part": "ledger",
        "database": vendor,
        "operations": sum(one["operations"] for one in alone) + together["operations"],
        "seconds": round(time.monotonic() - began, 1),
        "broken_invariants": len(broken),
        "refused": sum(one["refused"] for one in alone) + together["refused"],
        "wallets": sum(one["wallets"] for one in alone) + 1,
        "processes": processes,
        "shared_operations": together["operations"],
        "kills": together["kills"],
        "cut_short": together["cut_short"],
        "seed": seed,
    }


def _play_alone(operations: int, seed: int, processes: int, folder: Path) -> list[dict]:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    children = [
        context.Process(target=_play, args=(number, operations // processes, seed, folder, results))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    played = [results.get() for _child in children]
    for child in children:
        child.join()
    return played


def _play(number: int, operations: int, seed: int, folder: Path, results) -> None:
    """One process: wallet after wallet. On SQLite it has a file of its own, since a file has one writer at a time."""
    from django.db import connection, transaction

    if database.on_sqlite():
        database.use_file(folder / f"alone-{number}.sqlite3")
        connection.settings_dict["NAME"] = str(folder / f"alone-{number}.sqlite3")
        database.make_tables()
    report = {"operations": 0, "refused": 0, "wallets": 0, "broken": []}
    from chaos.player import Player

    while report["operations"] < operations:
        name = f"p{number}-{report['wallets']}"
        dice = random.Random(f"{seed}:{name}")
        player = None
        try:
            # One transaction for a whole life: a hundred times faster, and every verb still has its savepoint.
            with transaction.atomic():
                player = Player(name, dice)
                player.play(min(LIFE, operations - report["operations"]))
                player.check_all()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
            report["broken"].append(f"{name}: {error!r}")
        report["wallets"] += 1
        report["operations"] += player.operations if player else 1
        report["refused"] += player.refusals if player else 0
        if len(report["broken"]) > 20:
            break
    connection.close()
    results.put(report)
