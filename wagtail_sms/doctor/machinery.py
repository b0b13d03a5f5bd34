"""The ground everything stands on: settings, database, broker, workers, the public address."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

import requests
from celery import current_app
from django.core.checks import ERROR, run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import NoReverseMatch
from django.utils.crypto import get_random_string
from kombu.utils.url import maybe_sanitize_url

from wagtail_sms.checks import celery_problem
from wagtail_sms.conf import app_settings
from wagtail_sms.delivery import heartbeat
from wagtail_sms.delivery.webhook_urls import PROBE_HEADER, answer_to, report_url
from wagtail_sms.doctor.findings import Finding, ago, count, error, fine, warning


SECONDS = 5
# An empty WEBHOOK_BASE_URL and a missing broker.
SAID_BELOW = ("wagtail_sms.W001", "wagtail_sms.W004")
HERE = ("localhost", "127.0.0.1", "::1")


def settings() -> Iterator[Finding]:
    """What `manage.py check` says about us."""
    found = [message for message in run_checks(tags=["wagtail_sms"]) if message.id not in SAID_BELOW]
    for message in found:
        make = error if message.level >= ERROR else warning
        yield make("Settings", f"{message.msg} ({message.id})", message.hint or "")
    if not found:
        yield fine("Settings", "The system checks have nothing to say.")


def database() -> Iterator[Finding]:
    """Raises nothing: without a database the rest is not looked at."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "wagtail_sms"]
        waiting = executor.migration_plan(targets)
    except DatabaseError as problem:
        yield error(
            "Database", f"It does not answer: {problem}".strip(), "Start it, or mend DATABASES in the settings."
        )
        return
    if waiting:
        yield error("Database", f"{count(len(waiting), 'migration')} not applied yet.", "Run manage.py migrate.")
    else:
        yield fine("Database", f"{connection.display_name} answers; all migrations are applied.")


def broker() -> Iterator[Finding]:
    if problem := celery_problem():
        yield error("Broker", problem, "See docs/how-to/install.md: a celery.py, its import, a broker.")
        return
    with current_app.connection_for_write() as line:
        address = maybe_sanitize_url(current_app.conf.broker_write_url or current_app.conf.broker_url)
        try:
            line.ensure_connection(max_retries=1, interval_start=0.2, timeout=SECONDS)
        except Exception as problem:  # noqa: BLE001 every transport raises its own
            yield error(
                "Broker",
                f"{address} can't be reached: {problem}",
                "Start it, or mend broker_url. Nothing is lost meanwhile: the sweeper finds what waits.",
            )
            return
    if line.transport_cls == "memory":
        yield error("Broker", "memory:// reaches no other process.", "Use Redis, RabbitMQ or files for it.")
    else:
        yield fine("Broker", f"{address} answers.")


def workers(now: datetime) -> Iterator[Finding]:
    """The sweeper is started by beat and run by a worker: seen lately, both are there."""
    seen, subject = heartbeat.last(heartbeat.SWEEP), "Worker and beat"
    if seen is not None and now - seen < heartbeat.SWEEP_IS_LATE:
        yield fine(subject, f"The sweeper ran {ago(seen, now)}.")
        return
    told = "The sweeper has never run" if seen is None else f"The sweeper ran last {ago(seen, now)}"
    yield error(
        subject,
        f"{told}, and should run every 30 seconds: nothing is sent.",
        "Start a worker and beat (manage.py sms_worker is both), or call manage.py sms_tick from cron every minute.",
    )


def public_address() -> Iterator[Finding]:
    address, subject = app_settings.WEBHOOK_BASE_URL, "Public address"
    if not address:
        yield error(
            subject,
            "WEBHOOK_BASE_URL is empty: no delivery report and no STOP can come in.",
            "Set WAGTAIL_SMS['WEBHOOK_BASE_URL'] to https:// and the host that the provider can reach.",
        )
        return
    parts = urlsplit(address)
    if parts.hostname in HERE:
        yield warning(subject, f"{address} is this machine: only a provider on it can call it.", "Fine for a sandbox.")
    elif parts.scheme != "https":
        yield error(
            subject,
            f"{address} is not https: people's numbers and texts would travel in the clear.",
            "Serve it over https and say so in WAGTAIL_SMS['WEBHOOK_BASE_URL'].",
        )
    yield from _call(subject)


def _call(subject: str) -> Iterator[Finding]:
    """Our own webhook, with a question that only this installation can answer."""
    for alias in app_settings.PROVIDERS:
        url = _address_of(alias)
        if not url:
            yield error(subject, "The webhooks have no address.", "Include wagtail_sms.urls at the root of urls.py.")
            continue
        shown, question = url.replace(url.rstrip("/").rsplit("/", 2)[1], "..."), get_random_string(32)
        try:
            answer = requests.get(url, headers={PROBE_HEADER: question}, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as problem:
            yield error(
                subject,
                f"{shown} can't be reached from here ({type(problem).__name__}).",
                "Start the web server, or look at DNS, the certificate and the firewall.",
            )
        else:
            is_ours = answer.status_code == 200 and answer.text == answer_to(question)
            yield fine(subject, f"{shown} is this installation.") if is_ours else _stranger(subject, shown, answer)


def _address_of(alias: str) -> str:
    try:
        return report_url(alias)
    except NoReverseMatch:
        return ""


def _stranger(subject: str, shown: str, answer: requests.Response) -> Finding:
    way_on = "Another server, a login or a redirect stands in front of it; it must reach this project untouched."
    if answer.status_code == 404:
        way_on = "Include wagtail_sms.urls at the root, and give all processes the same SECRET_KEY or WEBHOOK_TOKEN."
    return error(subject, f"{shown} answers {answer.status_code}, and not as this installation would.", way_on)
