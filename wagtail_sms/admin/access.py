"""Who may do what on which site: Django's permissions for every site, or Wagtail's per-site ones."""

from django.contrib.auth.models import Permission
from django.utils.translation import gettext_lazy as _
from wagtail.models import GroupSitePermission


APP_LABEL = "wagtail_sms"
# What an administrator can give to a group, for all sites or for single ones, by the permission's codename.
EDITOR_RIGHTS = {
    "add_campaign": _("Write messages and see what they cost"),
    "send_campaign": _("Send messages"),
    "view_campaign": _("See the messages sent"),
    "view_subscriber": _("See the subscribers, their numbers hidden"),
    "view_full_numbers_subscriber": _("See full phone numbers"),
    "change_subscriber": _("Switch subscribers off and on"),
    "delete_subscriber": _("Delete subscribers"),
    "export_subscriber": _("Export subscribers"),
    "import_subscriber": _("Import subscribers who agreed elsewhere"),
    "view_inboundevent": _("Read what people text to the site"),
    "view_wallet": _("See the credits"),
    "buy_credits": _("Buy credits"),
    "change_smssettings": _("Change the texts and the popup"),
    "change_pwasettings": _("Change the settings of the PWA"),
    "rebuild_pwa": _("Rebuild the PWA, put a build back, switch it off"),
    "install_extension": _("Install and uninstall SMS notifications"),
}
OPERATOR_RIGHTS = ("adjust_credits", "change_prices", "change_sender")


def may(user, site, *rights: str) -> bool:
    """Whether the user has any of the rights (codenames such as "send_campaign") on this site."""
    if not user.is_active:
        return False
    if any(user.has_perm(f"{APP_LABEL}.{right}") for right in rights):
        return True
    return site is not None and any((right, site.pk) in site_rights(user) for right in rights)


def site_rights(user) -> set[tuple[str, int]]:
    """The rights the user's groups have on single sites, as (codename, site id). One query per user object."""
    if not hasattr(user, "_wagtail_sms_site_rights"):
        given = GroupSitePermission.objects.filter(
            group__user=user, permission__content_type__app_label=APP_LABEL
        ).values_list("permission__codename", "site_id")
        user._wagtail_sms_site_rights = set(given)
    return user._wagtail_sms_site_rights


def rights_to_give(codenames=(*EDITOR_RIGHTS, *OPERATOR_RIGHTS)):
    """The Permission rows an administrator can give."""
    return Permission.objects.filter(content_type__app_label=APP_LABEL, codename__in=codenames)
