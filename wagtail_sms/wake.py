"""Waking a task by its name. The message is a hint: the work waits in the database and the sweeper finds it too."""

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction

from wagtail_sms.conf import app_settings


logger = logging.getLogger("wagtail_sms")

# Seconds between two messages of `wake_soon`.
SOON = 1.0
# `{task: (when it was woken, until when a delayed message covers what is committed)}` in this process.
_soon: dict[str, tuple[float, float]] = {}


def wake(task: str, *args) -> None:
    """Ask a worker to run `task` once the current transaction is committed. Args are ids.

    A broker that is down is logged, not raised: what was committed is done at the next sweep.
    """
    transaction.on_commit(partial(_publish, task, args), robust=True)


def wake_soon(task: str) -> None:
    """The same for what happens thousands of times a second: this process wakes the task now, or within a moment.

    Two messages a second at most. One that follows another too closely is delayed, so that nothing which was committed
    meanwhile waits for the sweeper.
    """
    transaction.on_commit(partial(_publish_soon, task), robust=True)


def _publish_soon(task: str) -> None:
    now, (woken, covered) = time.monotonic(), _soon.get(task, (-SOON, -SOON))
    if now >= woken + SOON:
        _soon[task] = now, covered
        _publish(task, ())
    elif now >= covered:
        _soon[task] = woken, now + SOON
        _publish(task, (), countdown=1.5 * SOON)


def _publish(task: str, args: tuple, **options) -> None:
    if app_settings.CELERY_QUEUE:
        options["queue"] = app_settings.CELERY_QUEUE
    try:
        # By name, so that a web process need not import the tasks.
        current_app.send_task(task, args=args, retry=False, ignore_result=True, **options)
    except Exception:
        logger.warning("Could not wake %s; the sweeper will.", task, exc_info=True)
