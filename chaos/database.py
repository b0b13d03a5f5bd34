"""A database of the trial's own, with the tables that the ledger reaches and none of the rest."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings


NAME = "wagtail_sms_chaos"
THEIRS = (
    "contenttypes.ContentType auth.Permission auth.Group auth.User wagtailcore.Locale wagtailcore.Revision "
    "wagtailcore.Page wagtailcore.Site"
)
OURS = "Wallet Purchase PaymentEvent Grant Reservation Hold Transfer"


@contextlib.contextmanager
def empty_database() -> Iterator[str]:
    """Yields its vendor. A SQLite file that goes away again, or a database beside the one in DATABASE_URL."""
    with tempfile.TemporaryDirectory(prefix="wagtail-sms-chaos-") as folder:
        url = os.environ.get("DATABASE_URL", "")
        if url.startswith("postgres"):
            _recreate(url)
            settings.DATABASES["default"]["NAME"] = NAME
        else:
            use_file(Path(folder) / "shared.sqlite3")
        django.setup()
        yield folder


def use_file(path: Path) -> None:
    """Let this process work on a SQLite file of its own."""
    settings.DATABASES["default"]["NAME"] = str(path)


def on_sqlite() -> bool:
    return "sqlite" in settings.DATABASES["default"]["ENGINE"]


def make_tables() -> None:
    from django.apps import apps
    from django.db import connection

    with connection.schema_editor() as editor:
        for label in [*THEIRS.split(), *(f"wagtail_sms.{name}" for name in OURS.split())]:
            editor.create_model(apps.get_model(label))


def make_site(name: str):
    """A site with a root page that no page tree knows: the ledger needs its key only."""
    from wagtail.models import Locale, Page, Site

    locale, _created = Locale.objects.get_or_create(language_code="en")
    root = Page.objects.first()
    if root is None:
        root = Page(title="Root", slug="root", path="0001", depth=1, locale=locale, url_path="/")
        root.save_base(raw=True)
    site = Site(hostname=name, root_page=root)
    site.save_base(raw=True)
    return site


def _recreate(url: str) -> None:
    import psycopg

    server = urlsplit(url)._replace(path="/postgres", scheme="postgresql").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
