"""Publish > PWA: a site's app as visitors install it, and the button that rebuilds it."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.panels import ObjectList
from wagtail.admin.views import generic
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from wagtail_sms.admin.look import language_choices
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.pwa_words import sentences
from wagtail_sms.admin.sites import for_site
from wagtail_sms.exceptions import BuildRefused
from wagtail_sms.extension import features_for
from wagtail_sms.pwa import builder, history
from wagtail_sms.pwa.models import PwaBuild, PwaSettings
from wagtail_sms.subscribers.settings import SmsSettings


PANEL = ObjectList(PwaSettings.panels).bind_to_model(PwaSettings)


class PwaPageMixin(SmsViewMixin):
    """A page of Publish > PWA: a site has a PWA with or without SMS notifications."""

    section = "pwa"
    permission = ("change_pwasettings", "rebuild_pwa")
    requires_installed = False


class PwaView(PwaPageMixin, generic.EditView):
    model = PwaSettings
    template_name = "wagtail_sms/admin/pwa/edit.html"
    page_title = gettext_lazy("PWA")
    header_icon = "tablet-alt"
    success_message = gettext_lazy("The settings are saved. Visitors get them when the PWA is rebuilt.")
    error_message = gettext_lazy("The settings could not be saved due to errors.")
    stylesheets = ("pwa.css",)

    def post(self, request, *args, **kwargs):
        if not self.may("change_pwasettings"):
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    def get_object(self, queryset=None):
        return PwaSettings.for_site(self.site)

    def get_panel(self):
        return PANEL

    def get_page_subtitle(self):
        return ""

    def get_edit_url(self):
        return reverse("wagtail_sms:pwa")

    def get_success_url(self):
        return self.address("pwa")

    def get_success_buttons(self):
        return None

    @cached_property
    def header_buttons(self):
        if not self.may("rebuild_pwa"):
            return []
        attrs = {
            "data-controller": "w-action",
            "data-action": "w-action#post",
            "data-w-action-url-value": for_site(reverse("wagtail_sms:pwa_rebuild"), self.site),
        }
        return [HeaderButton(_("Rebuild my PWA"), icon_name="rotate", attrs=attrs)]

    def get_context_data(self, **kwargs):
        build, features = builder.current_build(self.site), features_for(self.site)
        waiting = builder.changes_since(build, features=features)
        return super().get_context_data(
            build=build,
            builds=build_rows(self.site),
            has_sms=build is not None and "sms" in build.features,
            wants_sms="sms" in features,
            out_of_date=bool(waiting),
            waiting=sentences(waiting),
            look_languages=language_choices(SmsSettings.for_site(self.site)) if "sms" in features else [],
            may_change=self.may("change_pwasettings"),
            may_rebuild=self.may("rebuild_pwa"),
            may_install=self.may("install_extension"),
            **kwargs,
        )


class RebuildView(PwaPageMixin, View):
    """Makes a new build if anything changed; `force` makes one anyway."""

    permission = "rebuild_pwa"
    http_method_names = ["post"]

    def post(self, request):
        features, force = features_for(self.site), request.POST.get("force") == "1"
        try:
            outcome = builder.rebuild(self.site, by=request.user, features=features, force=force)
        except BuildRefused as refused:
            messages.error(request, problem_list(refused.problems))
        else:
            self.report(outcome)
        return self.lead_to("pwa")

    def report(self, outcome: builder.BuildOutcome) -> None:
        number = {"number": outcome.build.number}
        if not outcome.created:
            messages.info(self.request, _("Already up to date: build %(number)s has all your settings.") % number)
            return
        messages.success(
            self.request, _("Build %(number)s is ready. Visitors get it when they next open the site.") % number
        )


class PutBackView(PwaPageMixin, View):
    """Serves an earlier build again."""

    permission = "rebuild_pwa"
    http_method_names = ["post"]

    def post(self, request, pk):
        build = get_object_or_404(PwaBuild.objects.filter(site=self.site), pk=pk)
        number = {"number": build.number}
        try:
            history.put_back(build, by=request.user, features=features_for(self.site))
        except BuildRefused as refused:
            messages.error(request, " ".join(refused.problems))
        else:
            messages.success(
                request, _("Build %(number)s is served again. Visitors get it when they next open the site.") % number
            )
        return self.lead_to("pwa")


class SwitchOffView(PwaPageMixin, WagtailAdminTemplateMixin, TemplateView):
    """The kill switch. GET explains it and asks."""

    permission = "rebuild_pwa"
    http_method_names = ["get", "head", "post"]
    template_name = "wagtail_sms/admin/pwa/confirm_off.html"
    page_title = gettext_lazy("Switch the PWA off")
    header_icon = "tablet-alt"
    stylesheets = ("pwa.css",)

    def post(self, request):
        build = history.switch_off(self.site, by=request.user)
        if build is None:
            messages.info(request, _("This site has no PWA that could be switched off."))
        else:
            messages.success(request, _("The PWA is off. Build %(number)s can be put back.") % {"number": build.number})
        return self.lead_to("pwa")

    def get_context_data(self, **kwargs):
        build = builder.current_build(self.site)
        has_sms = build is not None and "sms" in build.features
        return super().get_context_data(build=build, has_sms=has_sms, **kwargs)


def build_rows(site) -> list[dict]:
    """The builds that are kept, the newest first, and what each of them changed."""
    builds = PwaBuild.objects.filter(site=site).select_related("created_by").order_by("-number")
    return [
        {"build": build, "changes": sentences(build.changes), "has_sms": "sms" in build.features} for build in builds
    ]


def problem_list(problems: list[str]):
    """The reasons why nothing was built, as a list."""
    items = format_html_join("", "<li>{}</li>", ((problem,) for problem in problems))
    return format_html("{}<ul>{}</ul>", _("Nothing was built. Please mend this first:"), items)


class PwaSettingsURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to Publish > PWA."""

    model = PwaSettings

    def construct_edit_url(self, instance):
        return for_site(reverse("wagtail_sms:pwa"), instance.site)


class PwaBuildURLFinder(PwaSettingsURLFinder):
    model = PwaBuild


urlpatterns = [
    path("pwa/", PwaView.as_view(), name="pwa"),
    path("pwa/rebuild/", RebuildView.as_view(), name="pwa_rebuild"),
    path("pwa/builds/<int:pk>/put-back/", PutBackView.as_view(), name="pwa_put_back"),
    path("pwa/off/", SwitchOffView.as_view(), name="pwa_off"),
]
