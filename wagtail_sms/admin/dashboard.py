"""What stands on the admin's home: figures beside Wagtail's own, and a panel with what is wrong or waits."""

from django.forms import Media
from wagtail.admin.site_summary import SummaryItem
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.components import Component

from wagtail_sms.admin.alerts import dashboard_of
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.sites import all_sites
from wagtail_sms.admin.tabs import tab


class SmsSummaryItem(SummaryItem):
    """A figure beside Wagtail's own, about the site the user works on."""

    rights: tuple[str, ...] = ()

    def __init__(self, request):
        super().__init__(request)
        self.dashboard = dashboard_of(request)

    def is_shown(self) -> bool:
        return self.dashboard.may(*self.rights)

    def get_context_data(self, parent_context):
        return {"site_name": site_label(self.dashboard.site), "count": self.count, "url": self.url}


class CreditsSummaryItem(SmsSummaryItem):
    order = 700
    rights = ("view_wallet",)
    template_name = "wagtail_sms/admin/dashboard/credits.html"

    @property
    def count(self) -> int:
        return self.dashboard.available

    @property
    def url(self) -> str:
        return self.dashboard.address("credits")


class CampaignsSummaryItem(SmsSummaryItem):
    """The messages that are being sent, while there are any."""

    order = 710
    rights = tab("history").rights
    template_name = "wagtail_sms/admin/dashboard/campaigns.html"

    def is_shown(self) -> bool:
        return super().is_shown() and self.count > 0

    @property
    def count(self) -> int:
        return self.dashboard.wallet.sending

    @property
    def url(self) -> str:
        return self.dashboard.address("history")


class SmsPanel(Component):
    """What is wrong or waits; nothing at all when there is nothing."""

    name = "wagtail_sms"
    order = 205
    template_name = "wagtail_sms/admin/dashboard/panel.html"

    def __init__(self, request):
        self.dashboard = dashboard_of(request)

    def get_context_data(self, parent_context):
        site, several = self.dashboard.site, len(all_sites(self.dashboard.user)) > 1
        return {"alerts": self.dashboard.alerts, "site_name": site_label(site) if site and several else ""}

    @property
    def media(self) -> Media:
        return Media(css={"all": [versioned_static("wagtail_sms/admin/dashboard.css")]})


def add_summary_items(request, items) -> None:
    """The `construct_homepage_summary_items` hook."""
    items += [CreditsSummaryItem(request), CampaignsSummaryItem(request)]


def add_panel(request, panels) -> None:
    """The `construct_homepage_panels` hook."""
    panels.append(SmsPanel(request))
