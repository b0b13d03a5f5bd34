"""The list of subscribers: its columns, filters, orders and search."""

from django import forms
from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, DateFromToRangeFilter, MultipleChoiceFilter, NumberFilter
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet

from wagtail_sms.admin.cells import SOURCES
from wagtail_sms.countries import country_name
from wagtail_sms.delivery.models import Notice
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.states import NoticeStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


DEAREST = 2**31 - 1  # credits; a higher figure is a slip


class SubscriberFilterSet(WagtailFilterSet):
    """By status, by the countries the site has subscribers in, by cost, by the day of the sign-up and how it came."""

    status = ChoiceFilter(
        label=_("Status"), choices=SubscriberStatus.choices, empty_label=_("All"), widget=forms.RadioSelect
    )
    country = MultipleChoiceFilter(label=_("Country"), widget=forms.CheckboxSelectMultiple)
    dearer_than = NumberFilter(
        label=_("Costs more than this many credits per segment"), method="dearer", min_value=0, max_value=DEAREST
    )
    signed_up = DateFromToRangeFilter(label=_("Signed up"), field_name="created_at", widget=DateRangePickerWidget)
    source = MultipleChoiceFilter(label=_("Signed up through"), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Subscriber
        fields = []

    def __init__(self, data=None, queryset=None, **kwargs):
        super().__init__(data, queryset, **kwargs)
        self.filters["country"].extra["choices"] = named_countries(queryset)
        self.filters["source"].extra["choices"] = named_sources(queryset)

    def dearer(self, people: QuerySet, name: str, credits) -> QuerySet:
        """Those in countries above this price by the current rate card; who has no price costs nothing."""
        rates = credits_by_country(current_card())
        return people.filter(country__in=[country for country, each in rates.items() if each > credits])


def named_countries(people: QuerySet) -> list[tuple[str, str]]:
    """(code, name) of the countries these people are in, by name."""
    codes = people.order_by().values_list("country", flat=True).distinct()
    return sorted(((code, country_name(code)) for code in codes), key=lambda choice: choice[1])


def named_sources(people: QuerySet) -> list[tuple[str, str]]:
    """(source, name) of the ways these people signed up, by name."""
    sources = people.order_by().values_list("source", flat=True).distinct()
    return sorted(((source, str(SOURCES.get(source, source))) for source in sources), key=lambda choice: choice[1])


def in_order(people: QuerySet, ordering: str) -> QuerySet:
    """Sort by a column's key; countries by name, credits by the current rate card; the newest first among equals."""
    key = ordering.removeprefix("-")
    if key == "credits_each":
        rates = CountryRate.objects.filter(card__is_current=True, country=OuterRef("country"))
        people = people.annotate(credits_each=Subquery(rates.values("credits")[:1]))
    elif key == "country_name":
        ranks = [When(country=code, then=Value(rank)) for rank, (code, _name) in enumerate(named_countries(people))]
        people = people.annotate(country_name=Case(*ranks, default=Value(0), output_field=IntegerField()))
    return people.order_by(ordering, "-pk")


def with_figures(people) -> list[Subscriber]:
    """Add what a message to each costs and whether a welcome text waits for credits, in three queries for all."""
    people = list(people)
    rates = credits_by_country(current_card())
    waiting = Notice.objects.filter(subscriber__in=[person.pk for person in people], status=NoticeStatus.WAITING)
    waiting_for = set(waiting.values_list("subscriber_id", flat=True))
    for person in people:
        person.credits_each = rates.get(person.country)
        person.text_waits = person.pk in waiting_for
    return people
