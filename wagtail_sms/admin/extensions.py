"""Extensions: what a site can install, and the SMS notifications it has."""

from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_sms import extension
from wagtail_sms.admin.mixins import SmsViewMixin, site_label
from wagtail_sms.admin.sites import for_site
from wagtail_sms.admin.tabs import tabs_for
from wagtail_sms.conf import app_settings
from wagtail_sms.exceptions import PWARequired
from wagtail_sms.phone import display
from wagtail_sms.pwa import builder
from wagtail_sms.senders.models import SenderNumber
from wagtail_sms.senders.provisioning import sender_for
from wagtail_sms.states import SenderStatus


class ExtensionPageMixin(SmsViewMixin):
    """A page of Extensions: reachable before anything is installed."""

    section = "extensions"
    permission = "install_extension"
    requires_installed = False


class ExtensionsView(ExtensionPageMixin, WagtailAdminTemplateMixin, TemplateView):
    page_title = gettext_lazy("Extensions")
    header_icon = "plus-inverse"
    template_name = "wagtail_sms/admin/extensions/index.html"
    stylesheets = ("extensions.css",)

    def get_context_data(self, **kwargs):
        features = extension.features_for(self.site)
        build, sender = builder.current_build(self.site), sender_of(self.site)
        return super().get_context_data(
            extension=extension.extension_for(self.site),
            installed="sms" in features,
            build=build,
            out_of_date=builder.is_out_of_date(self.site, features=features),
            stale_popup=not features and builder.serves_sms(self.site),
            sender=sender,
            sender_number=display(sender.number) if sender else "",
            pwa_url=for_site(reverse("wagtail_sms:pwa"), self.site),
            may_rebuild=self.may("rebuild_pwa"),
            may_build=self.may("rebuild_pwa", "change_pwasettings"),
            first_tab=next(iter(tabs_for(self.request.user, self.site)), None),
            free_credits=number_format(app_settings.FREE_CREDITS_PER_MONTH, force_grouping=True),
            **kwargs,
        )


class InstallView(ExtensionPageMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        if extension.is_installed(self.site):
            messages.info(request, _("SMS notifications were already installed on %(site)s.") % self.names)
            return self.lead_to("extensions")
        try:
            installed = extension.install(self.site, by=request.user)
        except PWARequired as error:
            messages.error(request, error.message)
            return self.lead_to("extensions")
        log(instance=installed, action="wagtail_sms.install", user=request.user)
        messages.success(request, _("SMS notifications are installed on %(site)s.") % self.names)
        return self.lead_to("extensions")

    @property
    def names(self) -> dict:
        return {"site": site_label(self.site)}


class UninstallView(ExtensionPageMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        if extension.is_installed(self.site):
            extension.uninstall(self.site)
            log(instance=extension.extension_for(self.site), action="wagtail_sms.uninstall", user=request.user)
        messages.success(
            request, _("SMS notifications are no longer installed on %(site)s.") % {"site": site_label(self.site)}
        )
        return self.lead_to("extensions")


def sender_of(site) -> SenderNumber | None:
    """The number the site texts from, else the one it is waiting for."""
    wanted = SenderNumber.objects.filter(site=site, status__in=(SenderStatus.REQUESTED, SenderStatus.FAILED))
    return sender_for(site) or wanted.first()


urlpatterns = [
    path("extensions/", ExtensionsView.as_view(), name="extensions"),
    path("extensions/sms/install/", InstallView.as_view(), name="extension_install"),
    path("extensions/sms/uninstall/", UninstallView.as_view(), name="extension_uninstall"),
]
