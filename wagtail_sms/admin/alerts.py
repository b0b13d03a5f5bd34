"""What the admin's home says to one user of the site they work on: figures, and what is wrong or waits for them.

Everything is about one site, but for what operators decide for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_sms.admin.access import OPERATOR_RIGHTS, may
from wagtail_sms.admin.doubts import DECIDE
from wagtail_sms.admin.sites import for_site, installed_site
from wagtail_sms.admin.tabs import TAB_RIGHTS, tab, tabs_for
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.credits import ledger, low, purchases
from wagtail_sms.credits.models import Wallet
from wagtail_sms.delivery import heartbeat, inbox
from wagtail_sms.delivery.doubt import is_a_persons_turn, uncertain_batches, uncertain_notices
from wagtail_sms.delivery.silence import silences
from wagtail_sms.extension import features_for
from wagtail_sms.pwa import builder
from wagtail_sms.states import CampaignStatus


APP_RIGHTS = ("change_pwasettings", "rebuild_pwa")
# What takes many queries, or draws all the files of a build in words, is looked at so often for all who look.
REMEMBERED = 60  # seconds
# Of the requests in doubt, the first lost first: whose turn it is can be told by these.
DOUBTS_LOOKED_AT = 50


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
        return installed_site(self.request)

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
        sentence = _("Nothing is sent now: nothing was heard lately of the workers that send.")
        return Alert(f"{sentence} {self.advice}", *self.first_tab, icon="circle-xmark")

    def silence(self) -> Alert | None:
        if not self.may(*TAB_RIGHTS):
            return None
        found = next(iter(_remembered("wagtail_sms:silences", lambda: silences(now=self.now))), None)
        if found is None:
            return None
        sentence = _("Messages go out, but since %(since)s no delivery report has come in. Replies may be lost, too.")
        since = date_format(timezone.localtime(found.since), "j M H:i")
        return Alert(f"{sentence % {'since': since}} {self.advice}", *self.first_tab, icon="circle-xmark")

    @property
    def advice(self) -> str:
        if may(self.user, None, *OPERATOR_RIGHTS):
            return _("Run manage.py sms_doctor: it says what to look at.")
        return _("Tell the operator of the site.")

    @property
    def first_tab(self) -> tuple[str, str]:
        """A name and an address: the first page of the feature that the user may open."""
        found = tabs_for(self.user, self.site)[0]
        return _("Go to %(tab)s") % {"tab": found.label}, for_site(found.url, self.site)

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
        sentence %= {"number": intcomma(self.available)}
        if self.may("buy_credits") and purchases.may_buy():
            return Alert(sentence, _("Buy credits"), self.address("buy_credits"))
        return Alert(sentence, _("See the credits"), self.address("credits")) if self.may("view_wallet") else None

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
        lost = (row for rows in (uncertain_batches(), uncertain_notices()) for row in rows[:DOUBTS_LOOKED_AT])
        if not any(is_a_persons_turn(row, now=self.now) for row in lost):
            return None
        sentence = _("On one of the sites there are uncertain texts, which wait for your decision.")
        return Alert(sentence, _("Decide"), reverse("wagtail_sms:uncertain"), "help")

    def app(self) -> Alert | None:
        if not self.may(*APP_RIGHTS) or not self.is_app_out_of_date():
            return None
        sentence = _("The PWA that visitors get is older than its settings.")
        return Alert(sentence, _("Go to Publish > PWA"), self.address("pwa"), "rotate")

    def is_app_out_of_date(self) -> bool:
        build = builder.current_build(self.site)
        if build is None:
            return False
        return _remembered(
            f"wagtail_sms:out-of-date:{build.pk}",
            lambda: bool(builder.changes_since(build, features=features_for(self.site))),
        )


def dashboard_of(request) -> Dashboard:
    if not hasattr(request, "_wagtail_sms_dashboard"):
        request._wagtail_sms_dashboard = Dashboard(request)
    return request._wagtail_sms_dashboard


def _count(rows: QuerySet) -> Coalesce:
    """How many rows there are of the site of the row outside."""
    counted = rows.order_by().values("site").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _remembered(key: str, find: Callable[[], Any]) -> Any:
    """What was found lately, by anybody; never None."""
    found = cache.get(key)
    if found is None:
        found = find()
        cache.set(key, found, REMEMBERED)
    return found
