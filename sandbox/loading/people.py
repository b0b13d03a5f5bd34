"""Who may sign in, and what each may do on which site. Every password is the user's name."""

from django.contrib.auth.models import Group, Permission, User
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, GroupSitePermission, Site

from wagtail_sms.admin.access import EDITOR_RIGHTS, rights_to_give


READING = ("view_campaign", "view_subscriber", "view_wallet")
PAGE_RIGHTS = ("add_page", "change_page", "publish_page")
IMAGE_RIGHTS = ("add_image", "choose_image")


def load_people(first: Site, second: Site) -> User:
    """Groups and users; returns the administrator."""
    editors = _group("Halle Nord editors", first, EDITOR_RIGHTS)
    writers = _group("Halle Nord writers", first, READING)
    workshop = _group("Atelier Sud editors", second, EDITOR_RIGHTS)
    admin = _user("admin", "Ada", "Admin", is_superuser=True, is_staff=True)
    _user("editor", "Edda", "Editor").groups.add(editors)
    _user("writer", "Wim", "Writer").groups.add(writers)
    _user("south", "Sol", "Sud").groups.add(workshop)
    return admin


def _user(name: str, first_name: str, last_name: str, **flags) -> User:
    user, created = User.objects.get_or_create(
        username=name,
        defaults={
            "first_name": first_name,
            "last_name": last_name,
            "email": f"{name}@sandbox.example",
            **flags,
        },
    )
    if created:
        user.set_password(name)
        user.save(update_fields=["password"])
    return user


def _group(name: str, site: Site, rights: tuple[str, ...]) -> Group:
    """A group that writes the pages of one site and has these rights of the package there, nowhere else."""
    group, created = Group.objects.get_or_create(name=name)
    if not created:
        return group
    group.permissions.add(_permission("wagtailadmin", "access_admin"))
    for codename in PAGE_RIGHTS:
        permission = _permission("wagtailcore", codename)
        GroupPagePermission.objects.create(group=group, page=site.root_page, permission=permission)
    library = Collection.get_first_root_node()
    for codename in IMAGE_RIGHTS:
        permission = _permission("wagtailimages", codename)
        GroupCollectionPermission.objects.create(group=group, collection=library, permission=permission)
    for permission in rights_to_give(rights):
        GroupSitePermission.objects.create(group=group, site=site, permission=permission)
    return group


def _permission(app: str, codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label=app, codename=codename)
