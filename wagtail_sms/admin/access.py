"""Who may do what on which site: Django's permissions for every site, or Wagtail's per-site ones."""

from django.contrib.auth.models import Permission
from wagtail.models import GroupSitePermission


APP_LABEL = "wagtail_sms"
# Codenames an administrator can give to a group: for all sites, or for single ones.
EDITOR_RIGHTS = (
    "add_campaign",
    "send_campaign",
    "view_campaign",
    "view_subscriber",
    "change_subscriber",
    "delete_subscriber",
    "view_full_numbers_subscriber",
    "export_subscriber",
    "view_wallet",
    "change_smssettings",
    "change_pwasettings",
    "rebuild_pwa",
    "install_extension",
)
OPERATOR_RIGHTS = ("change_sender",)


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


def rights_to_give(codenames=EDITOR_RIGHTS + OPERATOR_RIGHTS):
    """The Permission rows an administrator can give."""
    return Permission.objects.filter(content_type__app_label=APP_LABEL, codename__in=codenames)
