"""Gives a round of the services' tests a database of its own, empty, and a queue without an older round's messages."""

import sys
from urllib.parse import urlsplit

import psycopg
from celery import Celery
from psycopg import sql


def empty_database(url: str) -> None:
    parts = urlsplit(url)
    name = parts.path.lstrip("/")
    if not name.startswith("wagtail_sms"):
        sys.exit(f"{name} would be dropped: name a database that starts with wagtail_sms.")
    with psycopg.connect(parts._replace(path="/postgres", scheme="postgresql").geturl(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def empty_queue(url: str) -> None:
    Celery(broker=url).control.purge()


empty_database(sys.argv[1])
empty_queue(sys.argv[2])
