"""What the app registers with Wagtail's admin."""

from django.urls import include, path
from wagtail import hooks
from wagtail.admin.admin_url_finder import register_admin_url_finder
from wagtail.permission_policies.sites import SitePermissionPolicy
from wagtail.permissions import register_permission_policy

from wagtail_sms import log_actions
from wagtail_sms.admin import (
    access,
    dashboard,
    groups,
    menu,
    prices_history,
    prices_rules,
    pwa,
    searching,
    settings,
    urls,
    wallets,
)
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.delivery.models import InboundEvent
from wagtail_sms.pwa.models import PwaBuild, PwaSettings
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


for model in (Campaign, Subscriber, InboundEvent, SmsSettings, PwaSettings, PwaBuild):
    register_permission_policy(model, SitePermissionPolicy(model))
for finder in (
    settings.SmsSettingsURLFinder,
    pwa.PwaSettingsURLFinder,
    pwa.PwaBuildURLFinder,
    wallets.WalletURLFinder,
    prices_rules.CountryRuleURLFinder,
    prices_history.PriceListURLFinder,
):
    register_admin_url_finder(finder.model, finder)

hooks.register("register_admin_menu_item", menu.notifications_menu)
hooks.register("register_admin_menu_item", menu.publish_menu)
hooks.register("register_admin_menu_item", menu.extensions_item)
hooks.register("register_settings_menu_item", menu.wallets_item)
hooks.register("register_settings_menu_item", menu.prices_item)
hooks.register("register_settings_menu_item", menu.uncertain_item)
hooks.register("register_settings_menu_item", menu.numbers_item)
hooks.register(menu.NOTIFICATIONS_HOOK, menu.sms_item)
hooks.register(menu.PUBLISH_HOOK, menu.pwa_item)
hooks.register("construct_homepage_summary_items", dashboard.add_summary_items)
hooks.register("construct_homepage_panels", dashboard.add_panel)
hooks.register("register_admin_search_area", searching.subscribers_area)
hooks.register("register_admin_search_area", searching.messages_area)
hooks.register("register_log_actions", log_actions.register)
hooks.register("register_permissions", access.rights_to_give)
hooks.register("register_group_permission_panel", lambda: groups.SiteRightsForm)


@hooks.register("register_icons")
def icons(icons):
    return [*icons, "wagtail_sms/admin/icons/mobile-slash.svg"]


@hooks.register("register_admin_urls")
def admin_urls():
    return [path("", include(urls))]
