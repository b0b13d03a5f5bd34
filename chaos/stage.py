"""Everything that a trial runs on, started and taken away again: database, broker, gateway, site and workers."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chaos import postgres
from chaos.broker_servers import BrokerServer
from chaos.brokers import Broker
from chaos.nursery import Nursery
from chaos.processes import Child, free_port, new_nursery, wait_for_port


# A pool of two forks, one of three, and a worker that is a single process: each dies in its own way.
WORKERS = (("prefork", 3), ("prefork", 2), ("solo", 1))
SWEEP_SECONDS = 1.0


@dataclass
class Stage:
    """What a trial acts on. `workers` are the processes that send; `site` and `beat` may be killed as well."""

    folder: Path
    broker: Broker
    cluster: postgres.Cluster | None
    gateway_url: str
    web_url: str
    workers: list[Child] = field(default_factory=list)
    beats: list[Child] = field(default_factory=list)
    site: Child | None = None
    # Of the broker, where the trial has one of its own.
    server: BrokerServer | None = None

    @property
    def database(self) -> str:
        return "postgresql" if self.cluster else "sqlite"

    @property
    def everybody(self) -> list[Child]:
        return [*self.workers, *self.beats, self.site]

    def start_site(self) -> None:
        self.site.start()
        wait_for_port(int(self.web_url.rpartition(":")[2]))

    def start_sending(self) -> None:
        for child in [*self.workers, *self.beats]:
            child.start()

    def revive(self) -> None:
        for child in self.everybody:
            if child.starts and not child.alive:
                child.start()

    def gateway(self, path: str = "", content: object = None) -> dict:
        """Ask or tell the gateway something that is no part of its protocol."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.gateway_url}/trial{path}", data=body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def note(self, deed: str) -> None:
        """A line in the log of what was done to whom, beside the logs of those it was done to."""
        with open(self.folder / "deeds.log", "a") as log:
            log.write(f"{time.time():.3f} {deed}\n")

    def accepted(self) -> list[list]:
        """What the gateway took so far: moment, reference, recipient and body of each text."""
        path = self.folder / "accepted.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def acknowledged(self) -> list[list[str]]:
        path = self.folder / "acknowledged.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextlib.contextmanager
def opened(
    *,
    seed: int,
    broker: str = "auto",
    rate: float = 20,
    parcel: int = 10,
    faults: float = 1.0,
    reports: float = 0.35,
    workers: tuple = WORKERS,
    beats: int = 1,
    sqlite: bool = False,
    keep: bool = False,
    keys: bool = False,
    own_broker: bool = False,
) -> Iterator[Stage]:
    """A stage with an empty site. The gateway runs; `start_site` and `start_sending` start the rest.

    `keys`: the provider knows repeated requests again by their key, and answers no lookups.
    """
    folder = Path(tempfile.mkdtemp(prefix="wagtail-sms-chaos-"))
    cluster = None if sqlite else postgres.new_cluster()
    if cluster is None:
        say("The trial runs on SQLite, without restarts of the database.")
    queue = f"wagtail-sms-chaos-{os.getpid()}"
    server = BrokerServer("rabbitmq" if broker == "auto" else broker, folder) if own_broker else None
    stage = Stage(
        folder,
        Broker(server.kind if server else broker, queue=queue, folder=folder, url=server.url if server else ""),
        cluster,
        f"http://127.0.0.1:{free_port()}",
        f"http://127.0.0.1:{free_port()}",
        server=server,
    )
    env = _environment(stage, queue=queue, rate=rate, parcel=parcel, keys=keys)
    gateway = _gateway(stage, env, seed=seed, faults=faults, reports=reports)
    nursery = new_nursery(env)
    _cast(stage, env, workers=workers, beats=beats, nursery=nursery)
    try:
        if cluster:
            cluster.start()
        if server:
            server.start()
        gateway.start()
        wait_for_port(int(stage.gateway_url.rpartition(":")[2]))
        _migrate(env)
        yield stage
    finally:
        for child in [*stage.everybody, gateway]:
            child.kill()
        nursery.close()
        _let_go_of_the_database()
        stage.broker.remove()
        if server:
            server.kill()
        if keep and cluster:
            cluster.dump(folder / "database.sql")
        if cluster:
            cluster.remove()
        if keep:
            say(f"Logs, rows and the gateway's files are in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def patiently(ask: Callable, *, seconds: float = 90):
    """The answer of a question to the database, asked again while the database is down or has just come back."""
    from django.db import Error, connection

    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Error:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def _environment(stage: Stage, *, queue: str, rate: float, parcel: int, keys: bool) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "chaos.settings",
        "DATABASE_URL": stage.cluster.url if stage.cluster else "",
        "TEST_VAR": str(stage.folder),
        "CHAOS_BROKER_URL": stage.broker.url,
        "CHAOS_QUEUE": queue,
        "CHAOS_GATEWAY_URL": stage.gateway_url,
        "CHAOS_WEB_URL": stage.web_url,
        "CHAOS_RATE": str(rate),
        "CHAOS_PARCEL": str(parcel),
        "CHAOS_PROVIDER": "RecognisedRepeats" if keys else "SmallParcels",
    }


def _gateway(stage: Stage, env: dict[str, str], *, seed: int, faults: float, reports: float) -> Child:
    port = stage.gateway_url.rpartition(":")[2]
    options = {"port": port, "folder": stage.folder, "seed": seed, "faults": faults, "reports": reports}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return Child("gateway", ["chaos.gateway", *arguments], env=env, logs=stage.folder)


def _cast(stage: Stage, env: dict[str, str], *, workers: tuple, beats: int, nursery: Nursery) -> None:
    places = {"env": env, "logs": stage.folder, "nursery": nursery}
    for number, (pool, concurrency) in enumerate(workers):
        name = f"worker-{number}"
        arguments = f"celery -A chaos.celeryapp worker -P {pool} -c {concurrency} -l WARNING -n {name}@chaos"
        arguments += f" -Q {env['CHAOS_QUEUE']} --without-gossip --without-mingle --without-heartbeat"
        stage.workers.append(Child(name, arguments.split(), **places))
    for number in range(beats):
        beat = Child(f"beat-{number}", ["chaos.beat", str(SWEEP_SECONDS)], **places)
        stage.beats.append(beat)
    port = stage.web_url.rpartition(":")[2]
    stage.site = Child("site", ["chaos.web", port], **places)


def _migrate(env: dict[str, str]) -> None:
    """From here on this process is one of the site's too."""
    os.environ.update(env)
    import django
    from django.core.management import call_command

    django.setup()
    import chaos.celeryapp  # noqa: F401
    import wagtail_sms

    say(f"wagtail_sms is {Path(wagtail_sms.__file__).parent}")
    call_command("migrate", verbosity=0)


def _let_go_of_the_database() -> None:
    from django.db import connections

    with contextlib.suppress(Exception):
        connections.close_all()
