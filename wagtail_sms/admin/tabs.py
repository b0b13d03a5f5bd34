"""The tabs of Notifications > SMS, each shown to those who may open it on the current site."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from wagtail_sms.admin.access import may


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: `name` is the section of its views, `rights` are the codenames of which one is enough."""

    name: str
    label: str
    rights: tuple[str, ...]

    @property
    def url(self) -> str:
        return reverse(f"wagtail_sms:{self.name}")


TABS = (
    Tab("send", _("Send"), ("add_campaign", "send_campaign")),
    Tab("subscribers", _("Subscribers"), ("view_subscriber", "change_subscriber", "delete_subscriber")),
    Tab("inbox", _("Inbox"), ("view_inboundevent",)),
    Tab("history", _("History"), ("view_campaign", "add_campaign", "send_campaign")),
    Tab("credits", _("Credits"), ("view_wallet",)),
    Tab("settings", _("Settings"), ("change_smssettings",)),
)
TAB_RIGHTS = tuple(dict.fromkeys(right for tab in TABS for right in tab.rights))


def tab(name: str) -> Tab:
    return next(tab for tab in TABS if tab.name == name)


def tabs_for(user, site) -> list[Tab]:
    """The tabs the user may open on this site, in their order."""
    return [tab for tab in TABS if may(user, site, *tab.rights)]
