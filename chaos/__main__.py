"""`python -m chaos PART`: plays one trial and prints one line of JSON; the exit code is 0 if nothing was found."""

import argparse
import importlib
import json
import os
import signal
import sys

from chaos.brokers import KINDS


FINDINGS = ("duplicates", "lost", "wrongly_recorded", "broken_invariants", "overcharged", "findings")


def main() -> None:
    options = vars(_parser().parse_args())
    part = options.pop("part")
    # Whoever stops the harness doesn't want its processes to stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings" if part == "ledger" else "chaos.settings")
    if part != "ledger":
        print(f"seed {options['seed']}", file=sys.stderr, flush=True)
    report = importlib.import_module(f"chaos.{part}").run(**options)
    print(json.dumps(report), flush=True)
    sys.exit(1 if any(report.get(kind) for kind in FINDINGS) else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    ledger = parts.add_parser("ledger", help="random operations on the ledger, beside a model of it")
    ledger.add_argument("--operations", type=int, default=1_000_000)
    ledger.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    kills = _with_services(parts.add_parser("kills", help="kill -9 and worse in the middle of campaigns"))
    kills.add_argument("--recipients", type=int, default=10_000)
    kills.add_argument("--kills", type=int, default=20)
    kills.add_argument("--restarts", type=int, default=3, help="immediate restarts of PostgreSQL")
    kills.add_argument("--pauses", type=int, default=5, help="SIGSTOP for longer than the lease")
    kills.add_argument("--minutes", type=float, help="how long sending would take undisturbed")
    kills.add_argument("--parcel", type=int, default=10, help="recipients of one request, at most 50")
    kills.add_argument("--keys", action="store_true", help="idempotency keys instead of lookups")
    clicks = _with_services(parts.add_parser("clicks", help="many clicks on Send at the same instant"))
    clicks.add_argument("--clicks", type=int, default=50)
    clicks.add_argument("--rounds", type=int, default=20)
    stops = _with_services(parts.add_parser("stops", help="STOP in the middle of a campaign, and with no database"))
    stops.add_argument("--recipients", type=int, default=3_000)
    stops.add_argument("--stops", type=int, default=100)
    sweepers = _with_services(parts.add_parser("sweepers", help="several sweepers at once"))
    sweepers.add_argument("--recipients", type=int, default=3_000)
    sweepers.add_argument("--kills", type=int, default=6)
    deaths = _with_services(parts.add_parser("deaths", help="kill -9 to the broker itself, one of the trial's own"))
    deaths.add_argument("--recipients", type=int, default=3_000)
    deaths.add_argument("--deaths", type=int, default=5)
    sigterm = _with_services(parts.add_parser("sigterm", help="deploys in the middle of a campaign"))
    sigterm.add_argument("--recipients", type=int, default=3_000)
    sigterm.add_argument("--group", action="store_true", help="to the forks as well, as systemd does by default")
    sigterm.add_argument("--times", type=int, default=20)
    steering = _with_services(parts.add_parser("steering", help="pause, resume and cancel while workers are killed"))
    steering.add_argument("--recipients", type=int, default=3_000)
    steering.add_argument("--turns", type=int, default=6)
    for one in (ledger, kills, clicks, stops, sweepers, deaths, sigterm, steering):
        one.add_argument("--seed", type=int, default=1)
    return parser


def _with_services(part: argparse.ArgumentParser) -> argparse.ArgumentParser:
    part.add_argument("--broker", choices=KINDS, default="auto")
    part.add_argument("--sqlite", action="store_true", help="no PostgreSQL, also where there is one")
    part.add_argument("--keep", action="store_true", help="leave logs and the gateway's files")
    return part


if __name__ == "__main__":
    main()
