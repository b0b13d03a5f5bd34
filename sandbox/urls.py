"""Addresses of the sandbox: the gateway's pages, the admin, the package, and Wagtail's pages."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path, re_path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from sandbox.gateway_proxy import gateway


urlpatterns = [
    re_path(r"^gateway/", gateway, name="gateway"),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    *staticfiles_urlpatterns(),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
    path("", include("wagtail_sms.urls")),
    path("", include(wagtail_urls)),
]
