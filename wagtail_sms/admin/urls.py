"""The addresses of the admin pages, under the host's admin root; namespace `wagtail_sms`."""

from django.urls import path

from wagtail_sms.admin import campaign, credits, extensions, history, pwa, send, settings, subscribers
from wagtail_sms.admin.menu import FirstTabView
from wagtail_sms.admin.sites import SwitchSiteView


app_name = "wagtail_sms"
urlpatterns = [
    path("sms/", FirstTabView.as_view(), name="index"),
    path("sms/switch-site/", SwitchSiteView.as_view(), name="switch_site"),
    *send.urlpatterns,
    *subscribers.urlpatterns,
    *history.urlpatterns,
    *campaign.urlpatterns,
    *credits.urlpatterns,
    *settings.urlpatterns,
    *extensions.urlpatterns,
    *pwa.urlpatterns,
]
