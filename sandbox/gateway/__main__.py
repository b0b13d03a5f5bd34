"""`python -m sandbox.gateway`: run the local telephone network until it is told to stop."""

import argparse
import signal
import sys
from threading import Thread

from sandbox.gateway.reporter import Reporter
from sandbox.gateway.server import Gateway
from sandbox.gateway.store import Store
from sandbox.gateway.traffic import Network


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one and prints it")
    parser.add_argument("--store", default="var/gateway.sqlite3", help="SQLite file; the journal lies beside it")
    parser.add_argument("--inbound-url", default="", help="the site's webhook for texts that people send")
    parser.add_argument("--signing-key", required=True)
    parser.add_argument("--access-key", required=True)
    parser.add_argument("--bird-key", default="", help="speak the Bird platform's protocol too, to who has this key")
    parser.add_argument("--bird-secret", default="whsec_", help="what its webhooks are signed with")
    parser.add_argument("--bird-url", default="", help="the site's webhook for all that this protocol tells")
    parser.add_argument(
        "--delivery-seconds",
        type=float,
        nargs=2,
        default=(1.0, 3.0),
        metavar=("SOONEST", "LATEST"),
        help="how long a text takes to its phone",
    )
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    options = arguments(given)
    store = Store(options.store)
    network = Network(
        store,
        options.access_key,
        options.signing_key,
        options.inbound_url,
        tuple(options.delivery_seconds),
        options.bird_key,
        options.bird_secret,
        options.bird_url,
    )
    server, reporter = Gateway((options.host, options.port), network), Reporter(network)
    for name in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that the handler interrupts, so it needs a thread of its own.
        signal.signal(name, lambda *_: Thread(target=server.shutdown).start())
    reporter.start()
    print(f"Local telephone network on http://{options.host}:{server.server_port}/gateway/", flush=True)
    server.serve_forever(poll_interval=0.1)
    reporter.stop()
    reporter.join(15)
    server.server_close()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
