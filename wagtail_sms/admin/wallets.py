"""Settings > SMS credits: every site's wallet, for operators, who can give credits and take them."""

from functools import cache

from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.forms import Media
from django.urls import path, reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import DateColumn, TitleColumn
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.access import may
from wagtail_sms.admin.columns import WIDE, Look, NumberColumn, StateColumn
from wagtail_sms.admin.mixins import site_label
from wagtail_sms.credits import low, periods
from wagtail_sms.credits.models import Grant, Reservation, Wallet
from wagtail_sms.credits.purchase_models import Purchase
from wagtail_sms.delivery.silence import silences
from wagtail_sms.states import GrantKind


LOW = Look("warning", gettext_lazy("Low"), "warn")
ENOUGH = Look("circle-check", gettext_lazy("Enough"), "good")
SITE_GONE = Look("site", gettext_lazy("Site deleted"), "quiet")


class OperatorMixin:
    """A page about all sites, for those who have `permission` for all of them."""

    permission = "adjust_credits"

    def setup(self, request, *args, **kwargs):
        if not may(request.user, None, self.permission):
            raise PermissionDenied
        super().setup(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        names = ("shell.css", "sending.css", "money.css")
        css = [versioned_static(f"wagtail_sms/admin/{name}") for name in names]
        context["media"] = context.get("media", Media()) + Media(css={"all": css})
        # Asked for only by the pages that show it.
        context["sms_silence"] = cache(lambda: next(iter(silences()), None))
        context["sms_is_operator"] = True
        return context


class WalletsView(OperatorMixin, BaseListingView):
    model = Wallet
    page_title = gettext_lazy("SMS credits")
    header_icon = "tag"
    template_name = "wagtail_sms/admin/wallets/index.html"
    results_template_name = "wagtail_sms/admin/wallets/results.html"
    index_url_name = "wagtail_sms:wallets"
    index_results_url_name = "wagtail_sms:wallets_results"
    verbose_name_plural = gettext_lazy("wallets")
    is_searchable = True
    search_fields = ["site__site_name", "site__hostname"]
    default_ordering = "site__site_name"
    paginate_by = 50
    columns = [
        TitleColumn("name", label=gettext_lazy("Site"), get_url=lambda wallet: wallet_address(wallet)),
        NumberColumn("available", label=gettext_lazy("Left"), sort_key="available"),
        StateColumn("look", label=gettext_lazy("Level")),
        NumberColumn("free", label=gettext_lazy("Free"), classname=WIDE),
        NumberColumn("bought", label=gettext_lazy("Bought or given"), sort_key="bought", classname=WIDE),
        NumberColumn("reserved", label=gettext_lazy("Held"), classname=WIDE),
        NumberColumn("spent", label=gettext_lazy("Spent this month"), sort_key="spent", classname=WIDE),
        DateColumn("last_purchase", label=gettext_lazy("Last purchase"), sort_key="last_purchase", classname=WIDE),
    ]

    def get_base_queryset(self):
        return with_figures(Wallet.objects.select_related("site"), now=timezone.now())

    def order_queryset(self, queryset):
        """Wallets of deleted sites last, and no two pages in different orders."""
        descending = (self.ordering or "").startswith("-")
        column = F(self.ordering.lstrip("-"))
        order = column.desc(nulls_last=True) if descending else column.asc(nulls_last=True)
        return queryset.order_by(order, "site__hostname", "site__port", "pk")

    def get_valid_orderings(self):
        return [*super().get_valid_orderings(), self.default_ordering]

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_table(self, object_list):
        return super().get_table([described(wallet) for wallet in object_list])


class WalletsResultsView(WalletsView):
    results_only = True


class WalletURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to the wallet."""

    model = Wallet

    def construct_edit_url(self, instance):
        return wallet_address(instance) if may(self.user, None, "adjust_credits") else None


def with_figures(wallets, *, now):
    """Add `free`, `bought`, `spent` (this month, counted as the report on spending does) and `last_purchase`."""
    grants = Grant.objects.usable(now).filter(wallet=OuterRef("pk"))
    since = periods.start_of(periods.period_of(now))
    spent = Reservation.objects.filter(wallet=OuterRef("pk"), created_at__gte=since)
    paid = Purchase.objects.filter(wallet=OuterRef("pk"), paid_at__isnull=False).order_by("-paid_at")
    return wallets.annotate(
        free=_sum(grants.filter(kind=GrantKind.FREE), Sum("available")),
        bought=_sum(grants.exclude(kind=GrantKind.FREE), Sum("available")),
        spent=_sum(spent, Sum(F("captured") - F("refunded"))),
        last_purchase=Subquery(paid.values("paid_at")[:1]),
    )


def _sum(rows, total):
    return Coalesce(Subquery(rows.order_by().values("wallet").annotate(total=total).values("total")), 0)


def described(wallet: Wallet) -> Wallet:
    """The wallet with `name` and `look`, as the pages show them."""
    wallet.name = site_label(wallet.site) if wallet.site else str(wallet)
    enough = wallet.free + wallet.bought >= low.threshold_of(wallet)
    wallet.look = SITE_GONE if wallet.site is None else ENOUGH if enough else LOW
    return wallet


def wallet_address(wallet: Wallet) -> str:
    return reverse("wagtail_sms:wallet", args=[wallet.pk])


urlpatterns = [
    path("sms/wallets/", WalletsView.as_view(), name="wallets"),
    path("sms/wallets/results/", WalletsResultsView.as_view(), name="wallets_results"),
]
