"""The operator's word on the price of one credit."""

from decimal import Decimal

from django import forms
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_sms.admin.prices_decisions import DecisionView, ReasonForm
from wagtail_sms.exceptions import PriceRuleRefused
from wagtail_sms.pricing import rules
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.models import UnitPin
from wagtail_sms.pricing.reading import usable


class UnitForm(ReasonForm):
    pinned = forms.ChoiceField(
        label=gettext_lazy("One credit is worth"),
        choices=[
            ("", gettext_lazy("What the cheapest country costs")),
            ("pin", gettext_lazy("Always the same")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    price = forms.DecimalField(
        label=gettext_lazy("Price of one credit"),
        required=False,
        localize=True,
        max_digits=12,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("Only for “Always the same”, in the currency of the rate card."),
    )
    field_order = ["pinned", "price", "reason"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("pinned") and "price" not in self.errors and not usable(cleaned.get("price") or Decimal(0)):
            self.add_error("price", _("Enter a price above 0."))
        return cleaned


class UnitView(DecisionView):
    """What one credit is worth: the cheapest enabled country's price, or a price of the operator's."""

    form_class = UnitForm
    page_title = gettext_lazy("Price of one credit")

    @cached_property
    def pin(self) -> UnitPin | None:
        return UnitPin.objects.order_by("-pk").first()

    def get_initial(self) -> dict:
        is_pinned = bool(self.pin and self.pin.price)
        return {"pinned": "pin" if is_pinned else "", "price": self.pin.price.normalize() if is_pinned else None}

    def get_context_data(self, **kwargs):
        return super().get_context_data(is_unit=True, pin=self.pin if self.pin and self.pin.price else None, **kwargs)

    def draft(self, data: dict):
        card = current_card()
        if card is None:
            raise PriceRuleRefused(_("There is no rate card yet: import a price list first."))
        if not data["pinned"] and not (self.pin and self.pin.price):
            raise PriceRuleRefused(_("One credit is worth what the cheapest country costs already."))
        return rules.draft_at(data["price"] if data["pinned"] else None, card.currency)

    def decide(self, data: dict) -> None:
        if data["pinned"]:
            rules.pin_unit(data["price"], reason=data["reason"], by=self.request.user)
        else:
            rules.unpin(reason=data["reason"], by=self.request.user)

    def done(self, data: dict) -> str:
        if data["pinned"]:
            return _("The price of one credit is pinned.")
        return _("One credit is worth what the cheapest country costs again.")


urlpatterns = [
    path("sms/prices/unit/", UnitView.as_view(), name="price_unit"),
]
