"""Settings > Uncertain SMS: what no lookup could settle, on all sites, for operators, who say what became of it."""

from dataclasses import dataclass

from django.http import Http404
from django.urls import path, reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.access import may
from wagtail_sms.admin.doubts import DECIDE, decide_url
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.admin.sites import for_site
from wagtail_sms.admin.tabs import tab
from wagtail_sms.admin.wallets import OperatorMixin
from wagtail_sms.delivery import doubt
from wagtail_sms.delivery.doubt import Both, Doubt
from wagtail_sms.delivery.models import Decision
from wagtail_sms.states import NoticePurpose, Verdict


LATEST = 10


@dataclass(frozen=True, slots=True)
class Row:
    """Texts that are decided together. `links` are (verdict, address), none while they are still looked up."""

    site: str
    name: str
    url: str
    doubt: Doubt
    links: tuple[tuple[Verdict, str], ...] = ()


class UncertainMixin(OperatorMixin):
    """A page below Settings > Uncertain SMS."""

    permission = DECIDE
    header_icon = "help"

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("wagtail_sms:uncertain"), "label": UncertainView.page_title},
            {"url": "", "label": self.get_page_title()},
        ]


class UncertainView(UncertainMixin, WagtailAdminTemplateMixin, TemplateView):
    """Messages and texts to single people in doubt, those that wait for a decision first, and the latest decisions."""

    page_title = gettext_lazy("Uncertain SMS")
    template_name = "wagtail_sms/admin/uncertain/index.html"

    def get_breadcrumbs_items(self):
        home, own, _same = super().get_breadcrumbs_items()
        return [home, {**own, "url": ""}]

    def get_context_data(self, **kwargs):
        now = timezone.now()
        rows = [row for campaign, both in doubt.by_campaign(now=now).items() for row in self._of(campaign, both)]
        rows += [row for key, both in doubt.by_purpose(now=now).items() for row in _of_notices(*key, both)]
        latest = Decision.objects.select_related("site", "decided_by", "campaign").order_by("-pk")[:LATEST]
        return super().get_context_data(
            to_decide=[row for row in rows if row.links],
            looked_up=[row for row in rows if not row.links],
            latest=[(site_label(decision.site), decision) for decision in latest],
            **kwargs,
        )

    def _of(self, campaign, both: Both) -> list[Row]:
        links = tuple((verdict, decide_url(campaign, verdict)) for verdict in Verdict)
        url = campaign_url(self.request.user, campaign)
        return _rows(site_label(campaign.site), campaign_name(campaign), url, both, links)


def _of_notices(site, purpose: str, both: Both) -> list[Row]:
    links = tuple(
        (verdict, reverse("wagtail_sms:decide_notices", args=[site.pk, purpose, verdict])) for verdict in Verdict
    )
    return _rows(site_label(site), NoticePurpose(purpose).label, "", both, links)


def _rows(site: str, name: str, url: str, both: Both, links: tuple) -> list[Row]:
    found = ((both.to_decide, links), (both.looked_up, ()))
    return [Row(site, name, url, one, ways) for one, ways in found if one]


def campaign_name(campaign) -> str:
    return _("Message %(number)s") % {"number": campaign.pk}


def campaign_url(user, campaign) -> str:
    """The message's own page for those who may open it; "" for an operator without rights on the site."""
    if not may(user, campaign.site, *tab("history").rights):
        return ""
    return for_site(reverse("wagtail_sms:campaign", args=[campaign.pk]), campaign.site)


def verdict_or_404(value: str) -> Verdict:
    try:
        return Verdict(value)
    except ValueError as error:
        raise Http404 from error


urlpatterns = [path("sms/uncertain/", UncertainView.as_view(), name="uncertain")]
