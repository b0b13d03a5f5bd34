"""`python -m chaos.gateway --port 4000 --folder ... --seed 1`: serves until it is told to stop."""

import argparse
import asyncio
from pathlib import Path

from chaos.gateway.network import Network
from chaos.gateway.reporting import Reporter
from chaos.gateway.server import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chaos.gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--faults", type=float, default=1.0, help="times the usual share of bad answers")
    parser.add_argument("--lag", type=float, default=1.0, help="seconds until the list of messages knows a new one")
    parser.add_argument("--reports", type=float, default=0.35, help="share of the texts that are reported")
    parser.add_argument("--latency", type=float, default=0.15, help="longest usual answer, in seconds")
    options = parser.parse_args()
    network = Network(options.folder, seed=options.seed, faults=options.faults, lag=options.lag)
    reporter = Reporter(network, share=options.reports)
    asyncio.run(Server(network, reporter, latency=options.latency).run(options.port))


if __name__ == "__main__":
    main()
