"""Waking a task by its name. The message is a hint: the work waits in the database and the sweeper finds it too."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction

from wagtail_sms.conf import app_settings


logger = logging.getLogger("wagtail_sms")


def wake(task: str, *args) -> None:
    """Ask a worker to run `task` once the current transaction is committed. Args are ids.

    A broker that is down is logged, not raised: what was committed is done at the next sweep.
    """
    transaction.on_commit(partial(_publish, task, args), robust=True)


def _publish(task: str, args: tuple) -> None:
    options = {"queue": app_settings.CELERY_QUEUE} if app_settings.CELERY_QUEUE else {}
    try:
        # By name, so that a web process need not import the tasks.
        current_app.send_task(task, args=args, retry=False, ignore_result=True, **options)
    except Exception:
        logger.warning("Could not wake %s; the sweeper will.", task, exc_info=True)
