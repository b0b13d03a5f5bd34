"""The tests' addresses, and the webhook that the intake is compared with."""

from django.urls import path

from benchmarks.baselines.get_and_save import report
from tests.urls import urlpatterns as theirs


urlpatterns = [path("get-and-save/", report), *theirs]
