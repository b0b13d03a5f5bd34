"""The tests' project again, with the real provider class in front of the benchmark's gateway, and real brokers."""

import os
from pathlib import Path

import wagtail_sms
from benchmarks.names import NAME, ROOT
from tests.settings import *  # noqa: F403 the smallest host there is
from tests.settings import DATABASES, INSTALLED_APPS
from wagtail_sms.conf import AppSettings


if not Path(wagtail_sms.__file__).resolve().is_relative_to(ROOT):
    raise RuntimeError(f"{wagtail_sms.__file__} would be measured, not the package in {ROOT}.")

SIGNING_KEY = "a-signing-key-that-only-the-benchmark-knows"
INSTALLED_APPS = ["benchmarks", *INSTALLED_APPS]
ROOT_URLCONF = "benchmarks.urls"
# A host's own web processes keep their connections; Celery closes them around every task whatever is said here.
DATABASES["default"]["CONN_MAX_AGE"] = 600

# What goes wrong in a worker or behind the web server is to be read.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"kombu": {"level": "ERROR"}},
}

WAGTAIL_SMS = {
    "PROVIDERS": {
        "default": {
            "BACKEND": "wagtail_sms.providers.messagebird.MessageBirdProvider",
            "OPTIONS": {
                "ACCESS_KEY": "benchmark",
                "SIGNING_KEY": SIGNING_KEY,
                "REST_URL": os.environ.get("BENCH_GATEWAY", "http://127.0.0.1:9"),
            },
        }
    },
    "WEBHOOK_BASE_URL": "http://127.0.0.1",
    "CELERY_QUEUE": NAME,
    "MAX_REQUESTS_PER_SECOND": int(os.environ.get("BENCH_PACE", "100000")),
    "CONCURRENT_REQUESTS": 128,
}
if "NO_REPLY_COUNTRIES" in AppSettings.names():
    # Texts that carry a link of their own are a request each: what is measured here are those that share a body.
    WAGTAIL_SMS["NO_REPLY_COUNTRIES"] = []
HAS_LANES = "SENDING_LANES" in AppSettings.names()
if HAS_LANES:
    WAGTAIL_SMS["SENDING_LANES"] = int(os.environ.get("BENCH_LANES", "2"))
