"""The database and the brokers of a run: whether they answer, made anew, emptied, and gone afterwards."""

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.app import PREFIX
from benchmarks.names import NAME


RABBITMQ = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/7")


def database_url() -> str:
    """On the server of DATABASE_URL, but always a database of the benchmark's own: it is dropped afterwards."""
    url = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/"
    return urlsplit(url)._replace(path=f"/{NAME}").geturl()


def postgresql_version() -> str | None:
    """None when it doesn't answer, or its driver is not installed."""
    try:
        with _server() as server:
            return server.execute("SHOW server_version").fetchone()[0]
    except Exception as error:  # noqa: BLE001 whatever the reason, it is not there
        return _absent("PostgreSQL", error)


@contextlib.contextmanager
def fresh_database() -> Iterator[None]:
    """There until the end of the block. Raises RuntimeError while another run uses the same name."""
    with _server() as server:
        free = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [NAME]).fetchone()[0]
        if not free:
            raise RuntimeError(f"Another benchmark is running on {NAME}. Set BENCH_NAME to have one beside it.")
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
        try:
            yield
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def broker_versions() -> dict[str, tuple[str, str]]:
    """`{name: (url, version)}` of the brokers that answer."""
    found = {"rabbitmq": (RABBITMQ, _rabbitmq_version()), "redis": (REDIS, _redis_version())}
    return {name: (url, version) for name, (url, version) in found.items() if version}


def purge(broker: str) -> None:
    """Empty the benchmark's own queue."""
    if broker.startswith("redis"):
        client = redis_client()
        if keys := list(client.scan_iter(f"{PREFIX}*")):
            client.delete(*keys)
    elif broker.startswith("amqp"):
        from kombu import Connection, Queue

        with Connection(broker) as connection:
            queue = Queue(NAME, routing_key=NAME)(connection.default_channel)
            queue.declare()
            queue.purge()


def remove_queue(broker: str) -> None:
    """Leave nothing behind on a broker that others use too."""
    purge(broker)
    if broker.startswith("amqp"):
        from kombu import Connection

        with Connection(broker) as connection:
            connection.default_channel.queue_delete(NAME)


def redis_client():
    import redis

    return redis.Redis.from_url(REDIS, socket_connect_timeout=3)


def _server():
    import psycopg

    url = urlsplit(database_url())._replace(path="/postgres", scheme="postgresql").geturl()
    return psycopg.connect(url, autocommit=True, connect_timeout=3)


def _rabbitmq_version() -> str | None:
    from kombu import Connection

    try:
        with Connection(RABBITMQ, connect_timeout=3) as connection:
            connection.connect()
            return str(connection.connection.server_properties.get("version", "?"))
    except Exception as error:  # noqa: BLE001
        return _absent("RabbitMQ", error)


def _redis_version() -> str | None:
    try:
        return str(redis_client().info("server")["redis_version"])
    except Exception as error:  # noqa: BLE001
        return _absent("Redis", error)


def _absent(name: str, error: Exception) -> None:
    print(f"{name} does not answer ({type(error).__name__}: {str(error).strip().splitlines()[:1]}); skipping it.")
