"""The history of prices: every rate card with why it was made, every price list with what became of it."""

from django.db.models import Count, Max
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn, UserColumn
from wagtail.admin.views.generic import BaseListingView, WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton

from wagtail_sms.admin.access import may
from wagtail_sms.admin.columns import WIDE, Look, NumberColumn, StateColumn
from wagtail_sms.admin.prices_changes import compared_cards, predecessor
from wagtail_sms.admin.prices_decisions import DecisionView
from wagtail_sms.admin.prices_operator import OperatorPricesMixin
from wagtail_sms.pricing import lists
from wagtail_sms.pricing.making import draft, list_in_use, offer_of
from wagtail_sms.pricing.models import PriceList, RateCard
from wagtail_sms.pricing.reading import money_text
from wagtail_sms.states import PriceListStatus


IN_USE = Look("circle-check", gettext_lazy("In use"), "good")
USED_BEFORE = Look("history", gettext_lazy("Used before"), "quiet")
REFUSED = Look("warning", gettext_lazy("Refused"), "bad")
ASIDE = Look("time", PriceListStatus.ASIDE.label, "quiet")


class HistoryMixin(OperatorPricesMixin):
    header_icon = "history"
    verbose_name_plural = ""
    paginate_by = 50
    template_name = "wagtail_sms/admin/prices/history.html"
    results_template_name = "wagtail_sms/admin/prices/history_results.html"


class CardsView(HistoryMixin, BaseListingView):
    """Every rate card, the newest first."""

    page_title = gettext_lazy("Price history")
    index_url_name = index_results_url_name = "wagtail_sms:price_history"
    verbose_name_plural = gettext_lazy("rate cards")
    columns = [
        TitleColumn(
            "reason",
            label=gettext_lazy("Rate card"),
            accessor=lambda card: card.reason or _("The first prices"),
            get_url=lambda card: reverse("wagtail_sms:rate_card", args=[card.pk]),
        ),
        DateColumn("created_at", label=gettext_lazy("In force since"), classname="wagtail-sms-once"),
        Column(
            "unit",
            label=gettext_lazy("One credit"),
            accessor=lambda card: unit_of(card),
            classname="wagtail-sms-number",
        ),
        NumberColumn("countries", label=gettext_lazy("Countries"), classname=WIDE),
        UserColumn("created_by", label=gettext_lazy("By"), classname=f"{WIDE} wagtail-sms-once"),
    ]

    def get_base_queryset(self):
        cards = RateCard.objects.select_related("created_by__wagtail_userprofile")
        return cards.annotate(countries=Count("rates")).order_by("-pk")

    def get_header_buttons(self):
        return [HeaderButton(_("Price lists"), url=reverse("wagtail_sms:price_lists"), icon_name="list-ul")]


class ListsView(HistoryMixin, BaseListingView):
    """Every price list that came in, with what the guards said."""

    page_title = gettext_lazy("Price lists")
    header_icon = "list-ul"
    index_url_name = index_results_url_name = "wagtail_sms:price_lists"
    verbose_name_plural = gettext_lazy("price lists")
    columns = [
        TitleColumn(
            "provider",
            label=gettext_lazy("Price list"),
            accessor=lambda price_list: title_of(price_list),
            get_url=lambda price_list: reverse("wagtail_sms:price_list", args=[price_list.pk]),
        ),
        StateColumn("status", label=gettext_lazy("Status"), accessor="look"),
        DateColumn("received_at", label=gettext_lazy("Received"), classname="wagtail-sms-once"),
        DateColumn("seen_at", label=gettext_lazy("Last seen"), classname=f"{WIDE} wagtail-sms-once"),
        UserColumn("created_by", label=gettext_lazy("By"), classname=f"{WIDE} wagtail-sms-once"),
    ]

    def get_base_queryset(self):
        return PriceList.objects.select_related("created_by__wagtail_userprofile").order_by("-pk")

    def get_table(self, object_list):
        in_use = ids_in_use()
        return super().get_table([described(price_list, in_use=in_use) for price_list in object_list])

    def get_header_buttons(self):
        return [HeaderButton(_("Rate cards"), url=reverse("wagtail_sms:price_history"), icon_name="history")]


