"""Subscribers and messages as places that Wagtail's search leads to, with what is typed there."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.search import SearchArea

from wagtail_sms.admin.sites import installed_site
from wagtail_sms.admin.tabs import Tab, tab


class TabSearchArea(SearchArea):
    """The list of one tab, for those who may open it on a site that has the feature."""

    def __init__(self, found: Tab, label, **options):
        super().__init__(label, reverse(f"wagtail_sms:{found.name}"), name=f"sms-{found.name}", **options)
        self.rights = found.rights

    def is_shown(self, request) -> bool:
        return installed_site(request, *self.rights) is not None


def subscribers_area() -> SearchArea:
    return TabSearchArea(tab("subscribers"), _("SMS subscribers"), icon_name="group", order=700)


def messages_area() -> SearchArea:
    return TabSearchArea(tab("history"), _("SMS messages"), icon_name="comment", order=710)
