"""Celery on any broker, with a queue of the benchmark's own. Workers run `celery -A benchmarks.app worker`."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_ready

from benchmarks.names import NAME
from wagtail_sms.celeryconf import local_broker


BASELINES = ("benchmarks.baselines.naive", "benchmarks.baselines.tuned")
# Every key of ours on Redis starts with this.
PREFIX = f"{NAME}:"


def make_app(broker: str) -> Celery:
    """An app for a broker's URL, or for the folder of a broker made of files. The newest one is the current one."""
    app = Celery("benchmarks", set_as_current=True)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    if broker.startswith("/"):
        # Nobody is to be slow for looking into the folder too seldom.
        app.conf.update(local_broker(broker, polling_seconds=0.01))
    else:
        app.conf.update(broker_url=broker)
    if broker.startswith("redis"):
        app.conf.broker_transport_options = {"global_keyprefix": PREFIX, "visibility_timeout": 3600}
    app.conf.update(
        task_default_queue=NAME,
        task_ignore_result=True,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        imports=BASELINES,
    )
    if os.environ.get("BENCH_KEEP_CONNECTIONS"):
        # Undocumented; without it Celery closes the database's connection before and after every task.
        app.conf.CELERY_DB_REUSE_MAX = 10**9
    app.autodiscover_tasks()
    return app


@worker_ready.connect
def _say_ready(**kwargs) -> None:
    Path(os.environ["BENCH_READY"]).touch()


if "BENCH_BROKER" in os.environ:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    app = make_app(os.environ["BENCH_BROKER"])