class CardView(OperatorPricesMixin, WagtailAdminTemplateMixin, TemplateView):
    """One rate card: what it changed when it came into force."""

    template_name = "wagtail_sms/admin/prices/card.html"
    header_icon = "history"
    page_title = gettext_lazy("Rate card")

    def get_context_data(self, **kwargs):
        card = get_object_or_404(RateCard.objects.select_related("created_by"), pk=self.kwargs["pk"])
        before = predecessor(card)
        return super().get_context_data(
            shown_card=card,
            before=before,
            unit=unit_of(card),
            comparison=compared_cards(before, card) if before else None,
            countries=card.rates.count(),
            **kwargs,
        )


class ListView(DecisionView):
    """One price list; one that was refused or kept aside can be used anyway, with the difference in view."""

    template_name = "wagtail_sms/admin/prices/list.html"
    header_icon = "list-ul"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        found = PriceList.objects.select_related("created_by").annotate(rows=Count("prices"))
        self.price_list = described(get_object_or_404(found, pk=kwargs["pk"]))

    def get_page_title(self):
        return _("Price list: %(title)s") % {"title": title_of(self.price_list)}

    def get_context_data(self, **kwargs):
        problems = [*self.price_list.problem.splitlines(), *file_and_api(self.price_list)]
        can_be_used = lists.can_be_used(self.price_list)
        return super().get_context_data(
            price_list=self.price_list, problems=problems, can_be_used=can_be_used, **kwargs
        )

    def draft(self, data: dict):
        return draft(replacing={self.price_list.provider: offer_of(self.price_list)})

    def decide(self, data: dict) -> None:
        lists.use_anyway(self.price_list, reason=data["reason"], by=self.request.user)

    def done(self, data: dict) -> str:
        return _("The price list is used.")


class PriceListURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to the price list."""

    model = PriceList

    def construct_edit_url(self, instance):
        return reverse("wagtail_sms:price_list", args=[instance.pk]) if may(self.user, None, "change_prices") else None


def described(price_list: PriceList, *, in_use: set[int] | None = None) -> PriceList:
    """The list with `look`, as the pages show it; `in_use` are the `ids_in_use`, for those that show many."""
    others = {PriceListStatus.REFUSED: REFUSED, PriceListStatus.ASIDE: ASIDE}
    if price_list.status in others:
        price_list.look = others[price_list.status]
    else:
        in_use = ids_in_use() if in_use is None else in_use
        price_list.look = IN_USE if price_list.pk in in_use else USED_BEFORE
    return price_list


def ids_in_use() -> set[int]:
    """The list in use of each provider, in one query."""
    accepted = PriceList.objects.filter(status=PriceListStatus.ACCEPTED)
    newest = accepted.values("provider").annotate(newest=Max("pk")).order_by()
    return set(newest.values_list("newest", flat=True))


def file_and_api(price_list: PriceList) -> list[str]:
    """What there is to know while a file's prices are in force and its provider has an API, with the way to change."""
    in_use = list_in_use(price_list.provider)
    if not lists.is_from_a_file(in_use) or price_list.pk < in_use.pk:
        return []
    if price_list.status == PriceListStatus.ASIDE:
        sentence = _("The prices of %(file)s stay in force until you use these or others.")
        return [sentence % {"file": in_use.source}]
    aside = lists.kept_aside(in_use)
    if price_list != in_use or aside is None:
        return []
    sentence = _("These prices stay in force. Those of the API are kept aside until you use them: {link}.")
    address = reverse("wagtail_sms:price_list", args=[aside.pk])
    link = format_html('<a href="{}">{}</a>', address, date_format(aside.received_at, "DATETIME_FORMAT"))
    return [format_html(sentence, link=link)]


def title_of(price_list: PriceList) -> str:
    """ "default, prices.csv", or "default" for a list from its API."""
    if price_list.source == lists.API:
        return price_list.provider
    return f"{price_list.provider}, {price_list.source}"


def unit_of(card: RateCard) -> str:
    return f"{money_text(card.unit_price)} {card.currency}"


urlpatterns = [
    path("sms/prices/history/", CardsView.as_view(), name="price_history"),
    path("sms/prices/history/<int:pk>/", CardView.as_view(), name="rate_card"),
    path("sms/prices/lists/", ListsView.as_view(), name="price_lists"),
    path("sms/prices/lists/<int:pk>/", ListView.as_view(), name="price_list"),
]
