"""Settings > SMS credits, one wallet: its figures, and giving and taking with a reason."""

from uuid import uuid4

from django import forms
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_sms.admin.adjusting import adjust, adjustments_of
from wagtail_sms.admin.stock import in_words
from wagtail_sms.admin.wallets import OperatorMixin, WalletsView, described, wallet_address, with_figures
from wagtail_sms.credits.amounts import LONGEST_NOTE, MOST
from wagtail_sms.credits.models import Wallet
from wagtail_sms.exceptions import InsufficientCredits, WagtailSMSError


ADJUSTMENTS_SHOWN = 5


class AdjustForm(forms.Form):
    direction = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[("give", gettext_lazy("Give credits")), ("take", gettext_lazy("Take credits"))],
        initial="give",
        widget=forms.RadioSelect,
    )
    amount = forms.IntegerField(
        label=gettext_lazy("Credits"),
        min_value=1,
        max_value=MOST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": gettext_lazy("Enter a whole number from 1."),
            "min_value": gettext_lazy("Enter a whole number from 1."),
        },
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_NOTE,
        help_text=gettext_lazy("The site's editors see it beside the credits, and it stays in the site history."),
    )
    form_token = forms.UUIDField(widget=forms.HiddenInput)


class WalletView(OperatorMixin, WagtailAdminTemplateMixin, View):
    """One wallet's figures, and the form that gives and takes."""

    template_name = "wagtail_sms/admin/wallets/wallet.html"
    header_icon = "tag"

    def dispatch(self, request, *args, **kwargs):
        wallets = with_figures(Wallet.objects.select_related("site"), now=timezone.now())
        self.wallet = described(get_object_or_404(wallets, pk=kwargs["pk"]))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, pk):
        return self.show(AdjustForm(initial={"form_token": uuid4()}))

    def post(self, request, pk):
        form = AdjustForm(request.POST)
        if self.wallet.site is None:
            messages.error(request, _("The site of this wallet was deleted. Its credits can't change any more."))
            return redirect(wallet_address(self.wallet))
        if not form.is_valid():
            return self.show(form)
        data = form.cleaned_data
        credits = data["amount"] if data["direction"] == "give" else -data["amount"]
        try:
            told_by = {"reason": data["reason"], "token": data["form_token"], "by": request.user}
            done = adjust(self.wallet, credits=credits, **told_by)
        except InsufficientCredits as error:
            form.add_error("amount", too_few(error))
            return self.show(form)
        except WagtailSMSError as error:
            form.add_error("amount", str(error.message))
            return self.show(form)
        if done:
            messages.success(request, told(self.wallet.name, credits))
        else:
            messages.warning(request, _("This form was used before. Nothing was given or taken a second time."))
        return redirect(wallet_address(self.wallet))

    def show(self, form: AdjustForm):
        context = {
            "form": form,
            "wallet": self.wallet,
            "words": in_words(self.wallet, now=timezone.now()),
            "adjustments": adjustments_of(self.wallet, latest=ADJUSTMENTS_SHOWN),
        }
        return self.render_to_response(self.get_context_data(**context))

    def get_page_title(self):
        return self.wallet.name

    def get_breadcrumbs_items(self):
        return [
            {"url": reverse_lazy("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("wagtail_sms:wallets"), "label": WalletsView.page_title},
            {"url": "", "label": self.wallet.name},
        ]


def told(name: str, credits: int) -> str:
    """What was done, for the message on top of the page."""
    given = ngettext("%(number)s credit was given to %(site)s.", "%(number)s credits were given to %(site)s.", credits)
    taken = ngettext(
        "%(number)s credit was taken from %(site)s.", "%(number)s credits were taken from %(site)s.", -credits
    )
    return (given if credits > 0 else taken) % {"number": f"{abs(credits):,}", "site": name}


def too_few(error: InsufficientCredits) -> str:
    sentence = ngettext(
        "%(needed)s credits can't be taken: only %(available)s is left.",
        "%(needed)s credits can't be taken: only %(available)s are left.",
        error.available,
    )
    return sentence % {"needed": f"{error.needed:,}", "available": f"{error.available:,}"}


urlpatterns = [path("sms/wallets/<int:pk>/", WalletView.as_view(), name="wallet")]
