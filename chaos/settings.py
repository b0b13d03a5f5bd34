"""Settings of the processes that are killed: the tests' project on real services, with time-outs that fit a trial.

Everything comes from the environment, so that the harness and each of its processes read the same (see `stage.py`).
The lease is seconds instead of minutes, so that recovery can be watched; the provider's time-out fits into it.
"""

import os

from chaos.gateway import SIGNING_KEY
from tests.settings import *  # noqa: F403
from tests.settings import VAR
from wagtail_sms.celeryconf import local_broker
from wagtail_sms.conf import AppSettings


LEASE_SECONDS = int(os.environ.get("CHAOS_LEASE", "10"))
WEB_URL = os.environ.get("CHAOS_WEB_URL", "http://127.0.0.1:1")
GATEWAY_URL = os.environ.get("CHAOS_GATEWAY_URL", "http://127.0.0.1:2")

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

QUEUE = os.environ.get("CHAOS_QUEUE", "wagtail-sms-chaos")
BROKER_URL = os.environ.get("CHAOS_BROKER_URL", "")
FILES = {} if BROKER_URL else local_broker(VAR, polling_seconds=0.1)
CELERY_BROKER_URL = BROKER_URL or FILES["broker_url"]
CELERY_BROKER_TRANSPORT_OPTIONS = FILES.get("broker_transport_options", {})
CELERY_TASK_DEFAULT_QUEUE = QUEUE
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

WAGTAIL_SMS = {
    "PROVIDERS": {
        "default": {
            "BACKEND": f"chaos.provider.{os.environ.get('CHAOS_PROVIDER', 'SmallParcels')}",
            "OPTIONS": {
                "ACCESS_KEY": "live_chaos",
                "SIGNING_KEY": SIGNING_KEY,
                "REST_URL": GATEWAY_URL,
                # Half the lease is for starting a request; this must end before the rest of it does.
                "TIMEOUT": (1, max(1.0, LEASE_SECONDS * 0.3)),
            },
        },
    },
    "WEBHOOK_BASE_URL": WEB_URL,
    "CELERY_QUEUE": QUEUE,
    "LEASE_SECONDS": LEASE_SECONDS,
    "RETRY_SECONDS": 1,
    "MAX_REQUESTS_PER_SECOND": float(os.environ.get("CHAOS_RATE", "20")),
    "CONCURRENT_REQUESTS": int(os.environ.get("CHAOS_CONCURRENCY", "8")),
    "REPLY_ALLOWANCE_PER_DAY": 1_000_000,
}
if "SENDING_LANES" in AppSettings.names():
    WAGTAIL_SMS["SENDING_LANES"] = int(os.environ.get("CHAOS_LANES", "2"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"wagtail_sms": {"level": "INFO"}},
}
