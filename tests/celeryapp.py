"""A Celery app whose broker lives in this process, so that no test reaches a broker of the machine."""

import os

from celery import Celery


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
app = Celery("tests", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
