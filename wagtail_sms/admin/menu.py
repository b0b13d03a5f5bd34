"""The entries of the admin's menu, each shown when the current site has something for the user behind it."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem

from wagtail_sms.admin.access import may
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.sites import current_site, installed_site
from wagtail_sms.admin.tabs import TAB_RIGHTS, tabs_for


NOTIFICATIONS_HOOK = "register_notifications_menu_item"
PUBLISH_HOOK = "register_publish_menu_item"
PWA_RIGHTS = ("change_pwasettings", "rebuild_pwa")


class SmsMenuItem(MenuItem):
    """Notifications > SMS: there once the feature is installed on the current site."""

    def is_shown(self, request) -> bool:
        return installed_site(request, *TAB_RIGHTS) is not None


class RightsMenuItem(MenuItem):
    """Shown to those who have one of `rights` on any site."""

    def __init__(self, *args, rights: tuple[str, ...], **kwargs):
        super().__init__(*args, **kwargs)
        self.rights = rights

    def is_shown(self, request) -> bool:
        return current_site(request, *self.rights) is not None


class OperatorMenuItem(RightsMenuItem):
    """Shown to those who have one of `rights` for all sites."""

    def is_shown(self, request) -> bool:
        return may(request.user, None, *self.rights)


class FirstTabView(SmsViewMixin, RedirectView):
    """`/sms/` itself: the first tab the user may open."""

    section = "index"
    permission = TAB_RIGHTS

    def get_redirect_url(self, *args, **kwargs):
        return tabs_for(self.request.user, self.site)[0].url


def notifications_menu() -> MenuItem:
    menu = Menu(register_hook_name=NOTIFICATIONS_HOOK)
    return SubmenuMenuItem(_("Notifications"), menu, name="notifications", icon_name="mail", order=250)


def sms_item() -> MenuItem:
    return SmsMenuItem(_("SMS"), reverse("wagtail_sms:index"), name="sms", icon_name="mobile-alt", order=100)


def publish_menu() -> MenuItem:
    menu = Menu(register_hook_name=PUBLISH_HOOK)
    return SubmenuMenuItem(_("Publish"), menu, name="publish", icon_name="upload", order=260)


def pwa_item() -> MenuItem:
    url = reverse("wagtail_sms:pwa")
    return RightsMenuItem(_("PWA"), url, name="pwa", icon_name="tablet-alt", order=100, rights=PWA_RIGHTS)


def extensions_item() -> MenuItem:
    return RightsMenuItem(
        _("Extensions"),
        reverse("wagtail_sms:extensions"),
        name="extensions",
        icon_name="plus-inverse",
        order=8000,
        rights=("install_extension",),
    )


def wallets_item() -> MenuItem:
    return OperatorMenuItem(
        _("SMS credits"),
        reverse("wagtail_sms:wallets"),
        name="sms-credits",
        icon_name="tag",
        order=900,
        rights=("adjust_credits",),
    )


def numbers_item() -> MenuItem:
    return OperatorMenuItem(
        _("SMS numbers"),
        reverse("wagtail_sms:all_numbers"),
        name="sms-numbers",
        icon_name="mobile-alt",
        order=920,
        rights=("change_sender",),
    )


def prices_item() -> MenuItem:
    return OperatorMenuItem(
        _("SMS prices"),
        reverse("wagtail_sms:all_prices"),
        name="sms-prices",
        icon_name="globe",
        order=910,
        rights=("change_prices",),
    )


def uncertain_item() -> MenuItem:
    return OperatorMenuItem(
        _("Uncertain SMS"),
        reverse("wagtail_sms:uncertain"),
        name="sms-uncertain",
        icon_name="help",
        order=920,
        rights=("adjust_credits",),
    )
