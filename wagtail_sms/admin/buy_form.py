"""The form of Credits > Buy credits: a pack, how many of it, and what leads back afterwards."""

from uuid import uuid4

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext_lazy, ngettext

from wagtail_sms.admin.packs import Choice, card_of, value_of
from wagtail_sms.admin.ways_back import way_back
from wagtail_sms.credits import purchases
from wagtail_sms.credits.purchases import largest_quantity


LARGEST_NEED = 10**12  # credits; what an address asks for beyond that is no need but a mistake


class BuyForm(forms.Form):
    """A pack and how many of it, with the hidden facts that make one purchase of it and lead back afterwards."""

    pack = forms.ChoiceField(
        label=gettext_lazy("Pack"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose a pack."),
            "invalid_choice": gettext_lazy("This pack is not offered any more. Choose again."),
        },
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("Number of packs"),
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter how many packs you want."),
            "invalid": gettext_lazy("Enter a whole number from 1."),
            "min_value": gettext_lazy("Enter a whole number from 1."),
        },
    )
    form_token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    needed = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_NEED, widget=forms.HiddenInput)
    return_to = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, packs: list[purchases.Pack], **kwargs):
        super().__init__(*args, **kwargs)
        self.packs = {value_of(pack): pack for pack in packs}
        self.fields["pack"].choices = [(value, intcomma(pack.credits)) for value, pack in self.packs.items()]

    def clean_return_to(self) -> str:
        return way_back(self.cleaned_data["return_to"])

    def clean(self) -> None:
        # Nobody sees these fields to mend them: one that makes no sense counts as one that was left out.
        for name in self.errors.keys() & {"form_token", "needed", "return_to"}:
            del self.errors[name]
        pack, quantity = self.packs.get(self.cleaned_data.get("pack")), self.cleaned_data.get("quantity")
        most = largest_quantity(pack) if pack else 0
        if pack and quantity and quantity > most:
            sentence = ngettext(
                "At most %(most)s pack of this size can be bought at once.",
                "At most %(most)s packs of this size can be bought at once.",
                most,
            )
            self.add_error("quantity", sentence % {"most": f"{most:,}"})

    def use_anew(self) -> None:
        """Another token: what the last one stood for is over, so pressing the button again orders anew."""
        self.data = self.data.copy()
        self.data["form_token"] = uuid4()

    @property
    def cards(self) -> list[dict]:
        """The packs with what their cards say, and which one is chosen."""
        chosen = self["pack"].value()
        return [{"value": value, "chosen": value == chosen, **card_of(pack)} for value, pack in self.packs.items()]

    @property
    def choice(self) -> Choice | None:
        """What the fields say now, valid as a whole or not; None while pack or quantity is missing or wrong."""
        if self.is_bound:
            self.is_valid()
        data = self.cleaned_data if self.is_bound else self.initial
        pack, quantity = self.packs.get(data.get("pack")), data.get("quantity")
        return Choice(pack, quantity) if pack and quantity else None
