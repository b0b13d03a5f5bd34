from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailSMSAppConfig(AppConfig):
    """The one Django app of the package; everything in it shares the label `wagtail_sms`."""

    name = "wagtail_sms"
    label = "wagtail_sms"
    verbose_name = _("SMS notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from wagtail_sms import checks  # noqa: F401
