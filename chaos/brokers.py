"""The broker of a trial: a queue of its own on RabbitMQ, database 8 on Redis, or a folder; and how each is wiped."""

import contextlib
import os
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit


RABBITMQ = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
REDIS = os.environ.get("CHAOS_REDIS_URL", "redis://127.0.0.1:6379/8")
KINDS = ("auto", "rabbitmq", "redis", "files")


class Broker:
    """`url` is empty for files. `wipe` throws away every waiting message, as a crash of most brokers would."""

    def __init__(self, kind: str, *, queue: str, folder: Path, url: str = ""):
        self.kind = _first_that_answers() if kind == "auto" else kind
        self.queue, self.folder, self.wipes = queue, folder, 0
        self.url = url or {"rabbitmq": RABBITMQ, "redis": REDIS}.get(self.kind, "")

    def wipe(self) -> None:
        # A broker that can't be reached just now is as good as wiped.
        with contextlib.suppress(Exception):
            getattr(self, f"_wipe_{self.kind}")()
            self.wipes += 1

    def remove(self) -> None:
        self.wipe()
        if self.kind == "rabbitmq":
            with contextlib.suppress(Exception), self._connection() as connection:
                channel = connection.channel()
                channel.queue_delete(self.queue)
                channel.exchange_delete(self.queue)

    def _wipe_rabbitmq(self) -> None:
        with self._connection() as connection:
            connection.channel().queue_purge(self.queue)

    def _wipe_redis(self) -> None:
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushdb()

    def _wipe_files(self) -> None:
        shutil.rmtree(self.folder / "queue", ignore_errors=True)

    def _connection(self):
        from kombu import Connection

        return Connection(self.url, connect_timeout=5)


def _first_that_answers() -> str:
    """RabbitMQ before Redis before files, for machines that have less."""
    for kind, url, port in (("rabbitmq", RABBITMQ, 5672), ("redis", REDIS, 6379)):
        parts = urlsplit(url)
        with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port or port), timeout=2):
            return kind
    return "files"
