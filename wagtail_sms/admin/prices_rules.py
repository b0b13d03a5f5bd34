"""The operator's word on one country."""

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin.admin_url_finder import ModelAdminURLFinder

from wagtail_sms.admin.access import may
from wagtail_sms.admin.prices_decisions import DecisionView, ReasonForm
from wagtail_sms.admin.prices_rows import Row, matching, rows_of
from wagtail_sms.conf import app_settings
from wagtail_sms.countries import NAMES, country_name
from wagtail_sms.exceptions import PriceRuleRefused
from wagtail_sms.pricing import rules
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.compose import MOST_CREDITS, Rule
from wagtail_sms.pricing.making import list_in_use, rates_of
from wagtail_sms.pricing.models import CountryRule, Price
from wagtail_sms.pricing.reading import money_text
from wagtail_sms.pricing.territories import PARENTS


FOLLOW, SET, OFF = "follow", "set", "off"
WHOLE = gettext_lazy("Enter a whole number from 1.")


class CountryForm(ReasonForm):
    mode = forms.ChoiceField(
        label=gettext_lazy("What texts there cost"),
        choices=[
            (FOLLOW, gettext_lazy("What follows from the price")),
            (SET, gettext_lazy("These credits, whatever the price")),
            (OFF, gettext_lazy("No texts to this country")),
        ],
        widget=forms.RadioSelect,
    )
    credits = forms.IntegerField(
        label=gettext_lazy("Credits per segment"),
        required=False,
        min_value=1,
        max_value=MOST_CREDITS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=gettext_lazy("Only for “These credits, whatever the price”."),
        error_messages={"invalid": WHOLE, "min_value": WHOLE},
    )
    field_order = ["mode", "credits", "reason"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("mode") == SET and not cleaned.get("credits") and "credits" not in self.errors:
            self.add_error("credits", WHOLE)
        return cleaned


class CountryView(DecisionView):
    """One country: what it costs, why, and the three things an operator can make of it."""

    form_class = CountryForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.country = kwargs["country"]
        if self.country not in NAMES:
            raise Http404

    def get_page_title(self):
        return f"{country_name(self.country)} ({self.country})"

    @cached_property
    def rule(self) -> CountryRule | None:
        return rules.rule_for(self.country)

    def get_initial(self) -> dict:
        if self.rule is None:
            return {"mode": FOLLOW}
        return {"mode": OFF if self.rule.is_disabled else SET, "credits": self.rule.credits}

    def get_context_data(self, **kwargs):
        return super().get_context_data(row=self.row(), rule=self.rule, asked=asked_for(self.country), **kwargs)

    def row(self) -> Row:
        card = current_card()
        found = matching(rows_of(card, rates_of(card)), self.country)
        return next(row for row in found if row.country == self.country)

    def draft(self, data: dict):
        if data["mode"] == FOLLOW and self.rule is None:
            raise PriceRuleRefused(_("%(country)s follows the price already.") % self.names)
        decided = {FOLLOW: None, SET: Rule(data["credits"]), OFF: Rule(is_disabled=True)}
        return rules.draft_with(self.country, decided[data["mode"]])

    def decide(self, data: dict) -> None:
        why = {"reason": data["reason"], "by": self.request.user}
        if data["mode"] == FOLLOW:
            rules.clear(self.country, **why)
        elif data["mode"] == OFF:
            rules.disable(self.country, **why)
        else:
            rules.override(self.country, credits=data["credits"], **why)

    def done(self, data: dict) -> str:
        sentences = {
            FOLLOW: _("%(country)s follows the price again."),
            OFF: _("No texts go to %(country)s any more."),
            SET: ngettext(
                "A text to %(country)s costs %(credits)s credit per segment now.",
                "A text to %(country)s costs %(credits)s credits per segment now.",
                data["credits"] or 0,
            ),
        }
        return sentences[data["mode"]] % {**self.names, "credits": intcomma(data["credits"] or 0)}

    @property
    def names(self) -> dict:
        return {"country": country_name(self.country)}


def asked_for(country: str) -> list[dict]:
    """What each provider in use asks for the country and its networks; a follower's parent's when it has none."""
    in_use = [found for alias in app_settings.PROVIDERS if (found := list_in_use(alias))]
    rows = Price.objects.filter(price_list__in=in_use).select_related("price_list").order_by("price_list", "mccmnc")
    own = rows.filter(country=country)
    return [
        {
            "provider": row.price_list.provider,
            "mccmnc": row.mccmnc,
            "price": f"{money_text(row.amount)} {row.price_list.currency}",
        }
        for row in (own if own else rows.filter(country=PARENTS.get(country, "")))
    ]


class CountryRuleURLFinder(ModelAdminURLFinder):
    """Leads from Wagtail's site history to the country."""

    model = CountryRule

    def construct_edit_url(self, instance):
        if not may(self.user, None, "change_prices"):
            return None
        return reverse("wagtail_sms:price_rule", args=[instance.country])


urlpatterns = [
    path("sms/prices/countries/<slug:country>/", CountryView.as_view(), name="price_rule"),
]
