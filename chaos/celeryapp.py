"""The Celery application of the workers that are killed."""

import os

from celery import Celery


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chaos.settings")
app = Celery("chaos", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
