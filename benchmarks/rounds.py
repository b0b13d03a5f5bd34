"""One round on one database: `python -m benchmarks.rounds '{"vendor": ..., "rows": ...}'`, a process of its own.

A line of JSON per figure; what else it says is for people.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import django

from benchmarks import services
from benchmarks.stub import running_gateway


SIZES = (1_000, 30_000, 100_000, 300_000)


def run(*, vendor: str, rows: int, seed: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="wagtail-sms-bench-") as folder, running_gateway() as gateway:
        os.environ |= {
            "TEST_VAR": folder,
            "BENCH_GATEWAY": gateway.url,
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        }
        with _database(vendor):
            world = _prepare(vendor, rows, seed, gateway, Path(folder))
            _run_parts(world, names)


@contextlib.contextmanager
def _database(vendor: str) -> Iterator[None]:
    if vendor == "sqlite":
        os.environ.pop("DATABASE_URL", None)
        yield
        return
    os.environ["DATABASE_URL"] = services.database_url()
    with services.fresh_database():
        yield


def _prepare(vendor: str, rows: int, seed: int, gateway, folder: Path):
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.app import make_app
    from benchmarks.models import Text, Trace
    from benchmarks.people import make_world, settle_down
    from benchmarks.world import World

    make_app("memory://localhost")
    start = time.monotonic()
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Text)
        editor.create_model(Trace)
    migrated = time.monotonic()
    sites = make_world([size for size in SIZES if size < rows] + [rows], seed=seed)
    settle_down()
    total = sum(sites)
    print(f"{vendor}: migrated in {migrated - start:.1f} s, {total:,} people in {time.monotonic() - migrated:.1f} s")
    brokers = {name: url for name, (url, _version) in services.broker_versions().items()} if vendor != "sqlite" else {}
    return World(vendor, sites, gateway, brokers, folder, seed)


def _run_parts(world, names: list[str]) -> None:
    from benchmarks.app import make_app
    from benchmarks.parts import part

    try:
        for name in names:
            module = part(name)
            if world.vendor not in module.DATABASES:
                continue
            if getattr(module, "NEEDS_BROKER", False) and not world.brokers:
                print(f"{world.vendor}: {name} is skipped: neither RabbitMQ nor Redis answers.")
                continue
            make_app("memory://localhost")
            start = time.monotonic()
            for figure in module.run(world):
                print(figure.line(), flush=True)
            print(f"{world.vendor}: {name} took {time.monotonic() - start:.1f} s", flush=True)
    finally:
        for broker in world.brokers.values():
            services.remove_queue(broker)


if __name__ == "__main__":
    run(**json.loads(sys.argv[1]))
