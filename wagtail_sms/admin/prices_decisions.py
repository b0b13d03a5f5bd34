"""A decision about prices in two steps: fill in a form, look at what it changes, put it in force."""

from django import forms
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.prices_changes import Comparison, compared
from wagtail_sms.admin.prices_operator import OperatorPricesMixin
from wagtail_sms.exceptions import IllegalTransition, PriceListRefused, PriceRuleRefused
from wagtail_sms.pricing.cards import current_card
from wagtail_sms.pricing.compose import Draft
from wagtail_sms.pricing.rules import LONGEST_REASON


class ReasonForm(forms.Form):
    """Every decision says why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Kept in the history of the prices and in the site history. Editors don't see it."),
    )

    def fingerprint(self) -> str:
        """What is decided, without why: the second step must decide the same as the first one showed."""
        decided = [f"{name}={value}" for name, value in sorted(self.cleaned_data.items()) if name != "reason"]
        card = current_card()
        return salted_hmac("wagtail_sms.prices", "\n".join([str(card and card.pk), *decided])).hexdigest()


class DecisionView(OperatorPricesMixin, WagtailAdminTemplateMixin, View):
    """Shows the difference before it is made. If the card changed in between, or the form, it is shown again."""

    form_class = ReasonForm
    template_name = "wagtail_sms/admin/prices/decide.html"

    def get(self, request, **kwargs):
        return self.show(self.form_class(initial=self.get_initial()))

    def post(self, request, **kwargs):
        form = self.form_class(request.POST)
        # Without a reason nothing is done, but the difference can be looked at and stays in view.
        if form.errors.keys() - {"reason"}:
            return self.show(form)
        applying = "action-apply" in request.POST
        seen = applying and request.POST.get("seen") == form.fingerprint()
        if seen and form.is_valid():
            return self.apply(form)
        try:
            made = self.draft(form.cleaned_data)
        except (PriceRuleRefused, PriceListRefused) as error:
            return self.refuse(form, error)
        if applying and not seen:
            messages.warning(request, _("Something changed since you looked. Look at the difference again."))
        comparison = compared(current_card(), made) if made else None
        return self.show(form, comparison=comparison, seen=form.fingerprint())

    def apply(self, form: ReasonForm):
        try:
            self.decide(form.cleaned_data)
        except (PriceRuleRefused, PriceListRefused, IllegalTransition) as error:
            return self.refuse(form, error)
        messages.success(self.request, self.done(form.cleaned_data))
        return redirect(reverse("wagtail_sms:all_prices"))

    def refuse(self, form: ReasonForm, error: Exception):
        for sentence in getattr(error, "problems", [str(error)]):
            form.add_error(None, sentence)
        return self.show(form)

    def show(self, form: ReasonForm, *, comparison: Comparison | None = None, seen: str = ""):
        context = {"form": form, "comparison": comparison, "seen": seen, "card": current_card()}
        return self.render_to_response(self.get_context_data(**context))

    # The holes

    def get_initial(self) -> dict:
        return {}

    def draft(self, data: dict) -> Draft | None:
        """The card that the decision would make."""
        raise NotImplementedError

    def decide(self, data: dict) -> None:
        raise NotImplementedError

    def done(self, data: dict) -> str:
        """What was done, for the message on top of the next page."""
        raise NotImplementedError
