"""The list of subscribers: its columns, filters, orders and search."""

from django import forms
from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, MultipleChoiceFilter
from wagtail.admin.filters import WagtailFilterSet

from wagtail_sms.countries import country_name
from wagtail_sms.delivery.models import Notice
from wagtail_sms.pricing.cards import credits_by_country, current_card
from wagtail_sms.pricing.models import CountryRate
from wagtail_sms.states import NoticeStatus, SubscriberStatus
from wagtail_sms.subscribers.models import Subscriber


class SubscriberFilterSet(WagtailFilterSet):
    """By status, and by the countries the site has subscribers in."""

    status = ChoiceFilter(
        label=_("Status"), choices=SubscriberStatus.choices, empty_label=_("All"), widget=forms.RadioSelect
    )
    country = MultipleChoiceFilter(label=_("Country"), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Subscriber
        fields = []

    def __init__(self, data=None, queryset=None, **kwargs):
        super().__init__(data, queryset, **kwargs)
        self.filters["country"].extra["choices"] = named_countries(queryset)


def named_countries(people: QuerySet) -> list[tuple[str, str]]:
    """(code, name) of the countries these people are in, by name."""
    codes = people.order_by().values_list("country", flat=True).distinct()
    return sorted(((code, country_name(code)) for code in codes), key=lambda choice: choice[1])


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
