"""Settings > SMS prices: the card with its money, what is wrong with it, and the ways to change it. For operators."""

from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured
from django.forms import Media
from django.urls import path, reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.ui.tables import Column

from wagtail_sms.admin.columns import WIDE
from wagtail_sms.admin.prices import BASIS, CREDITS, PLACE, PlaceColumn, RatesView
from wagtail_sms.admin.wallets import OperatorMixin
from wagtail_sms.conf import app_settings
from wagtail_sms.credits.purchases import packs
from wagtail_sms.payments.money_text import digits
from wagtail_sms.pricing import lists
from wagtail_sms.pricing.making import list_in_use
from wagtail_sms.pricing.models import CountryRule, PriceList, RateCard, UnitPin
from wagtail_sms.pricing.reading import money_text


class OperatorPricesMixin(OperatorMixin):
    """A page below Settings > SMS prices."""

    permission = "change_prices"
    header_icon = "globe"

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("wagtail_sms:all_prices"), "label": _("SMS prices")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["media"] += Media(css={"all": [versioned_static("wagtail_sms/admin/prices.css")]})
        return context


class AllPricesView(OperatorPricesMixin, RatesView):
    page_title = gettext_lazy("SMS prices")
    template_name = "wagtail_sms/admin/prices/operator.html"
    index_url_name = "wagtail_sms:all_prices"
    index_results_url_name = "wagtail_sms:all_prices_results"
    columns = [
        PlaceColumn("country", get_url=lambda row: reverse("wagtail_sms:price_rule", args=[row.country]), **PLACE),
        CREDITS,
        Column(
            "price",
            label=gettext_lazy("Price"),
            accessor="price_text",
            sort_key="price",
            classname="wagtail-sms-number",
        ),
        Column("provider", label=gettext_lazy("Provider"), classname=WIDE),
        BASIS,
    ]

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if not self.results_only:
            context |= {
                "refusals": lists.open_refusals()[:3],
                "loss": loss_on(self.card) if self.card else None,
                "in_use": [(alias, with_its_source_told(list_in_use(alias))) for alias in app_settings.PROVIDERS],
                "rules": CountryRule.objects.count(),
                "pin": UnitPin.objects.order_by("-pk").first(),
                "unit": money_text(self.card.unit_price) if self.card else "",
            }
        return context


class AllPricesResultsView(AllPricesView):
    results_only = True


def with_its_source_told(price_list: PriceList | None) -> PriceList | None:
    """The list in use, whose source says so when it keeps the API's prices out."""
    if lists.is_from_a_file(price_list) and lists.kept_aside(price_list):
        sentence = _("%(file)s, which stays in force; the prices of the API are kept aside")
        price_list.source = sentence % {"file": price_list.source}
    return price_list


def loss_on(card: RateCard) -> dict | None:
    """What one credit costs and what it is sold for, when that is less; None otherwise, or if it can't be told."""
    try:
        offered = [pack for pack in packs() if pack.currency == card.currency]
    except ImproperlyConfigured:
        return None
    each = [Decimal(pack.price_cents) / pack.credits for pack in offered]
    cheapest = min(each, default=Decimal("Infinity")).scaleb(-digits(card.currency))
    if card.unit_price <= cheapest:
        return None
    return {"costs": money_text(card.unit_price), "sold": money_text(round(cheapest, 6)), "currency": card.currency}


urlpatterns = [
    path("sms/prices/", AllPricesView.as_view(), name="all_prices"),
    path("sms/prices/results/", AllPricesResultsView.as_view(), name="all_prices_results"),
]
