"""The public addresses. Include them at the root, before django-pwa's and Wagtail's."""

from django.urls import include, path

from wagtail_sms.public import confirm, opt_in, opt_out, pwa


urlpatterns = [
    # The same paths and names as django-pwa's, so that its templates and a host's links go on working.
    path("serviceworker.js", pwa.worker, name="serviceworker"),
    path("manifest.json", pwa.manifest, name="manifest"),
    path("offline/", pwa.offline, name="offline"),
    path("pwa/boot.js", pwa.boot, name="wagtail_sms_pwa_boot"),
    path("pwa/signup.css", pwa.signup_styles, name="wagtail_sms_pwa_styles"),
    path("pwa/icons/<str:name>", pwa.icon, name="wagtail_sms_pwa_icon"),
    path("pwa/b/<str:build_id>/<str:name>", pwa.build_file, name="wagtail_sms_pwa_file"),
    path("sms/subscribe/", opt_in.subscribe, name="wagtail_sms_subscribe"),
    path("sms/confirm/<str:ticket>", confirm.confirm, name="wagtail_sms_confirm"),
    path("sms/stop/<str:token>", opt_out.opt_out, name="wagtail_sms_opt_out"),
    # Webhooks of the SMS provider.
    path("sms/hooks/", include("wagtail_sms.webhooks")),
]
