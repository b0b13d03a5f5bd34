"""Settings of the sandbox. Nothing here is secret and nothing here is fit for the internet.

From the environment: PORT (web; the gateway takes the next one unless GATEWAY_PORT says otherwise), SANDBOX_VAR (folder
for database, media, queue, logs), DATABASE_URL and CELERY_BROKER_URL.
"""

import os
from pathlib import Path

from sandbox import database
from wagtail_sms.celeryconf import BEAT_SCHEDULE, local_broker


BASE_DIR = Path(__file__).resolve().parent
VAR_DIR = Path(os.environ.get("SANDBOX_VAR") or BASE_DIR.parent / "var").resolve()
PORT = int(os.environ.get("PORT") or 8000)
GATEWAY_PORT = int(os.environ.get("GATEWAY_PORT") or PORT + 1)
GATEWAY_URL = f"http://127.0.0.1:{GATEWAY_PORT}"
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = True
SECRET_KEY = "sandbox-only-never-use-this-key-anywhere-else"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "sandbox.venue",
    "wagtail_sms",
    "pwa",  # after wagtail_sms, whose templates replace its inline script
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wagtail.contrib.settings.context_processors.settings",
            ],
        },
    },
]

DATABASE_URL = os.environ.get("DATABASE_URL")
DATABASES = {"default": database.from_url(DATABASE_URL) if DATABASE_URL else database.sqlite(VAR_DIR / "sandbox.db")}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"

WAGTAIL_SITE_NAME = "wagtail-sms sandbox"
WAGTAILADMIN_BASE_URL = f"http://localhost:{PORT}"
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
# The demo's passwords are as long as its user names.
AUTH_PASSWORD_VALIDATORS = []
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]

BROKER_FILES = local_broker(VAR_DIR / "celery")
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or BROKER_FILES["broker_url"]
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {} if os.environ.get("CELERY_BROKER_URL") else BROKER_FILES["broker_transport_options"]
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE_FILENAME = BROKER_FILES["beat_schedule_filename"]
CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

GATEWAY_SIGNING_KEY = "sandbox-gateway-signing-key-of-at-least-32-bytes"
WAGTAIL_SMS = {
    "PROVIDERS": {
        "default": {
            "BACKEND": "wagtail_sms.providers.messagebird.MessageBirdProvider",
            "OPTIONS": {
                "ACCESS_KEY": "live_local_network",
                "SIGNING_KEY": GATEWAY_SIGNING_KEY,
                "REST_URL": f"{GATEWAY_URL}/",
                "NUMBERS_URL": f"{GATEWAY_URL}/v1/",
            },
        },
    },
    "WEBHOOK_BASE_URL": f"http://127.0.0.1:{PORT}",
    "PAYMENTS": {"default": {"BACKEND": "wagtail_sms.payments.dummy.DummyPayment"}},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"wagtail_sms": {"handlers": ["console"], "level": "INFO"}},
}
