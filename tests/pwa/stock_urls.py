"""The same project before this app came: django-pwa as it is, at the same addresses."""

from django.urls import include, path
from pwa import urls as stock

from tests.urls import urlpatterns as ours


urlpatterns = [path("", include(stock)), *ours]
