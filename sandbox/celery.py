"""The sandbox's Celery application: settings come from Django, prefixed `CELERY_`."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")

TRANSPORT_ALIASES["filesystem"] = "sandbox.broker:Transport"
app = Celery("sandbox")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
