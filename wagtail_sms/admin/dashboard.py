"""The admin's home: what the site the user works on has left and is sending, and what waits for this user.

Everything is about one site, but for what operators decide for all of them.
"""

from dataclasses import dataclass
from functools import cached_property

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import Media
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin.site_summary import SummaryItem
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.components import Component

from wagtail_sms.admin.access import may
from wagtail_sms.admin.doubts import DECIDE
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.sites import all_sites, choose, for_site, installed_site_ids, sites_for
from wagtail_sms.admin.tabs import TAB_RIGHTS, tab, tabs_for
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger, low, purchases
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery import heartbeat, inbox
from wagtail_sms.delivery.doubt import Both, uncertain_batches, uncertain_notices
from wagtail_sms.delivery.silence import silences
from wagtail_sms.extension import features_for
from wagtail_sms.pwa import builder
from wagtail_sms.states import CampaignStatus


APP_RIGHTS = ("change_pwasettings", "rebuild_pwa")
# Comparing a build with the settings draws all its files in words: too much for every look at the home page.
BUILD_LOOKED_AT_EVERY = 60  # seconds


@dataclass(frozen=True, slots=True)
class Alert:
    """One line of the panel: what is wrong or waits, and the page on which something can be done about it."""

    sentence: str
    link: str
    url: str
    icon: str = "warning"


class Dashboard:
    """What there is to say to one user in one request. Asked for once, by the summary and by the panel."""

    def __init__(self, request):
        self.request, self.user, self.now = request, request.user, timezone.now()

    @cached_property
    def site(self):
        """The site the user works on, if SMS notifications are installed there."""
        installed, own = set(installed_site_ids()), sites_for(self.user)
        usable = [site for site in own if site.pk in installed or may(self.user, site, "install_extension")]
        site = choose(self.request, usable)
        return site if site is not None and site.pk in installed else None

    def may(self, *rights: str) -> bool:
        return self.site is not None and may(self.user, self.site, *rights)

    def address(self, name: str, **query: str) -> str:
        more = "".join(f"&{key}={value}" for key, value in query.items())
        return for_site(reverse(f"wagtail_sms:{name}"), self.site) + more

    @cached_property
    def available(self) -> int:
        return ledger.balance(self.site, now=self.now).available

    @cached_property
    def wallet(self) -> Wallet:
        """The site's wallet, with what else is counted of the site: one query for all."""
        campaigns = Campaign.objects.filter(site=OuterRef("site"))
        texts = inbox.waiting(OuterRef("site"))
        return Wallet.objects.annotate(
            sending=_count(campaigns.filter(status__in=(CampaignStatus.QUEUED, CampaignStatus.SENDING))),
            paused=_count(campaigns.filter(status=CampaignStatus.PAUSED)),
            texts=_count(texts),
        ).get(site=self.site)

    @cached_property
    def alerts(self) -> list[Alert]:
        """What is wrong first, then what waits."""
        asked = (self.workers, self.silence, self.credits, self.paused, self.texts, self.doubts, self.app)
        return [alert for ask in asked if (alert := ask()) is not None]

    def workers(self) -> Alert | None:
        if not self.may(*TAB_RIGHTS):
            return None
        seen = heartbeat.last(heartbeat.SWEEP)
        if seen is not None and self.now - seen < heartbeat.SWEEP_IS_LATE:
            return None
        sentence = _(
            "Nothing is sent now: the workers that send have not been heard of. Tell the operator of the site."
        )
        return Alert(sentence, *self.first_tab, icon="circle-xmark")

    def silence(self) -> Alert | None:
        found = next(iter(silences(now=self.now)), None) if self.may(*TAB_RIGHTS) else None
        if found is None:
            return None
        sentence = _("Messages go out, but since %(since)s no delivery report has come in. Replies may be lost, too.")
        since = date_format(timezone.localtime(found.since), "j M H:i")
        return Alert(sentence % {"since": since}, *self.first_tab, icon="circle-xmark")

    @property
    def first_tab(self) -> tuple[str, str]:
        """The page that says more of what is wrong with the network: every tab does."""
        found = tabs_for(self.user, self.site)[0]
        return _("See more"), for_site(found.url, self.site)

    def credits(self) -> Alert | None:
        if not self.may("view_wallet", "buy_credits"):
            return None
        if self.available >= low.threshold_of(self.wallet):
            return None
        sentence = ngettext(
            "Credits run low: %(number)s credit is left.",
            "Credits run low: %(number)s credits are left.",
            self.available,
        )
        can_buy = self.may("buy_credits") and purchases.may_buy()
        link = (_("Buy credits"), "buy_credits") if can_buy else (_("See the credits"), "credits")
        if not can_buy and not self.may("view_wallet"):
            return None
        return Alert(sentence % {"number": intcomma(self.available)}, link[0], self.address(link[1]))

    def paused(self) -> Alert | None:
        count = self.wallet.paused if self.may(*tab("history").rights) else 0
        if not count:
            return None
        sentence = ngettext("%(number)s message is paused.", "%(number)s messages are paused.", count)
        return Alert(
            sentence % {"number": intcomma(count)},
            _("See the history"),
            self.address("history", status=CampaignStatus.PAUSED),
        )

    def texts(self) -> Alert | None:
        count = self.wallet.texts if self.may(*tab("inbox").rights) else 0
        if not count:
            return None
        sentence = ngettext(
            "%(number)s incoming text may ask to stop and waits for you.",
            "%(number)s incoming texts may ask to stop and wait for you.",
            count,
        )
        return Alert(
            sentence % {"number": intcomma(count)}, _("Read and decide"), self.address("inbox", taken="waiting"), "mail"
        )

    def doubts(self) -> Alert | None:
        """For operators, who decide them for all sites."""
        if not may(self.user, None, DECIDE):
            return None
        batches, notices = (
            Both.of(rows, now=self.now).to_decide for rows in (uncertain_batches(), uncertain_notices())
        )
        people = sum(found.people for found in (batches, notices) if found)
        if not people:
            return None
        sentence = ngettext(
            "On all sites together, %(people)s text is uncertain and waits for your decision.",
            "On all sites together, %(people)s texts are uncertain and wait for your decision.",
            people,
        )
        return Alert(sentence % {"people": intcomma(people)}, _("Decide"), reverse("wagtail_sms:uncertain"), "help")

    def app(self) -> Alert | None:
        if not self.may(*APP_RIGHTS) or not self.is_app_out_of_date():
            return None
        sentence = _("The PWA that visitors get is older than its settings.")
        return Alert(sentence, _("Go to Publish > PWA"), self.address("pwa"), "rotate")

    def is_app_out_of_date(self) -> bool:
        build = builder.current_build(self.site)
        if build is None:
            return False
        key = f"wagtail_sms:out-of-date:{build.pk}"
        found = cache.get(key)
        if found is None:
            found = bool(builder.changes_since(build, features=features_for(self.site)))
            cache.set(key, found, BUILD_LOOKED_AT_EVERY)
        return found


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


def _count(rows: QuerySet) -> Coalesce:
    """How many rows there are of the site of the row outside."""
    counted = rows.order_by().values("site").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def dashboard_of(request) -> Dashboard:
    if not hasattr(request, "_wagtail_sms_dashboard"):
        request._wagtail_sms_dashboard = Dashboard(request)
    return request._wagtail_sms_dashboard


def add_summary_items(request, items) -> None:
    """The `construct_homepage_summary_items` hook."""
    items += [CreditsSummaryItem(request), CampaignsSummaryItem(request)]


def add_panel(request, panels) -> None:
    """The `construct_homepage_panels` hook."""
    panels.append(SmsPanel(request))
