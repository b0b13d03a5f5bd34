"""Credits > Prices by country: what a segment costs, since when, and what changed then."""

from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic import BaseListingView

from wagtail_sms.admin.access import may
from wagtail_sms.admin.columns import WIDE, NumberColumn
from wagtail_sms.admin.mixins import SmsViewMixin
from wagtail_sms.admin.prices_changes import counted, last_change
from wagtail_sms.admin.prices_rows import FOR_HOW_MANY, matching, ordered, rows_of
from wagtail_sms.pricing import lists
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.making import rates_of


CHANGES_SHOWN = 5


class PlaceColumn(Column):
    """A country with its code; `get_url` makes it a link."""

    cell_template_name = "wagtail_sms/admin/prices/country_cell.html"

    def __init__(self, *args, get_url=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.get_url = get_url

    def get_cell_context_data(self, instance, parent_context):
        context = super().get_cell_context_data(instance, parent_context)
        context["url"] = self.get_url(instance) if self.get_url else ""
        return context


class BasisColumn(Column):
    """Where the credits come from, or why there are none."""

    cell_template_name = "wagtail_sms/admin/prices/basis_cell.html"


class CountriesPaginator(WagtailPaginator):
    verbose_name = gettext_lazy("country")
    verbose_name_plural = gettext_lazy("countries")


PLACE = {"label": gettext_lazy("Country"), "sort_key": "country"}
CREDITS = NumberColumn("credits", label=gettext_lazy("Credits per segment"), sort_key="credits")
BASIS = BasisColumn("basis", label=gettext_lazy("Based on"))


class RatesView(BaseListingView):
    """A listing of the card in force. Its rows are few, made of names that no database knows, and no queryset."""

    page_title = gettext_lazy("Prices by country")
    header_icon = "globe"
    template_name = "wagtail_sms/admin/prices/index.html"
    results_template_name = "wagtail_sms/admin/prices/results.html"
    verbose_name_plural = gettext_lazy("countries")
    is_searchable = True
    default_ordering = "country"
    paginate_by = 100
    paginator_class = CountriesPaginator

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.card = current_card()

    def get_base_queryset(self):
        return rows_of(self.card, rates_of(self.card))

    def order_queryset(self, queryset):
        return ordered(queryset, self.ordering)

    def search_queryset(self, queryset):
        return ordered(matching(queryset, self.search_query), self.ordering) if self.is_searching else queryset

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context |= {"card": self.card, "for_how_many": FOR_HOW_MANY}
        if self.card and not self.results_only:
            changed, changes = last_change(self.card)
            context |= {"changed": changed, "changes": changes[:CHANGES_SHOWN], "more_changes": changes[CHANGES_SHOWN:]}
            context["change_counts"] = counted(changes)
        return context


class PricesView(SmsViewMixin, RatesView):
    """For editors: credits, never money. Operators are led to their own page."""

    section = "credits"
    stylesheets = ("sending.css", "prices.css")
    index_url_name = "wagtail_sms:prices"
    index_results_url_name = "wagtail_sms:prices_results"
    columns = [
        PlaceColumn("country", **PLACE),
        CREDITS,
        NumberColumn("example", label=gettext_lazy("For %(people)s people") % {"people": FOR_HOW_MANY}, classname=WIDE),
        BASIS,
    ]

    @property
    def is_operator(self) -> bool:
        return may(self.request.user, None, "change_prices")

    def get_breadcrumbs_items(self):
        *above, here = super().get_breadcrumbs_items()
        return [*above, {"url": self.address("credits"), "label": _("Credits")}, here]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["is_operator"] = self.is_operator
        context["refusals"] = lists.open_refusals()[:3] if self.is_operator and not self.results_only else []
        return context


class PricesResultsView(PricesView):
    results_only = True


urlpatterns = [
    path("sms/credits/prices/", PricesView.as_view(), name="prices"),
    path("sms/credits/prices/results/", PricesResultsView.as_view(), name="prices_results"),
]
