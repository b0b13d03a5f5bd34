"""`python -m benchmarks --rows 1000000`: a line of JSON per figure, then a table. The exit code is 0 unless it broke.

A figure that misses its bound is shown and marked; a message sent twice or a credit in the wrong place breaks the run.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks.figures import Figure, table
from benchmarks.names import ROOT


LARGEST_ON_SQLITE = 100_000


def main() -> int:
    from benchmarks.parts import NAMES

    options = _options(NAMES)
    names = [name for name in NAMES if not options.only or name in options.only]
    figures, broken, start = [], [], time.monotonic()
    for vendor in _announced_vendors(options.database):
        rows = min(options.rows, LARGEST_ON_SQLITE) if vendor == "sqlite" else options.rows
        broke = _round({"vendor": vendor, "rows": rows, "seed": options.seed, "names": names}, figures)
        broken += [vendor] if broke else []
    missed = sum(not figure.ok for figure in figures)
    print(f"\n{options.rows:,} subscribers, seed {options.seed}, {time.monotonic() - start:.0f} s\n\n{table(figures)}")
    print(f"\n{missed} of {sum(bool(figure.needs) for figure in figures)} bounds missed.")
    for vendor in broken:
        print(f"The round on {vendor} broke; see above.", file=sys.stderr)
    return 1 if broken else 0


def _options(names: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["postgresql", "sqlite", "both"], default="both")
    parser.add_argument("--only", type=lambda text: [name for name in text.split(",") if name], default=[])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.only) - set(names):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def _announced_vendors(wanted: str) -> list[str]:
    """Which databases there are, after saying what machine this is."""
    from benchmarks import machine, services

    postgresql = services.postgresql_version() if wanted != "sqlite" else None
    brokers = {name: version for name, (_url, version) in services.broker_versions().items()} if postgresql else {}
    found = {"postgresql": postgresql} if postgresql else {}
    print(machine.describe(**found, **brokers, sqlite=_sqlite_version()), flush=True)
    vendors = ["postgresql"] if postgresql else []
    if wanted in ("sqlite", "both") or not postgresql:
        vendors.append("sqlite")
    return vendors


def _sqlite_version() -> str:
    import sqlite3

    return sqlite3.sqlite_version


def _round(arguments: dict, figures: list[Figure]) -> int:
    """Run it and pass on what it says; returns its exit code."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "benchmarks.rounds", json.dumps(arguments)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith('{"name"'):
                figures.append(Figure(**json.loads(line)))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
